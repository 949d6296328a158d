import CLinux

/// A moment of the clock that never jumps: every deadline of the package is one of these.
@frozen
public struct MonotonicTime: Comparable, Sendable {
  /// Nanoseconds since an arbitrary start, the same for all processes of one boot.
  public let nanoseconds: UInt64

  /// Makes the moment `nanoseconds` after the start of the clock.
  @inlinable
  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// This moment.
  public static var now: MonotonicTime {
    MonotonicTime(nanoseconds: rproc_monotonic_nanoseconds())
  }

  /// The moment `duration` later; a negative duration counts as none, and the end of time is kept.
  public func advanced(by duration: Duration) -> MonotonicTime {
    let parts = duration.components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return self }
    let (scaled, overflow) = UInt64(parts.seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let fraction = UInt64(parts.attoseconds / 1_000_000_000)
    let (sum, carry) = nanoseconds.addingReportingOverflow(overflow ? .max : scaled)
    let (total, carry2) = sum.addingReportingOverflow(fraction)
    return MonotonicTime(nanoseconds: carry || carry2 ? .max : total)
  }

  /// Time from `earlier` to this moment; zero when `earlier` is later.
  public func since(_ earlier: MonotonicTime) -> Duration {
    earlier < self ? .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds)) : .zero
  }

  /// Whether `lhs` comes before `rhs`.
  @inlinable
  public static func < (lhs: MonotonicTime, rhs: MonotonicTime) -> Bool {
    lhs.nanoseconds < rhs.nanoseconds
  }
}
