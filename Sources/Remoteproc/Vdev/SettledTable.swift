import ResourceTable

/// The bytes of a table as it was published, and which of them nobody changes while it is in use.
///
/// Both sides change the status, the accepted features and the configuration space of a virtio
/// device, and its own notify id; what entries of vendors and of unknown types hold is not ours to
/// judge. All else stays.
struct SettledTable {
  private let bytes: [UInt8]
  private let isSettled: [Bool]

  init(_ bytes: [UInt8], of reader: ResourceTableReader) {
    self.bytes = bytes
    var mask = [Bool](repeating: false, count: bytes.count)
    var loose: [Range<Int>] = []
    func settle(_ offset: Int, _ count: Int) {
      for index in max(0, offset)..<max(0, min(offset + count, mask.count)) { mask[index] = true }
    }
    settle(0, reader.layout.contentOffset)
    for index in 0..<reader.entryCount {
      let entry: ResourceTableEntry
      // An entry that cannot be read asked for nothing.
      do throws(ResourceTableError) { entry = try reader.entry(at: index) } catch { continue }
      settle(entry.offset, entry.fixedByteCount(reader.version))
      guard case .vdev(let vdev) = entry.resource else { continue }
      let fields = VdevFields(of: entry, vdev: vdev)
      loose += [
        entry.offset + 8..<entry.offset + 12,
        fields.driverFeatures.offset..<fields.driverFeatures.offset + 4,
        fields.status.offset..<fields.status.offset + 1,
      ]
    }
    // Entries may share bytes in the Linux profile.
    for range in loose {
      for index in range where index < mask.count { mask[index] = false }
    }
    isSettled = mask
  }

  /// The first bytes of `found` that differ and should not.
  func difference(from found: [UInt8]) -> TableTampering? {
    let count = min(bytes.count, found.count)
    func differs(_ index: Int) -> Bool { isSettled[index] && bytes[index] != found[index] }
    guard let start = (0..<count).first(where: differs) else { return nil }
    let limit = min(count, start + TableTampering.maximumByteCount)
    let end = (start..<limit).first { !differs($0) } ?? limit
    return TableTampering(
      offset: start, expected: Array(bytes[start..<end]), found: Array(found[start..<end]))
  }
}

extension ResourceTableEntry {
  /// Bytes from the start of the entry that belong to it and that we understand; without a
  /// configuration space.
  fileprivate func fixedByteCount(_ version: ResourceTableVersion) -> Int {
    switch resource {
    case .carveout where version == .v0, .devmem where version == .v0,
      .trace where version == .v0:
      ResourceRecord.encodedByteCount
    case .carveout, .devmem: 56
    case .trace: 48
    case .vdev(let vdev): 28 + 20 * Int(vdev.vringCount)
    case .vringRecord, .vdevRecord: ResourceRecord.encodedByteCount
    case .configRecord, .vendor, .unknown: 4
    }
  }
}
