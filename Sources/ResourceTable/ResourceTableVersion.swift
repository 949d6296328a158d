import WireTypes

/// The two formats of a resource table.
public enum ResourceTableVersion: Equatable, Sendable {
  /// An array of records of 96 bytes without a header, as remoteproc began in 2011.
  case v0
  /// A header, offsets, and entries that begin with their type.
  case v1

  /// Tells the two apart by what the bytes say; exactly one answer for any bytes.
  ///
  /// A table is of version 1 when its first word is 1, both reserved words are zero, and every
  /// offset leads behind the offsets and into the table. Else it is of version 0 when it is empty,
  /// or when its first record has a known type and zero reserved bytes. Anything else counts as
  /// version 1, so that errors speak of the format in use today.
  ///
  /// A table of version 0 whose first record is a `devmem` of id 0 at address 0 reads as an empty
  /// one of version 1: callers can name the version instead. Source: practice (no text says how to
  /// tell them apart).
  public init(detecting table: RawSpan) {
    self = Self.isV1(table) || !Self.mayBeV0(table) ? .v1 : .v0
  }

  private static func isV1(_ table: RawSpan) -> Bool {
    guard table.byteCount >= ResourceTableLayout.headerByteCount,
      table.littleEndian(at: 0, as: UInt32.self) == 1,
      table.littleEndian(at: 8, as: UInt64.self) == 0
    else { return false }
    let count: UInt32 = table.littleEndian(at: 4)
    let first = UInt64(ResourceTableLayout.headerByteCount) + 4 * UInt64(count)
    guard first <= UInt64(table.byteCount) else { return false }
    for index in 0..<Int(count) {
      let offset: UInt32 = table.littleEndian(
        at: ResourceTableLayout.headerByteCount + 4 * index)
      guard UInt64(offset) >= first, UInt64(offset) < UInt64(table.byteCount) else { return false }
    }
    return true
  }

  private static func mayBeV0(_ table: RawSpan) -> Bool {
    guard table.byteCount > 0 else { return true }
    guard table.byteCount >= ResourceRecord.encodedByteCount else { return false }
    return table.littleEndian(at: 0, as: UInt32.self) <= ResourceRecord.highestKnownType
      && table.littleEndian(at: 32, as: UInt64.self) == 0
      && table.littleEndian(at: 40, as: UInt64.self) == 0
  }
}
