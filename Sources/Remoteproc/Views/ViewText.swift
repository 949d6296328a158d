/// Text of a view, which never grows beyond a bound.
struct ViewText {
  /// Bytes of one text at most; the rest is left out after a line of three dots.
  static let maximumByteCount = 1 << 20
  /// A pointer of the host, which views do not tell.
  static let noPointer = "0000000000000000"

  private(set) var bytes: [UInt8] = []
  /// Whether the bound was reached.
  private(set) var isFull = false

  /// Adds a line of text and of bytes as they are.
  mutating func line(_ text: String = "", _ rest: [UInt8] = []) {
    guard !isFull else { return }
    guard bytes.count + text.utf8.count + rest.count < Self.maximumByteCount else {
      isFull = true
      bytes += "...\n".utf8
      return
    }
    bytes += text.utf8
    bytes += rest
    bytes.append(0x0a)
  }

  /// `value` in hexadecimal, without a prefix.
  static func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }

  /// `value` in 16 hexadecimal digits.
  static func padded(_ value: UInt64) -> String {
    let digits = hex(value)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// `value` as C prints it by `%d`.
  static func signed(_ value: UInt32) -> String { String(Int32(bitPattern: value)) }
}
