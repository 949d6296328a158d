import Coredump
import Glibc
import SharedMemory

extension RemoteprocError {
  /// The `errno` that Linux would give, or the nearest one; a positive number.
  public var errno: Int32 {
    switch self {
    case .platform(let error): Self.errno(of: error)
    case .hostMemory(.system(_, let errno)): errno
    case .hostMemory: ENOMEM
    case .vendorEntryRefused(_, let errno): errno
    case .duplicateCarveout, .carveoutTooSmall, .carveoutMismatch, .addressNotMet,
      .addressNotExpressible, .carveoutBudget:
      ENOMEM
    case .iommu(.alreadyMapped), .iommu(.noAddress): ENOMEM
    case .noIOMMU: ENODEV
    case .tooManyUsers: EBUSY
    case .firmware(_, let errno): errno
    case .illegalTransition(_, from: .deleted): ENODEV
    case .illegalTransition(.changeFirmware, _): EBUSY
    case .notAcknowledged(_, .timedOut): ETIMEDOUT
    case .notAcknowledged(_, .refused): EBUSY
    case .notAcknowledged(_, .notListening): EOPNOTSUPP
    case .notAcknowledged(_, _): EIO
    case .subdevice(_, let error): error.errno
    case .coredump(let error): error.errno
    default: EINVAL
    }
  }

  private static func errno(of error: PlatformError) -> Int32 {
    switch error {
    case .notSupported: EOPNOTSUPP
    case .timedOut: ETIMEDOUT
    case .ended: ECHILD
    case .system(_, let errno): errno
    case .outOfMemory, .addressNotAvailable, .invalidRequest: ENOMEM
    case .noIOMMU: ENODEV
    case .nothingThere: EINVAL
    }
  }

  /// The name of ``errno``, such as `EINVAL`.
  public var errnoName: String { ErrnoName.of(errno) }
}
