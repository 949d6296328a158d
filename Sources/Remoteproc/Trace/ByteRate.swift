public import Scheduling

/// How many bytes may pass: a steady rate, and a burst after a pause.
public struct ByteRate: Equatable, Sendable {
  /// Bytes in a second, in the long run.
  public let bytesPerSecond: UInt64
  /// Bytes at once after a pause.
  public let burst: UInt64
  /// The moment at which the whole burst is there again, in nanoseconds.
  private var fullAt: UInt64 = 0

  /// Makes a limit that has not been used.
  ///
  /// - Precondition: `bytesPerSecond` is 1 to 2^40, `burst` not 0.
  public init(bytesPerSecond: UInt64, burst: UInt64) {
    precondition((1...1 << 40).contains(bytesPerSecond) && burst > 0, "a rate lets something pass")
    self.bytesPerSecond = bytesPerSecond
    self.burst = min(burst, bytesPerSecond * 60)
  }

  /// Text of a trace: 4 MiB in a second, and at once as much as the largest buffer holds twice.
  ///
  /// No person reads, and no line of a console carries, as much.
  public static let trace = ByteRate(bytesPerSecond: 4 << 20, burst: 2 << 20)

  /// Takes at most `count` bytes at `now`; returns how many pass.
  public mutating func take(_ count: Int, at now: MonotonicTime) -> Int {
    let span = nanoseconds(for: burst)
    // Time that was not used beyond a burst is lost.
    let start = max(fullAt, now.nanoseconds)
    let used = start - now.nanoseconds
    guard used < span else { return 0 }
    let left = UInt64(
      clamping: UInt128(span - used) * UInt128(bytesPerSecond) / 1_000_000_000)
    let taken = min(UInt64(max(0, count)), left)
    fullAt = start &+ nanoseconds(for: taken)
    return Int(taken)
  }

  private func nanoseconds(for byteCount: UInt64) -> UInt64 {
    UInt64(
      clamping: (UInt128(byteCount) * 1_000_000_000 + UInt128(bytesPerSecond) - 1)
        / UInt128(bytesPerSecond))
  }
}
