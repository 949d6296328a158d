/// A JSON value whose objects keep the order of their keys.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  /// A number with a fixed count of decimals; not a number and infinities become null.
  case decimal(Double, places: Int)
  case string(String)
  case array([JSONValue])
  case object([Field])

  /// One key of an object with its value.
  package struct Field: Equatable, Sendable {
    /// The key; unique in its object.
    package var key: String
    /// What the key holds.
    package var value: JSONValue

    /// Makes the field `key`.
    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// An address as a string in hexadecimal, as 64 bits do not survive in a JSON number.
  package static func address(_ value: UInt64) -> JSONValue { .string(Hex.address(value)) }

  /// A count that is not negative.
  package static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

  /// The value on one line, in ASCII alone.
  package var text: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to result: inout String) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .integer(let value): result += String(value)
    case .unsigned(let value): result += String(value)
    case .decimal(let value, let places):
      result += value.isFinite ? Decimals.fixed(value, places: places) : "null"
    case .string(let value): Self.quote(value, to: &result)
    case .array(let values):
      result += "["
      for (index, value) in values.enumerated() {
        if index > 0 { result += "," }
        value.write(to: &result)
      }
      result += "]"
    case .object(let fields):
      result += "{"
      for (index, field) in fields.enumerated() {
        if index > 0 { result += "," }
        Self.quote(field.key, to: &result)
        result += ":"
        field.value.write(to: &result)
      }
      result += "}"
    }
  }

  // Everything but visible ASCII is escaped: a line of output never holds a terminal's control.
  private static func quote(_ text: String, to result: inout String) {
    result += "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: result += "\\\""
      case 0x5c: result += "\\\\"
      case 0x0a: result += "\\n"
      case 0x0d: result += "\\r"
      case 0x09: result += "\\t"
      case 0x20..<0x7f: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    result += "\""
  }
}
