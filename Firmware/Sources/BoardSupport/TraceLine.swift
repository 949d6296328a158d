/// One line of the trace, written as a string literal with numbers in it.
///
/// Needs no heap and no `String`. What is longer than ``capacity`` bytes is cut.
public struct TraceLine: ExpressibleByStringInterpolation {
  /// The longest line, in bytes without its newline.
  public static let capacity = 100

  var bytes: InlineArray<100, UInt8>
  var byteCount: Int

  /// A line without numbers.
  public init(stringLiteral value: StaticString) {
    var interpolation = StringInterpolation(literalCapacity: 0, interpolationCount: 0)
    interpolation.appendLiteral(value)
    self.init(stringInterpolation: interpolation)
  }

  /// A line from its parts.
  public init(stringInterpolation: StringInterpolation) {
    bytes = stringInterpolation.bytes
    byteCount = stringInterpolation.byteCount
  }

  /// Collects the parts of a line.
  public struct StringInterpolation: StringInterpolationProtocol {
    var bytes = InlineArray<100, UInt8>(repeating: 0)
    var byteCount = 0

    /// An empty line; the estimates are of no use here.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    mutating func append(_ byte: UInt8) {
      guard byteCount < capacity else { return }
      bytes[byteCount] = byte
      byteCount += 1
    }

    /// Appends text.
    public mutating func appendLiteral(_ literal: StaticString) {
      for index in 0..<literal.utf8CodeUnitCount {
        // SAFETY: `index` is below the number of code units.
        append(unsafe literal.utf8Start[index])
      }
    }

    /// Appends text that is known when the firmware is built.
    public mutating func appendInterpolation(_ text: StaticString) { appendLiteral(text) }

    /// Appends `value` in decimal.
    public mutating func appendInterpolation(_ value: UInt32) {
      append(value, radix: 10)
    }

    /// Appends `value` in hexadecimal with its prefix.
    public mutating func appendInterpolation(hex value: UInt32) {
      appendLiteral("0x")
      append(value, radix: 16)
    }

    private mutating func append(_ value: UInt32, radix: UInt32) {
      var divisor: UInt32 = 1
      while value / divisor >= radix { divisor *= radix }
      while divisor > 0 {
        let digit = UInt8(truncatingIfNeeded: value / divisor % radix)
        append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        divisor /= radix
      }
    }
  }
}
