/// Numbers of board files: `0x` hexadecimal or decimal, sizes with KiB, MiB or GiB, frequencies
/// with kHz, MHz or GHz.
enum BoardNumber {
  private static let sizeUnits: [(String, UInt64)] = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
  ]
  private static let frequencyUnits: [(String, UInt64)] = [
    ("kHz", 1_000), ("MHz", 1_000_000), ("GHz", 1_000_000_000), ("Hz", 1),
  ]

  /// The value of `text`, or `nil` when it is not a number of that shape or exceeds 64 bits.
  static func parse(_ text: String, as shape: BoardError.Shape) -> UInt64? {
    let units: [(String, UInt64)] =
      switch shape {
      case .size: sizeUnits
      case .frequency: frequencyUnits
      default: []
      }
    for (suffix, factor) in units where text.hasSuffix(suffix) {
      guard let digits = digits(text.dropLast(suffix.count), radix: 10) else { return nil }
      let (value, overflow) = digits.multipliedReportingOverflow(by: factor)
      return overflow ? nil : value
    }
    if text.hasPrefix("0x") { return digits(text.dropFirst(2), radix: 16) }
    return digits(text[...], radix: 10)
  }

  /// The size in the largest unit that divides it.
  static func size(_ byteCount: UInt64) -> String {
    for (suffix, factor) in sizeUnits.reversed()
    where byteCount != 0 && byteCount % factor == 0 {
      return "\(byteCount / factor)\(suffix)"
    }
    return String(byteCount)
  }

  /// `value` in hexadecimal, of at least eight digits.
  static func address(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  // `UInt64(_:radix:)` alone would also take a sign.
  private static func digits(_ text: Substring, radix: Int) -> UInt64? {
    guard let first = text.first, first != "+", first != "-" else { return nil }
    return UInt64(text, radix: radix)
  }
}
