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
    if let fault = layoutFaults(limit: limit).first { throw fault }
  }

  /// All that ``checkLayout(limit:)`` objects to, in its order; with too many entries only that.
  public func layoutFaults(limit: Int = 4096) -> [ResourceTableError] {
    guard entryCount <= limit else { return [.tooManyEntries(count: entryCount, limit: limit)] }
    return version == .v0 ? recordFaults : overlapFaults
  }

  private var recordFaults: [ResourceTableError] {
    var faults: [ResourceTableError] = []
    for index in 0..<entryCount {
      let offset = ResourceRecord.encodedByteCount * index
      do throws(ResourceTableError) {
        let record = try withTable { (table) throws(ResourceTableError) in
          try ResourceRecord(decoding: table, at: offset)
        }
        if record.reserved != (0, 0) {
          faults.append(.reservedNotZero(offset: offset + (record.reserved.0 == 0 ? 40 : 32)))
        }
      } catch { faults.append(error) }
    }
    let end = ResourceRecord.encodedByteCount * entryCount
    if end != bytes.count {
      faults.append(.trailingBytes(offset: end, byteCount: bytes.count - end))
    }
    return faults
  }

  /// Entries that cannot be read, in the order of the table, then those that share bytes, in the
  /// order of offsets.
  private var overlapFaults: [ResourceTableError] {
    var faults: [ResourceTableError] = []
    var readable: [ResourceTableEntry] = []
    for index in 0..<entryCount {
      do throws(ResourceTableError) { readable.append(try entry(at: index)) } catch {
        faults.append(error)
      }
    }
    var furthest = (index: -1, end: layout.contentOffset)
    for entry in readable.sorted(by: { $0.offset < $1.offset }) {
      if entry.offset < furthest.end {
        faults.append(
          .entriesOverlap(index: entry.index, otherIndex: furthest.index, offset: entry.offset))
      }
      let end = entry.offset + entry.encodedByteCount
      if end > furthest.end { furthest = (entry.index, end) }
    }
    return faults
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
