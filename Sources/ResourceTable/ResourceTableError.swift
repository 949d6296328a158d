/// Why a resource table was refused.
///
/// Offsets and sizes are bytes from the start of the table.
public enum ResourceTableError: Error, Equatable, Sendable {
  /// The table ends before `offset + needed`.
  case truncated(offset: Int, needed: Int, available: Int)
  /// The header names a version other than 1.
  case unsupportedVersion(UInt32)
  /// A reserved word that must be zero is not.
  case reservedNotZero(offset: Int)
  /// The table has no room for the offsets of the entries that its header counts.
  case offsetsTruncated(count: UInt32, available: Int)
  /// The offset of an entry leads into the header or past the end, which is at `available`.
  case badEntryOffset(index: Int, offset: UInt32, available: Int)
  /// An entry of this type needs more bytes than there are between its offset and the end.
  case entryTruncated(index: Int, offset: Int, type: UInt32, needed: UInt64, available: Int)
  /// A virtio device's count of vrings, at `offset`, is out of range.
  case unsupportedVringCount(offset: Int, count: Int, allowed: ClosedRange<Int>)
  /// Two entries, or an entry and the header with its offsets (index -1), share bytes.
  case entriesOverlap(index: Int, otherIndex: Int, offset: Int)
  /// Bytes after the last whole record of version 0.
  case trailingBytes(offset: Int, byteCount: Int)
  /// There are more entries than the reader is willing to handle.
  case tooManyEntries(count: Int, limit: Int)
  /// An entry asks for no memory; its size is at `offset`.
  case emptyResource(offset: Int)
  /// An entry's memory reaches past the end of the address space, whose last address is `last`.
  case addressWrap(offset: Int, start: UInt64, byteCount: UInt64, last: UInt64)
  /// A value does not fit into the field at `offset`.
  case valueTooLarge(offset: Int, value: UInt64, fieldByteCount: Int)
  /// What the entry of this index says at `offset` cannot be said in the other version.
  case notExpressible(index: Int, offset: Int, obstacle: ResourceTableObstacle)
  /// The table that was described is larger than any that is made.
  case tableTooLarge(byteCount: Int, limit: Int)
}

#if !hasFeature(Embedded)
private func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

extension ResourceTableError: CustomStringConvertible {
  /// One line for a person: what is wrong, where, and by how much.
  public var description: String {
    switch self {
    case .truncated(let offset, let needed, let available):
      "resource table truncated: \(needed) bytes needed at offset \(hex(offset)), "
        + "\(available) available"
    case .unsupportedVersion(let version):
      "resource table version \(version) at offset 0x0 is not supported (expected 1)"
    case .reservedNotZero(let offset):
      "resource table: reserved word at offset \(hex(offset)) is not zero"
    case .offsetsTruncated(let count, let available):
      "resource table truncated: \(count) entry \(count == 1 ? "offset" : "offsets") needed "
        + "at offset 0x10, "
        + "\(available) bytes available"
    case .badEntryOffset(let index, let offset, let available):
      "resource table entry \(index): offset \(hex(offset)) is not inside 0x10..<\(hex(available))"
    case .entryTruncated(let index, let offset, let type, let needed, let available):
      "resource table entry \(index) of type \(type) truncated: "
        + "\(needed) bytes needed at offset \(hex(offset)), \(available) available"
    case .unsupportedVringCount(let offset, let count, let allowed):
      "virtio device has \(count) \(count == 1 ? "vring" : "vrings") at offset \(hex(offset)) "
        + (allowed.count == 1
          ? "(exactly \(allowed.lowerBound) supported)"
          : "(\(allowed.lowerBound) to \(allowed.upperBound) supported)")
    case .entriesOverlap(let index, -1, let offset):
      "resource table entry \(index) at offset \(hex(offset)) lies in the header"
    case .entriesOverlap(let index, let otherIndex, let offset):
      "resource table entries \(index) and \(otherIndex) overlap at offset \(hex(offset))"
    case .trailingBytes(let offset, let byteCount):
      "resource table truncated: \(byteCount) bytes at offset \(hex(offset)) are no whole record"
    case .tooManyEntries(let count, let limit):
      "resource table has \(count) entries (at most \(limit))"
    case .emptyResource(let offset):
      "resource table: size at offset \(hex(offset)) is zero"
    case .addressWrap(let offset, let start, let byteCount, let last):
      "resource table: \(byteCount) bytes at address \(hex(start)) (at offset \(hex(offset))) "
        + "pass the last address \(hex(last))"
    case .valueTooLarge(let offset, let value, let fieldByteCount):
      "resource table: \(hex(value)) does not fit into \(fieldByteCount) bytes "
        + "at offset \(hex(offset))"
    case .notExpressible(let index, let offset, let obstacle):
      "resource table entry \(index): the other version cannot express \(obstacle) "
        + "(at offset \(hex(offset)))"
    case .tableTooLarge(let byteCount, let limit):
      "resource table of \(byteCount) bytes (at most \(limit))"
    }
  }
}
#endif
