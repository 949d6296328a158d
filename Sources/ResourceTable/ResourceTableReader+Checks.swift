#if !hasFeature(Embedded)
// Rules about the whole table that are not structural: Linux enforces none of them.
extension ResourceTableReader {
  /// Checks what an honest table keeps to: no bytes belong to two entries or to an entry and the
  /// header; in version 0 no partial record at the end, and reserved bytes are zero.
  ///
  /// Takes time in the order of n log n for n entries.
  ///
  /// - Throws: ``ResourceTableError/tooManyEntries(count:limit:)``,
  ///   ``ResourceTableError/entriesOverlap(index:otherIndex:offset:)``,
  ///   ``ResourceTableError/trailingBytes(offset:byteCount:)``,
  ///   ``ResourceTableError/reservedNotZero(offset:)``, or the error of an entry that cannot be
  ///   read.
  public func checkLayout(limit: Int = 4096) throws(ResourceTableError) {
    guard entryCount <= limit else { throw .tooManyEntries(count: entryCount, limit: limit) }
    switch version {
    case .v0: try checkRecords()
    case .v1: try checkOverlap()
    }
  }

  private func checkRecords() throws(ResourceTableError) {
    for index in 0..<entryCount {
      let offset = ResourceRecord.encodedByteCount * index
      let record = try withTable { (table) throws(ResourceTableError) in
        try ResourceRecord(decoding: table, at: offset)
      }
      guard record.reserved == (0, 0) else {
        throw .reservedNotZero(offset: offset + (record.reserved.0 == 0 ? 40 : 32))
      }
    }
    let end = ResourceRecord.encodedByteCount * entryCount
    guard end == bytes.count else {
      throw .trailingBytes(offset: end, byteCount: bytes.count - end)
    }
  }

  private func checkOverlap() throws(ResourceTableError) {
    let sorted = try entries(limit: entryCount).sorted { $0.offset < $1.offset }
    var previous = -1
    var end = layout.contentOffset
    for entry in sorted {
      guard entry.offset >= end else {
        throw .entriesOverlap(index: entry.index, otherIndex: previous, offset: entry.offset)
      }
      previous = entry.index
      end = entry.offset + entry.encodedByteCount
    }
  }
}

extension ResourceTableEntry {
  /// Bytes that surely belong to the entry of a table of version 1; it was checked that they fit.
  fileprivate var encodedByteCount: Int {
    switch resource {
    case .carveout, .devmem: MemoryResource.encodedByteCount
    case .trace: TraceResource.encodedByteCount
    case .vdev(let vdev): Int(vdev.encodedByteCount)
    case .vringRecord, .vdevRecord, .configRecord: ResourceRecord.encodedByteCount
    case .vendor, .unknown: 4
    }
  }
}
#endif
