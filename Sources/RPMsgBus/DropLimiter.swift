import Scheduling

/// Lets at most ten reports through in a second, and counts the others.
struct DropLimiter {
  private static var limit: Int { 10 }
  private var windowEnd = MonotonicTime(nanoseconds: 0)
  private var reported = 0
  private var unreported: UInt64 = 0

  /// How many were kept back since the last report, if this one may be reported.
  mutating func admit(now: MonotonicTime = .now) -> UInt64? {
    if windowEnd <= now {
      windowEnd = now.advanced(by: .seconds(1))
      reported = 0
    }
    guard reported < Self.limit else {
      unreported &+= 1
      return nil
    }
    reported += 1
    defer { unreported = 0 }
    return unreported
  }
}
