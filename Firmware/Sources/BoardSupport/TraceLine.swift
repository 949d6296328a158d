/// One line of the trace, written as a string literal with numbers in it.
///
/// Its parts go into the trace as they are met, without a copy in between: no heap, no `String`.
/// Only ``Trace/line(_:)`` takes one, and ends it.
public struct TraceLine: ExpressibleByStringInterpolation {
  /// A line without numbers.
  public init(stringLiteral value: StaticString) { Trace.write(value) }

  /// A line from its parts, which are written already.
  public init(stringInterpolation: StringInterpolation) {}

  /// Writes the parts of a line.
  public struct StringInterpolation: StringInterpolationProtocol {
    /// Starts a line; the estimates are of no use here.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Writes text.
    public mutating func appendLiteral(_ literal: StaticString) { Trace.write(literal) }

    /// Writes text that is known when the firmware is built.
    public mutating func appendInterpolation(_ text: StaticString) { Trace.write(text) }

    /// Writes `value` in decimal.
    public mutating func appendInterpolation(_ value: UInt32) { Trace.write(value, radix: 10) }

    /// Writes `value` in hexadecimal with its prefix.
    public mutating func appendInterpolation(hex value: UInt32) {
      Trace.write("0x")
      Trace.write(value, radix: 16)
    }
  }
}
