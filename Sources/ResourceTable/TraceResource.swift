public import WireTypes

/// A buffer into which firmware writes its log.
///
/// Layout in version 1, from the start of the entry; ``ResourceRecord`` shows version 0.
///
/// | Offset | Bytes | Field       | Name on the wire |
/// |-------:|------:|-------------|------------------|
/// |      0 |     4 | type        | `type`, 2        |
/// |      4 |     4 | `da`        | `da`             |
/// |      8 |     4 | `byteCount` | `len`            |
/// |     12 |     4 | reserved    | `reserved`       |
/// |     16 |    32 | `name`      | `name`           |
///
/// Source: [LINUX-6.1] remoteproc.
public struct TraceResource: Equatable, Sendable {
  static let encodedByteCount = 48

  /// Where the buffer lies; `nil` (0xFFFFFFFF in version 1) says nowhere.
  public var da: DeviceAddress?
  /// Bytes of the buffer.
  public var byteCount: UInt32
  /// The name; in version 0 cut to 31 bytes.
  public var name: WireName

  /// Makes an announcement of a buffer.
  public init(da: DeviceAddress?, byteCount: UInt32, name: WireName) {
    self.da = da
    self.byteCount = byteCount
    self.name = name
  }

  init(decoding table: RawSpan, at offset: Int) {
    da = DeviceAddress(fixed: table.littleEndian(at: offset + 4))
    byteCount = table.littleEndian(at: offset + 8)
    name = WireName(decoding: table, at: offset + 16)
  }

  init(_ record: ResourceRecord) {
    da = DeviceAddress(rawValue: record.da)
    byteCount = record.count
    name = record.shortName
  }

  func encode(into table: inout MutableRawSpan, at offset: Int) throws(ResourceTableError) {
    try table.check(offset, Self.encodedByteCount)
    let da = try DeviceAddress.encode(da, at: offset + 4)
    table.storeLittleEndian(UInt32(2), at: offset)
    table.storeLittleEndian(da, at: offset + 4)
    table.storeLittleEndian(byteCount, at: offset + 8)
    table.storeLittleEndian(UInt32(0), at: offset + 12)
    name.encode(into: &table, at: offset + 16)
  }
}
