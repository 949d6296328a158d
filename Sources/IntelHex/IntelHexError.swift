public import WireTypes

/// Why an Intel HEX file was refused.
///
/// Lines count from 1; offsets are bytes from the start of the file, and name where the fault was
/// seen.
public enum IntelHexError: Error, Equatable, Sendable {
  /// A line does not begin with a colon.
  case noRecordMark(line: Int, offset: Int, byte: UInt8)
  /// A byte that ought to be a hexadecimal digit is none.
  case badDigit(line: Int, offset: Int, byte: UInt8)
  /// The record at `offset` ends before its last byte; `needed` digits follow the colon.
  case truncatedRecord(line: Int, offset: Int, needed: Int, available: Int)
  /// Something follows the record on its line.
  case trailingText(line: Int, offset: Int, byte: UInt8)
  /// The bytes of the record at `offset` do not add up to 0.
  case badChecksum(line: Int, offset: Int, expected: UInt8, found: UInt8)
  /// The type of the record at `offset` is none of 0 to 5.
  case unknownType(line: Int, offset: Int, type: UInt8)
  /// The record at `offset` has not the length that its type has.
  case badLength(line: Int, offset: Int, type: UInt8, expected: Int, found: Int)
  /// The data of the record at `offset` pass the end of its segment of 64 KiB, or of 32 bits.
  case addressWrap(line: Int, offset: Int, address: DeviceAddress, byteCount: Int)
  /// Two records hold data for one address.
  case overlap(line: Int, otherLine: Int, address: DeviceAddress)
  /// A second record says where to start.
  case secondEntry(line: Int, offset: Int)
  /// The file ends without the record that ends it.
  case missingEnd(line: Int, offset: Int)
  /// A line follows the record that ends the file.
  case dataAfterEnd(line: Int, offset: Int)
  /// There are more separate pieces of memory than are read.
  case tooManySegments(line: Int, limit: Int)
  /// There are no data at all.
  case noData
  /// Nothing says where to start.
  case noEntry
}

private func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

extension IntelHexError: CustomStringConvertible {
  /// One line for a person: what is wrong, where, and by how much.
  public var description: String {
    switch self {
    case .noRecordMark(let line, let offset, let byte):
      "\(place(line, offset)): byte \(hex(byte)) where a record begins (expected ':')"
    case .badDigit(let line, let offset, let byte):
      "\(place(line, offset)): byte \(hex(byte)) is not a hexadecimal digit"
    case .truncatedRecord(let line, let offset, let needed, let available):
      "\(place(line, offset)): record truncated: \(needed) digits needed, \(available) available"
    case .trailingText(let line, let offset, let byte):
      "\(place(line, offset)): byte \(hex(byte)) after the record"
    case .badChecksum(let line, let offset, let expected, let found):
      "\(place(line, offset)): checksum \(hex(found)) (expected \(hex(expected)))"
    case .unknownType(let line, let offset, let type):
      "\(place(line, offset)): record of unknown type \(type)"
    case .badLength(let line, let offset, let type, let expected, let found):
      "\(place(line, offset)): record of type \(type) with \(found) bytes (expected \(expected))"
    case .addressWrap(let line, let offset, let address, let byteCount):
      "\(place(line, offset)): \(byteCount) bytes at address \(address) pass the end of the segment"
    case .overlap(let line, let otherLine, let address):
      "hex file: lines \(line) and \(otherLine) both hold data for address \(address)"
    case .secondEntry(let line, let offset):
      "\(place(line, offset)): a second start address"
    case .missingEnd(let line, let offset):
      "\(place(line, offset)): the file ends without a record of type 1"
    case .dataAfterEnd(let line, let offset):
      "\(place(line, offset)): text after the record of type 1"
    case .tooManySegments(let line, let limit):
      "hex file line \(line): more than \(limit) separate pieces of memory"
    case .noData: "hex file holds no data"
    case .noEntry: "hex file has no start address (record of type 3 or 5)"
    }
  }

  private func place(_ line: Int, _ offset: Int) -> String {
    "hex file line \(line) (offset \(hex(offset)))"
  }
}
