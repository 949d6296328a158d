import WireTypes

/// A little-endian integer of a table that the host writes back.
public struct ResourceTableField: Equatable, Sendable {
  /// Where the field begins, in bytes from the start of the table.
  public let offset: Int
  /// Its width: 1, 4 or 8 bytes.
  public let byteCount: Int

  /// Reads the field.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)``.
  public func value(in table: RawSpan) throws(ResourceTableError) -> UInt64 {
    try table.check(offset, byteCount)
    return switch byteCount {
    case 1: UInt64(table.littleEndian(at: offset, as: UInt8.self))
    case 4: UInt64(table.littleEndian(at: offset, as: UInt32.self))
    default: table.littleEndian(at: offset)
    }
  }

  /// Writes `value`; the table is unchanged when that throws.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)`` or
  ///   ``ResourceTableError/valueTooLarge(offset:value:fieldByteCount:)``.
  public func write(
    _ value: UInt64, into table: inout MutableRawSpan
  ) throws(ResourceTableError) {
    try table.check(offset, byteCount)
    guard byteCount == 8 || value >> UInt64(8 * byteCount) == 0 else {
      throw .valueTooLarge(offset: offset, value: value, fieldByteCount: byteCount)
    }
    switch byteCount {
    case 1: table.storeLittleEndian(UInt8(truncatingIfNeeded: value), at: offset)
    case 4: table.storeLittleEndian(UInt32(truncatingIfNeeded: value), at: offset)
    default: table.storeLittleEndian(value, at: offset)
    }
  }
}
