/// Intel HEX text for tests; it shares no code with the reader.
public enum HexText {
  /// One record with its checksum.
  public static func record(_ type: UInt8, _ address: UInt16 = 0, _ data: [UInt8] = []) -> String {
    let bytes =
      [UInt8(data.count), UInt8(address >> 8), UInt8(address & 0xff), type] + data
    let sum = bytes.reduce(UInt8(0), &+)
    return ":" + (bytes + [0 &- sum]).map(hex).joined()
  }

  /// The record that ends a file.
  public static let end = ":00000001FF"

  /// A linear base, in units of 64 KiB.
  public static func linear(_ upper: UInt16) -> String {
    record(4, 0, [UInt8(upper >> 8), UInt8(upper & 0xff)])
  }

  /// A segmented base, in units of 16 bytes.
  public static func segmented(_ paragraph: UInt16) -> String {
    record(2, 0, [UInt8(paragraph >> 8), UInt8(paragraph & 0xff)])
  }

  /// A linear start address.
  public static func start(_ address: UInt32) -> String {
    record(5, 0, (0..<4).map { UInt8(truncatingIfNeeded: address >> UInt32(24 - 8 * $0)) })
  }

  /// Lines as a file.
  public static func file(_ lines: [String], newline: String = "\n") -> [UInt8] {
    Array(lines.map { $0 + newline }.joined().utf8)
  }

  private static func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16, uppercase: true)
    return text.count == 1 ? "0" + text : text
  }
}
