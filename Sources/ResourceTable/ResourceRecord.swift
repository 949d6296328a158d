public import WireTypes

/// One record of a resource table of version 0, as it stands in the table.
///
/// | Offset | Bytes | Field      | Carveout, devmem, trace | Vring         | Virtio device     |
/// |-------:|------:|------------|-------------------------|---------------|-------------------|
/// |      0 |     4 | `type`     | 0, 1, 2                 | 3             | 4                 |
/// |      4 |     4 | `id`       | index                   | vring, 0 or 1 | 0                 |
/// |      8 |     8 | `da`       | device address          | ignored       | offered features  |
/// |     16 |     8 | `pa`       | physical address        | -             | accepted features |
/// |     24 |     4 | `count`    | bytes                   | buffers       | status            |
/// |     28 |     4 | `flags`    | protection              | -             | device id         |
/// |     32 |    16 | `reserved` | zero                    | zero          | zero              |
/// |     48 |    48 | `name`     | text                    | text          | text              |
///
/// Type 5 (virtio configuration) is defined and was never handled. All fields are little-endian.
/// Source: [REMOTEPROC-2011].
public struct ResourceRecord: Equatable, Sendable {
  /// Bytes that one record takes.
  public static let encodedByteCount = 96
  /// The highest type that the format defines.
  public static let highestKnownType: UInt32 = 5
  /// The alignment of every vring.
  public static let vringAlignment: UInt32 = 4096

  /// What the record asks for.
  public var type: UInt32
  /// Which of several entries of one kind it is.
  public var id: UInt32
  /// The device address; a virtio device's offered features.
  public var da: UInt64
  /// The physical address; a virtio device's accepted features.
  public var pa: UInt64
  /// Bytes; a vring's number of buffers; a virtio device's status.
  public var count: UInt32
  /// Protection of the mapping; a virtio device's id.
  public var flags: UInt32
  /// 16 bytes that must be zero, as two words.
  public var reserved: (UInt64, UInt64)
  /// The name for people.
  public var name: FixedName<48>

  /// Makes a record.
  public init(
    type: UInt32, id: UInt32 = 0, da: UInt64 = 0, pa: UInt64 = 0, count: UInt32 = 0,
    flags: UInt32 = 0, name: FixedName<48> = FixedName()
  ) {
    self.type = type
    self.id = id
    self.da = da
    self.pa = pa
    self.count = count
    self.flags = flags
    reserved = (0, 0)
    self.name = name
  }

  /// Decodes the record at `offset`.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)``.
  public init(decoding table: RawSpan, at offset: Int) throws(ResourceTableError) {
    try table.check(offset, Self.encodedByteCount)
    type = table.littleEndian(at: offset)
    id = table.littleEndian(at: offset + 4)
    da = table.littleEndian(at: offset + 8)
    pa = table.littleEndian(at: offset + 16)
    count = table.littleEndian(at: offset + 24)
    flags = table.littleEndian(at: offset + 28)
    reserved = (table.littleEndian(at: offset + 32), table.littleEndian(at: offset + 40))
    name = FixedName(decoding: table, at: offset + 48)
  }

  /// Writes the record at `offset`.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)``.
  public func encode(
    into table: inout MutableRawSpan, at offset: Int
  ) throws(ResourceTableError) {
    try table.check(offset, Self.encodedByteCount)
    store(into: &table, at: offset)
  }

  /// Writes the record where there is room for it.
  func store(into table: inout MutableRawSpan, at offset: Int) {
    table.storeLittleEndian(type, at: offset)
    table.storeLittleEndian(id, at: offset + 4)
    table.storeLittleEndian(da, at: offset + 8)
    table.storeLittleEndian(pa, at: offset + 16)
    table.storeLittleEndian(count, at: offset + 24)
    table.storeLittleEndian(flags, at: offset + 28)
    table.storeLittleEndian(reserved.0, at: offset + 32)
    table.storeLittleEndian(reserved.1, at: offset + 40)
    name.encode(into: &table, at: offset + 48)
  }

  /// Whether all fields are equal; names up to their first NUL.
  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.type == rhs.type && lhs.id == rhs.id && lhs.da == rhs.da && lhs.pa == rhs.pa
      && lhs.count == rhs.count && lhs.flags == rhs.flags && lhs.reserved == rhs.reserved
      && lhs.name == rhs.name
  }

  /// The name as version 1 has it: what does not fit into 31 bytes is cut.
  public var shortName: WireName {
    var short = WireName()
    for index in 0..<31 where index < name.byteCount { short.storage[index] = name.storage[index] }
    return short
  }
}

extension RawSpan {
  /// Checks that `byteCount` bytes lie at `offset`.
  @inlinable
  package func check(_ offset: Int, _ byteCount: Int) throws(ResourceTableError) {
    guard offset >= 0, offset <= self.byteCount, byteCount <= self.byteCount - offset else {
      throw .truncated(
        offset: offset, needed: byteCount, available: Swift.max(0, self.byteCount &- offset))
    }
  }
}

extension MutableRawSpan {
  /// Checks that `byteCount` bytes lie at `offset`.
  @inlinable
  package func check(_ offset: Int, _ byteCount: Int) throws(ResourceTableError) {
    guard offset >= 0, offset <= self.byteCount, byteCount <= self.byteCount - offset else {
      throw .truncated(
        offset: offset, needed: byteCount, available: Swift.max(0, self.byteCount &- offset))
    }
  }
}
