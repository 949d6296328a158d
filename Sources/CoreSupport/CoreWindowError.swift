public import WireTypes

/// Why a core could not be given its memory.
public enum CoreWindowError: Error, Equatable, Sendable {
  /// There is no memory at all.
  case noMemory
  /// Base or size of a window is no multiple of four, or its host memory is not so aligned.
  case misalignedWindow(base: DeviceAddress, byteCount: Int)
  /// A window is empty, has 4 GiB or more, or ends beyond the 32-bit address space.
  case windowOutsideAddressSpace(base: DeviceAddress, byteCount: Int)
  /// Two windows share an address; the windows are named by their bases.
  case overlappingWindows(DeviceAddress, DeviceAddress)
}

extension CoreWindowError: CustomStringConvertible {
  /// One line for a person: which window is wrong and why.
  public var description: String {
    switch self {
    case .noMemory: "a core needs at least one memory window"
    case .misalignedWindow(let base, let byteCount):
      "memory window at \(base) of \(byteCount) bytes is not aligned to 4 bytes"
    case .windowOutsideAddressSpace(let base, let byteCount):
      "memory window at \(base) of \(byteCount) bytes lies outside the 32-bit address space"
    case .overlappingWindows(let first, let second):
      "memory windows at \(first) and \(second) overlap"
    }
  }
}
