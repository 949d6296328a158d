/// Text of the other side made fit for a terminal: nothing in it can move the cursor, change
/// colours, or make a line look like another one.
package enum SafeText {
  /// Most characters of one line of output that come from the other side.
  package static let maxLineCount = 1024

  /// `text` with every character escaped that is not plainly visible, cut to `limit` characters.
  package static func escaped(_ text: some StringProtocol, limit: Int = maxLineCount) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else { return result + "..." }
      count += 1
      append(scalar, to: &result)
    }
    return result
  }

  /// `bytes` as text: bytes that are not UTF-8 become U+FFFD, then as ``escaped(_:limit:)``.
  package static func escaped(bytes: some Sequence<UInt8>, limit: Int = maxLineCount) -> String {
    // Four bytes make at most one character that is shown.
    let head = Array(bytes.prefix(limit * 4 + 4))
    return escaped(String(decoding: head, as: UTF8.self), limit: limit)
  }

  private static func append(_ scalar: Unicode.Scalar, to result: inout String) {
    switch scalar {
    case "\\": result += "\\\\"
    case "\t": result += "\\t"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    default:
      guard isVisible(scalar) else {
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
        return
      }
      result.unicodeScalars.append(scalar)
    }
  }

  // Controls move the cursor, format characters reorder or hide text, separators break lines.
  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7f { return scalar.value >= 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      return false
    default: return true
    }
  }
}
