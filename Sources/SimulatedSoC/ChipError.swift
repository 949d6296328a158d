public import RISCVCore
public import SharedMemory
public import WireTypes

/// Why a simulated chip could not be made or started.
public enum ChipError: Error, Equatable, Sendable {
  /// The core refused its memory.
  case core(RISCVCoreError)
  /// The system gave no memory for the region `name`.
  case memory(name: String, SharedMemoryError)
  /// Base or size of a part is no multiple of 4 KiB, or the size is 0.
  case misaligned(da: DeviceAddress, byteCount: UInt64)
  /// A part ends beyond the 32-bit address space.
  case outsideAddressSpace(da: DeviceAddress, byteCount: UInt64)
  /// Two parts share an address; they are named by their bases.
  case overlap(DeviceAddress, DeviceAddress)
  /// There are two devices of a kind.
  case duplicateDevice(da: DeviceAddress)
  /// The clock has no cycles.
  case noClock
  /// The address to start at is odd or beyond 32 bits.
  case badStartAddress(DeviceAddress)
  /// The core runs already.
  case alreadyRunning
  /// The core is in reset or has ended.
  case notRunning
}

extension ChipError: CustomStringConvertible {
  /// One line for a person: which part is wrong and why.
  public var description: String {
    switch self {
    case .core(let error): error.description
    case .memory(let name, let error): "memory \(name): \(error)"
    case .misaligned(let da, let byteCount):
      "part at \(da) of \(byteCount) bytes is not made of pages of 4096 bytes"
    case .outsideAddressSpace(let da, let byteCount):
      "part at \(da) of \(byteCount) bytes ends beyond the 32-bit address space"
    case .overlap(let first, let second): "parts at \(first) and \(second) overlap"
    case .duplicateDevice(let da): "the device at \(da) is the second of its kind"
    case .noClock: "a clock of 0 Hz"
    case .badStartAddress(let da): "no instruction can start at \(da)"
    case .alreadyRunning: "the core already runs"
    case .notRunning: "the core does not run"
    }
  }
}
