import WireTypes

/// What the start of a resource table says, and how to reach its entries.
///
/// The layout holds no bytes: each call is given the table, a private copy that no one else
/// changes. It needs no memory of its own, so that firmware can use it too.
///
/// Header of version 1; version 0 has none and is an array of ``ResourceRecord``.
///
/// | Offset | Bytes | Field             | Name on the wire |
/// |-------:|------:|-------------------|------------------|
/// |      0 |     4 | version, 1        | `ver`            |
/// |      4 |     4 | `entryCount`      | `num`            |
/// |      8 |     8 | reserved          | `reserved`       |
/// |     16 |   4 n | offsets           | `offset`         |
///
/// Source: [LINUX-6.1] remoteproc.
public struct ResourceTableLayout: Equatable, Sendable {
  static let headerByteCount = 16

  /// The format.
  public let version: ResourceTableVersion
  /// How many entries there are; bounded by the size of the table.
  public let entryCount: Int
  /// Bytes of the table.
  public let byteCount: Int

  /// Reads the header, and checks that there is room for all offsets.
  ///
  /// Without a `version` it is told from the bytes, see
  /// ``ResourceTableVersion/init(detecting:)``. In version 0 a partial record at the end does not
  /// count.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)``,
  ///   ``ResourceTableError/unsupportedVersion(_:)``,
  ///   ``ResourceTableError/reservedNotZero(offset:)`` or
  ///   ``ResourceTableError/offsetsTruncated(count:available:)``, checked in this order.
  public init(
    parsing table: RawSpan, version: ResourceTableVersion? = nil
  ) throws(ResourceTableError) {
    let version = version ?? ResourceTableVersion(detecting: table)
    self.version = version
    byteCount = table.byteCount
    switch version {
    case .v0: entryCount = table.byteCount / ResourceRecord.encodedByteCount
    case .v1: entryCount = try Self.entryCount(of: table)
    }
  }

  private static func entryCount(of table: RawSpan) throws(ResourceTableError) -> Int {
    try table.check(0, headerByteCount)
    let version: UInt32 = table.littleEndian(at: 0)
    guard version == 1 else { throw .unsupportedVersion(version) }
    try checkReserved(at: 8, in: table)
    try checkReserved(at: 12, in: table)
    let count: UInt32 = table.littleEndian(at: 4)
    let available = table.byteCount - headerByteCount
    guard UInt64(count) * 4 <= UInt64(available) else {
      throw .offsetsTruncated(count: count, available: available)
    }
    // Fits: four times as much is still no more than the size of the table.
    return Int(count)
  }

  /// Where the first entry may begin: behind the offsets, if there are any.
  public var contentOffset: Int {
    version == .v0 ? 0 : Self.headerByteCount + 4 * entryCount
  }

  /// The entry at `index`.
  ///
  /// Only what is structural is checked: that the entry lies in the table, behind the header, and
  /// that words that must be zero are. Values are as they stand in the table.
  ///
  /// - Throws: ``ResourceTableError/badEntryOffset(index:offset:available:)``,
  ///   ``ResourceTableError/truncated(offset:needed:available:)``,
  ///   ``ResourceTableError/entryTruncated(index:offset:type:needed:available:)`` or
  ///   ``ResourceTableError/reservedNotZero(offset:)``, checked in this order.
  /// - Precondition: `0 <= index < entryCount`.
  public func entry(
    at index: Int, in table: RawSpan
  ) throws(ResourceTableError) -> ResourceTableEntry {
    precondition(index >= 0 && index < entryCount, "entry index out of range")
    try table.check(0, byteCount)
    switch version {
    case .v0:
      let offset = ResourceRecord.encodedByteCount * index
      let record = try ResourceRecord(decoding: table, at: offset)
      return ResourceTableEntry(index: index, offset: offset, resource: record.resource)
    case .v1:
      let offset = try offset(ofEntryAt: index, in: table)
      let resource = try resource(at: offset, index: index, in: table)
      return ResourceTableEntry(index: index, offset: offset, resource: resource)
    }
  }

  private func offset(
    ofEntryAt index: Int, in table: RawSpan
  ) throws(ResourceTableError) -> Int {
    let offset: UInt32 = table.littleEndian(at: Self.headerByteCount + 4 * index)
    guard offset >= Self.headerByteCount, UInt64(offset) < UInt64(byteCount) else {
      throw .badEntryOffset(index: index, offset: offset, available: byteCount)
    }
    // Fits: it is below the size of the table.
    return Int(offset)
  }

  private func resource(
    at offset: Int, index: Int, in table: RawSpan
  ) throws(ResourceTableError) -> ResourceTableEntry.Resource {
    try table.check(offset, 4)
    let type: UInt32 = table.littleEndian(at: offset)
    let available = byteCount - offset
    func checkSize(_ needed: UInt64) throws(ResourceTableError) {
      guard needed <= UInt64(available) else {
        throw .entryTruncated(
          index: index, offset: offset, type: type, needed: needed, available: available)
      }
    }
    switch type {
    case 0, 1:
      try checkSize(UInt64(MemoryResource.encodedByteCount))
      try Self.checkReserved(at: offset + 20, in: table)
      let memory = MemoryResource(decoding: table, at: offset)
      return type == 0 ? .carveout(memory) : .devmem(memory)
    case 2:
      try checkSize(UInt64(TraceResource.encodedByteCount))
      try Self.checkReserved(at: offset + 12, in: table)
      return .trace(TraceResource(decoding: table, at: offset))
    case 3:
      try checkSize(UInt64(VdevResource.headerByteCount))
      let vdev = VdevResource(decoding: table, at: offset)
      try checkSize(vdev.encodedByteCount)
      guard table.littleEndian(at: offset + 26, as: UInt16.self) == 0 else {
        throw .reservedNotZero(offset: offset + 26)
      }
      return .vdev(vdev)
    case VendorResource.types:
      return .vendor(
        VendorResource(
          type: type, availableByteCount: available - 4,
          claimedByteCount: available >= 8 ? table.littleEndian(at: offset + 4) : nil))
    default: return .unknown(type: type)
    }
  }

  private static func checkReserved(
    at offset: Int, in table: RawSpan
  ) throws(ResourceTableError) {
    guard table.littleEndian(at: offset, as: UInt32.self) == 0 else {
      throw .reservedNotZero(offset: offset)
    }
  }

  /// The vring at `index` of the virtio device that `entry` describes.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)``.
  /// - Precondition: `entry` is a `vdev` of this table and `0 <= index < vringCount`.
  public func vring(
    at index: Int, of entry: ResourceTableEntry, in table: RawSpan
  ) throws(ResourceTableError) -> VringResource {
    guard case .vdev(let vdev) = entry.resource, index >= 0, index < vdev.vringCount else {
      preconditionFailure("vring index out of range")
    }
    let offset = VdevFields(of: entry, vdev: vdev).vring(at: index).da.offset
    try table.check(offset, VringResource.encodedByteCount)
    return VringResource(decoding: table, at: offset)
  }
}

extension ResourceRecord {
  /// What the record says, in the terms of both versions.
  public var resource: ResourceTableEntry.Resource {
    switch type {
    case 0: .carveout(MemoryResource(self))
    case 1: .devmem(MemoryResource(self))
    case 2: .trace(TraceResource(self))
    case 3: .vringRecord(self)
    case 4: .vdevRecord(self)
    case 5: .configRecord(self)
    default: .unknown(type: type)
    }
  }
}
