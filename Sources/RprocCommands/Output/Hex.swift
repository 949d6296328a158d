/// Numbers and bytes in hexadecimal.
package enum Hex {
  /// `value` with `0x` in front and at least `width` digits.
  package static func address(_ value: UInt64, width: Int = 1) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Two digits for each byte, without separators.
  package static func digits(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
