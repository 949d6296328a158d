import Glibc

extension CoredumpError {
  /// The nearest `errno`; a positive number.
  public var errno: Int32 {
    switch self {
    case .system(_, let errno, _): errno
    case .timedOut: ETIMEDOUT
    case .quotaExceeded: EDQUOT
    case .tooLarge: EFBIG
    default: EINVAL
    }
  }
}
