public import WireTypes

/// Memory that firmware asks for: a carveout, or a range of the bus to be mapped ("devmem").
///
/// Layout in version 1, from the start of the entry; ``ResourceRecord`` shows version 0.
///
/// | Offset | Bytes | Field       | Name on the wire |
/// |-------:|------:|-------------|------------------|
/// |      0 |     4 | type        | `type`, 0 or 1   |
/// |      4 |     4 | `da`        | `da`             |
/// |      8 |     4 | `pa`        | `pa`             |
/// |     12 |     4 | `byteCount` | `len`            |
/// |     16 |     4 | `flags`     | `flags`          |
/// |     20 |     4 | reserved    | `reserved`       |
/// |     24 |    32 | `name`      | `name`           |
///
/// Source: [LINUX-6.1] remoteproc.
public struct MemoryResource: Equatable, Sendable {
  static let encodedByteCount = 56

  /// The device address, or `nil` when any will do (0xFFFFFFFF in version 1).
  public var da: DeviceAddress?
  /// The physical address; written by the host for a carveout, asked for by a devmem entry.
  public var pa: PhysicalAddress
  /// Bytes of memory.
  public var byteCount: UInt32
  /// Protection of the mapping.
  public var flags: UInt32
  /// The name; in version 0 cut to 31 bytes.
  public var name: WireName

  /// Makes a request.
  public init(
    da: DeviceAddress?, pa: PhysicalAddress = PhysicalAddress(rawValue: 0), byteCount: UInt32,
    flags: UInt32 = 0, name: WireName
  ) {
    self.da = da
    self.pa = pa
    self.byteCount = byteCount
    self.flags = flags
    self.name = name
  }

  init(decoding table: RawSpan, at offset: Int) {
    da = DeviceAddress(fixed: table.littleEndian(at: offset + 4))
    pa = PhysicalAddress(rawValue: UInt64(table.littleEndian(at: offset + 8, as: UInt32.self)))
    byteCount = table.littleEndian(at: offset + 12)
    flags = table.littleEndian(at: offset + 16)
    name = WireName(decoding: table, at: offset + 24)
  }

  init(_ record: ResourceRecord) {
    da = DeviceAddress(rawValue: record.da)
    pa = PhysicalAddress(rawValue: record.pa)
    byteCount = record.count
    flags = record.flags
    name = record.shortName
  }

  func encode(
    type: UInt32, into table: inout MutableRawSpan, at offset: Int
  ) throws(ResourceTableError) {
    try table.check(offset, Self.encodedByteCount)
    let da = try DeviceAddress.encode(da, at: offset + 4)
    guard let pa = UInt32(exactly: pa.rawValue) else {
      throw .valueTooLarge(offset: offset + 8, value: pa.rawValue, fieldByteCount: 4)
    }
    table.storeLittleEndian(type, at: offset)
    table.storeLittleEndian(da, at: offset + 4)
    table.storeLittleEndian(pa, at: offset + 8)
    table.storeLittleEndian(byteCount, at: offset + 12)
    table.storeLittleEndian(flags, at: offset + 16)
    table.storeLittleEndian(UInt32(0), at: offset + 20)
    name.encode(into: &table, at: offset + 24)
  }
}

/// The fields of a carveout or devmem entry that the host writes back.
public struct MemoryFields: Equatable, Sendable {
  /// The device address that was given.
  public let da: ResourceTableField
  /// The physical address that was given.
  public let pa: ResourceTableField
  /// Bytes that were given.
  public let byteCount: ResourceTableField

  /// The fields of `entry` in a table of `version`.
  public init(of entry: ResourceTableEntry, version: ResourceTableVersion) {
    let start = entry.offset
    switch version {
    case .v0:
      da = ResourceTableField(offset: start + 8, byteCount: 8)
      pa = ResourceTableField(offset: start + 16, byteCount: 8)
      byteCount = ResourceTableField(offset: start + 24, byteCount: 4)
    case .v1:
      da = ResourceTableField(offset: start + 4, byteCount: 4)
      pa = ResourceTableField(offset: start + 8, byteCount: 4)
      byteCount = ResourceTableField(offset: start + 12, byteCount: 4)
    }
  }
}

extension DeviceAddress {
  /// The address in a 32-bit field, or `nil` when it says that any address will do.
  init?(fixed raw: UInt32) {
    guard raw != UInt32.max else { return nil }
    self.init(rawValue: UInt64(raw))
  }

  /// The 32-bit field for `da`, which lies at `offset`.
  static func encode(_ da: DeviceAddress?, at offset: Int) throws(ResourceTableError) -> UInt32 {
    guard let da else { return UInt32.max }
    // The highest number means "any": it cannot be asked for.
    guard da.rawValue < UInt64(UInt32.max) else {
      throw .valueTooLarge(offset: offset, value: da.rawValue, fieldByteCount: 4)
    }
    return UInt32(truncatingIfNeeded: da.rawValue)
  }
}
