/// How often times of each length occurred, with an error of at most 1/32.
///
/// Its memory is taken when it is made, so recording takes none. Times from about 18 minutes up
/// count as that long.
public struct LatencyHistogram: Equatable, Sendable {
  private static let precisionBits = 5
  private static let octaveCount = 40
  private static let bucketCount = (octaveCount - precisionBits + 1) << precisionBits

  private var buckets: [UInt64]
  /// Times recorded.
  public private(set) var count: UInt64 = 0
  private var shortest = UInt64.max
  private var longest: UInt64 = 0
  private var sum: UInt64 = 0

  /// Makes an empty histogram.
  public init() { buckets = Array(repeating: 0, count: Self.bucketCount) }

  /// The shortest time, exactly; zero when there is none.
  public var minimum: Duration { count == 0 ? .zero : .nanoseconds(Int64(clamping: shortest)) }

  /// The longest time, exactly; zero when there is none.
  public var maximum: Duration { .nanoseconds(Int64(clamping: longest)) }

  /// The mean, exactly; zero when there is none.
  public var mean: Duration { count == 0 ? .zero : .nanoseconds(Int64(clamping: sum / count)) }

  /// Adds one time of `nanoseconds`.
  public mutating func record(nanoseconds: UInt64) {
    buckets[Self.bucket(of: nanoseconds)] &+= 1
    count &+= 1
    shortest = min(shortest, nanoseconds)
    longest = max(longest, nanoseconds)
    let (total, overflow) = sum.addingReportingOverflow(nanoseconds)
    sum = overflow ? .max : total
  }

  /// The time that `fraction` of all times do not exceed; zero when there is none.
  ///
  /// - Precondition: `0 <= fraction <= 1`.
  public func percentile(_ fraction: Double) -> Duration {
    precondition((0...1).contains(fraction), "a fraction is from 0 to 1")
    guard count > 0 else { return .zero }
    let wanted = max(1, UInt64((fraction * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for index in buckets.indices {
      seen += buckets[index]
      guard seen >= wanted else { continue }
      let upper = min(max(Self.highestTime(in: index), shortest), longest)
      return .nanoseconds(Int64(clamping: upper))
    }
    return maximum
  }

  private static func bucket(of nanoseconds: UInt64) -> Int {
    let bits = UInt64.bitWidth - nanoseconds.leadingZeroBitCount
    guard bits > precisionBits else { return Int(nanoseconds) }
    guard bits <= octaveCount else { return bucketCount - 1 }
    let shift = bits - precisionBits - 1
    let mantissa = Int(nanoseconds >> UInt64(shift)) - (1 << precisionBits)
    return (shift + 1) << precisionBits + mantissa
  }

  private static func highestTime(in bucket: Int) -> UInt64 {
    let octave = bucket >> precisionBits
    guard octave > 0 else { return UInt64(bucket) }
    let mantissa = UInt64(bucket & (1 << precisionBits - 1)) + 1 << UInt64(precisionBits)
    return (mantissa + 1) << UInt64(octave - 1) - 1
  }
}
