/// One line of an Intel HEX file: `:`, then length, address, type, data and checksum in hexadecimal.
///
/// | Digits | Field                                   |
/// |-------:|-----------------------------------------|
/// |      2 | bytes of data, n                        |
/// |      4 | address, the high byte first            |
/// |      2 | type                                    |
/// |     2n | data                                    |
/// |      2 | what makes all bytes add up to 0        |
///
/// Source: [INTEL-HEX].
struct IntelHexRecord {
  let line: Int
  /// Where the colon is in the file.
  let offset: Int
  let type: UInt8
  let address: UInt16
  let byteCount: Int

  /// Length, address, type and checksum.
  private static var frameByteCount: Int { 5 }

  /// Reads the record whose colon is at `offset` and appends its data to `data`.
  ///
  /// `position` is left behind its last digit. Nothing is appended when it throws.
  init(
    reading file: borrowing RawSpan, at offset: Int, line: Int, position: inout Int,
    data: inout [UInt8]
  ) throws(IntelHexError) {
    self.line = line
    self.offset = offset
    position = offset + 1
    var sum: UInt8 = 0
    // Only what is there is read: a byte is two digits, all on this line.
    func byte(needed: Int) throws(IntelHexError) -> UInt8 {
      let high = try Self.digit(file, position, record: offset, line: line, needed: needed)
      let low = try Self.digit(file, position + 1, record: offset, line: line, needed: needed)
      position += 2
      let value = high << 4 | low
      sum &+= value
      return value
    }
    let frame = 2 * Self.frameByteCount
    byteCount = Int(try byte(needed: frame))
    let needed = frame + 2 * byteCount
    address = UInt16(try byte(needed: needed)) << 8 | UInt16(try byte(needed: needed))
    type = try byte(needed: needed)
    let start = data.count
    do throws(IntelHexError) {
      for _ in 0..<byteCount { data.append(try byte(needed: needed)) }
      let expected = 0 &- sum
      let found = try byte(needed: needed)
      guard found == expected else {
        throw .badChecksum(line: line, offset: offset, expected: expected, found: found)
      }
    } catch {
      data.removeLast(data.count - start)
      throw error
    }
  }

  private static func digit(
    _ file: borrowing RawSpan, _ position: Int, record: Int, line: Int, needed: Int
  ) throws(IntelHexError) -> UInt8 {
    let byte = position < file.byteCount ? file.byte(at: position) : UInt8(ascii: "\n")
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
      throw .truncatedRecord(
        line: line, offset: record, needed: needed, available: position - record - 1)
    default: throw .badDigit(line: line, offset: position, byte: byte)
    }
  }
}

extension RawSpan {
  /// The byte at `offset`.
  ///
  /// - Precondition: `0 <= offset < byteCount`.
  func byte(at offset: Int) -> UInt8 {
    // SAFETY: the load checks the bounds; every byte is a valid `UInt8`.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
