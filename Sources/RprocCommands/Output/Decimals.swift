/// Numbers for people: fixed decimals, sizes and times with a unit that fits.
package enum Decimals {
  /// `value` with exactly `places` decimals, 0 to 9.
  ///
  /// - Precondition: `value` is finite and its magnitude below 10^9.
  package static func fixed(_ value: Double, places: Int) -> String {
    var scale: Int64 = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = (abs(value) * Double(scale)).rounded()
    guard scaled < 9e18 else { return String(value) }
    let number = Int64(scaled)
    let sign = value < 0 && number > 0 ? "-" : ""
    guard places > 0 else { return sign + String(number) }
    let fraction = String(number % scale)
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(sign)\(number / scale).\(zeros)\(fraction)"
  }

  /// A size in bytes with a binary unit: exact when it is a whole number of units.
  package static func size(_ byteCount: UInt64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    guard byteCount >= 1024 else { return "\(byteCount) B" }
    var divisor: UInt64 = 1024
    var index = 0
    while index < units.count - 1, byteCount / divisor >= 1024 {
      divisor *= 1024
      index += 1
    }
    if byteCount % divisor == 0 { return "\(byteCount / divisor) \(units[index])" }
    return "\(fixed(Double(byteCount) / Double(divisor), places: 1)) \(units[index])"
  }

  /// A time given in nanoseconds, with two or three digits that count.
  package static func time(nanoseconds: UInt64) -> String {
    let value = Double(nanoseconds)
    switch nanoseconds {
    case 0..<1000: return "\(nanoseconds) ns"
    case ..<10_000: return "\(fixed(value / 1e3, places: 1)) us"
    case ..<1_000_000: return "\(fixed(value / 1e3, places: 0)) us"
    case ..<1_000_000_000: return "\(fixed(value / 1e6, places: 1)) ms"
    default: return "\(fixed(value / 1e9, places: 2)) s"
    }
  }

  /// A count in thousands or millions where it is large.
  package static func count(_ value: UInt64) -> String {
    switch value {
    case ..<10_000: String(value)
    case ..<1_000_000: "\(fixed(Double(value) / 1e3, places: 1)) k"
    case ..<1_000_000_000: "\(fixed(Double(value) / 1e6, places: 1)) M"
    default: "\(fixed(Double(value) / 1e9, places: 2)) G"
    }
  }
}
