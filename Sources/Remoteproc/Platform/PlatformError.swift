public import WireTypes

/// Why a platform operation failed.
public enum PlatformError: Error, Equatable, Sendable {
  /// The part of the life cycle that failed.
  public enum Operation: Equatable, Sendable {
    /// Putting the processor behind its IOMMU.
    case attachIOMMU
    /// Mapping memory for the processor.
    case map
    /// Making the hardware ready for firmware.
    case prepare
    /// Getting memory.
    case allocate
    /// Letting the core run.
    case start
    /// Putting the core back into reset.
    case stop
    /// Taking over a core that runs.
    case attach
    /// Leaving a core that runs.
    case detach
    /// Stopping the clock.
    case suspend
    /// Letting the clock run again.
    case resume
    /// Starting again after a crash.
    case recover
  }

  /// This hardware cannot do that.
  case notSupported(Operation)
  /// The hardware did not answer in time.
  case timedOut(Operation, after: Duration)
  /// The remote ended before that was done, with this code; a negative one is the signal that
  /// ended it.
  case ended(Operation, code: Int32)
  /// The operating system or a driver refused with this `errno` (a positive number).
  case system(Operation, errno: Int32)
  /// No free memory is large enough; `available` is the largest piece that could be had.
  case outOfMemory(needed: UInt64, available: UInt64)
  /// The memory at a fixed address is taken, reserved, or does not exist.
  case addressNotAvailable(DeviceAddress, byteCount: UInt64)
  /// The request asks for no byte at all or for an alignment that is no power of two.
  case invalidRequest(byteCount: UInt64, alignment: UInt64)
  /// No memory lies at this address of the physical bus, so that it cannot be mapped.
  case nothingThere(PhysicalAddress, byteCount: UInt64)
  /// The platform says that it has an IOMMU and cannot work it.
  case noIOMMU
}

extension PlatformError: CustomStringConvertible {
  /// One line for a person: what failed, where, and by how much.
  public var description: String {
    switch self {
    case .notSupported(let operation): "\(operation) is not possible on this platform"
    case .timedOut(let operation, let duration): "\(operation) not done after \(duration)"
    case .ended(let operation, let code):
      code < 0
        ? "\(operation): the remote was ended by signal \(-Int64(code))"
        : "\(operation): the remote ended with code \(code)"
    case .system(let operation, let errno): "\(operation) refused with errno \(errno)"
    case .outOfMemory(let needed, let available):
      "no memory: 0x\(String(needed, radix: 16)) bytes needed, "
        + "0x\(String(available, radix: 16)) available"
    case .addressNotAvailable(let address, let byteCount):
      "0x\(String(byteCount, radix: 16)) bytes at da \(address) are not available"
    case .invalidRequest(let byteCount, let alignment):
      "memory of \(byteCount) bytes aligned to \(alignment) cannot be asked for"
    case .nothingThere(let pa, let byteCount):
      "0x\(String(byteCount, radix: 16)) bytes at pa \(pa) are no memory"
    case .noIOMMU: "the IOMMU is missing"
    }
  }
}
