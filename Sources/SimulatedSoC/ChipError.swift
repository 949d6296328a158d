public import CoreSupport
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
  /// Memory on the bus is not made of pages, or goes past the end of the address space.
  case badBusAddress(PhysicalAddress, byteCount: UInt64)
  /// Two pieces of memory share an address of the bus; they are named by their bases.
  case overlapOnBus(PhysicalAddress, PhysicalAddress)
  /// The core would never see the memory `name`: it has no device address, and there is no IOMMU.
  case unreachable(name: String)
  /// There is no IOMMU that could show anything.
  case noIOMMU
  /// No single memory lies at this address of the bus, so that the IOMMU cannot show it.
  case nothingThere(PhysicalAddress, byteCount: UInt64)
  /// The IOMMU does not answer for these addresses.
  case notTranslated(da: DeviceAddress, byteCount: UInt64)
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
    case .badBusAddress(let pa, let byteCount):
      "memory of \(byteCount) bytes at pa \(pa) is not made of pages of 4096 bytes on the bus"
    case .overlapOnBus(let first, let second): "memories at pa \(first) and \(second) overlap"
    case .unreachable(let name): "memory \(name) has no device address and there is no IOMMU"
    case .noIOMMU: "the chip has no IOMMU"
    case .nothingThere(let pa, let byteCount):
      "0x\(String(byteCount, radix: 16)) bytes at pa \(pa) are no memory"
    case .notTranslated(let da, let byteCount):
      "the IOMMU does not answer for 0x\(String(byteCount, radix: 16)) bytes at da \(da)"
    case .duplicateDevice(let da): "the device at \(da) is the second of its kind"
    case .noClock: "a clock of 0 Hz"
    case .badStartAddress(let da): "no instruction can start at \(da)"
    case .alreadyRunning: "the core already runs"
    case .notRunning: "the core does not run"
    }
  }
}
