#if !hasFeature(Embedded)
/// A resource table, read from a private copy of its bytes.
///
/// Reading is total: whatever the bytes are, nothing traps, nothing outside the table is read, and
/// nothing is allocated by a number from the table. Entries are decoded one by one when they are
/// asked for, so that the order of errors is the order of entries.
public struct ResourceTableReader: Equatable, Sendable {
  /// The whole table.
  public let bytes: [UInt8]
  /// What its start says.
  public let layout: ResourceTableLayout

  /// Reads the header.
  ///
  /// - Throws: ``ResourceTableError``, see ``ResourceTableLayout/init(parsing:version:)``.
  public init(
    parsing bytes: [UInt8], version: ResourceTableVersion? = nil
  ) throws(ResourceTableError) {
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    layout = try unsafe ResourceTableLayout(parsing: bytes.span.bytes, version: version)
    self.bytes = bytes
  }

  /// The format.
  public var version: ResourceTableVersion { layout.version }
  /// How many entries there are; bounded by the size of the table.
  public var entryCount: Int { layout.entryCount }

  /// The entry at `index`.
  ///
  /// - Throws: ``ResourceTableError``, see ``ResourceTableLayout/entry(at:in:)``.
  /// - Precondition: `0 <= index < entryCount`.
  public func entry(at index: Int) throws(ResourceTableError) -> ResourceTableEntry {
    try withTable { (table) throws(ResourceTableError) in
      try layout.entry(at: index, in: table)
    }
  }

  /// All entries in their order.
  ///
  /// - Throws: ``ResourceTableError`` of the first entry that cannot be read, or
  ///   ``ResourceTableError/tooManyEntries(count:limit:)``.
  public func entries(limit: Int = 4096) throws(ResourceTableError) -> [ResourceTableEntry] {
    guard entryCount <= limit else { throw .tooManyEntries(count: entryCount, limit: limit) }
    var entries: [ResourceTableEntry] = []
    for index in 0..<entryCount { entries.append(try entry(at: index)) }
    return entries
  }

  /// The vring at `index` of the virtio device that `entry` describes.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)`` when `entry` belongs to
  ///   another table.
  /// - Precondition: `entry` is a `vdev` and `0 <= index < vringCount`.
  public func vring(
    at index: Int, of entry: ResourceTableEntry
  ) throws(ResourceTableError) -> VringResource {
    try withTable { (table) throws(ResourceTableError) in
      try layout.vring(at: index, of: entry, in: table)
    }
  }

  /// The bytes that belong to an entry beside its fixed fields: the configuration space of a
  /// virtio device, or all that follows the type of a vendor entry.
  ///
  /// - Throws: ``ResourceTableError/truncated(offset:needed:available:)`` when `entry` belongs to
  ///   another table.
  public func payload(
    of entry: ResourceTableEntry
  ) throws(ResourceTableError) -> ArraySlice<UInt8> {
    switch entry.resource {
    case .vdev(let vdev):
      let start = VdevFields(of: entry, vdev: vdev).configOffset
      return try slice(start, Int(vdev.configByteCount))
    case .vendor(let vendor):
      return try slice(entry.offset + 4, vendor.availableByteCount)
    default: return []
    }
  }

  private func slice(
    _ start: Int, _ byteCount: Int
  ) throws(ResourceTableError) -> ArraySlice<UInt8> {
    try withTable { (table) throws(ResourceTableError) in try table.check(start, byteCount) }
    return bytes[start..<start + byteCount]
  }

  /// Calls `body` with the whole table.
  func withTable<Result>(
    _ body: (RawSpan) throws(ResourceTableError) -> Result
  ) throws(ResourceTableError) -> Result {
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    try unsafe body(bytes.span.bytes)
  }
}
#endif
