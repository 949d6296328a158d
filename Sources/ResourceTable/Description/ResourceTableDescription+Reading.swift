#if !hasFeature(Embedded)
import WireTypes

extension ResourceTableDescription {
  /// Describes a table; ``build()`` makes the same bytes again.
  ///
  /// Names that are no text, and bytes that belong to nothing, become patches.
  ///
  /// - Throws: ``ResourceTableError`` of an entry that cannot be read,
  ///   ``ResourceTableError/tooManyEntries(count:limit:)`` or
  ///   ``ResourceTableError/tableTooLarge(byteCount:limit:)``.
  public init(of table: ResourceTableReader) throws(ResourceTableError) {
    guard table.bytes.count <= Self.maximumByteCount else {
      throw .tableTooLarge(byteCount: table.bytes.count, limit: Self.maximumByteCount)
    }
    switch table.version {
    case .v0: self.init(.records(try Self.records(of: table)))
    case .v1: self.init(.items(try Self.items(of: table)))
    }
    try complete(for: table.bytes)
  }

  private static func records(
    of table: ResourceTableReader
  ) throws(ResourceTableError) -> [ResourceRecord] {
    var records: [ResourceRecord] = []
    for index in 0..<table.entryCount {
      let offset = ResourceRecord.encodedByteCount * index
      var record = try table.withTable { (bytes) throws(ResourceTableError) in
        try ResourceRecord(decoding: bytes, at: offset)
      }
      record.reserved = (0, 0)
      record.name = record.name.text
      records.append(record)
    }
    return records
  }

  private static func items(
    of table: ResourceTableReader
  ) throws(ResourceTableError) -> [Item] {
    let entries = try table.entries()
    let starts = entries.map(\.offset).sorted() + [table.bytes.count]
    var items: [Item] = []
    var end = table.layout.contentOffset
    for entry in entries {
      let content = try Self.content(of: entry, before: starts, in: table)
      let usual = (end + 3) & ~3
      items.append(Item(content, offset: entry.offset == usual ? nil : entry.offset))
      end = entry.offset + content.encodedByteCount
    }
    return items
  }

  /// What `entry` says; where its own size is not known it ends where another of `starts` is.
  private static func content(
    of entry: ResourceTableEntry, before starts: [Int], in table: ResourceTableReader
  ) throws(ResourceTableError) -> ResourceTableBuilder.Entry {
    func raw(_ type: UInt32) -> ResourceTableBuilder.Entry {
      let start = entry.offset + 4
      let next = starts.first { $0 > entry.offset } ?? table.bytes.count
      return .raw(type: type, body: start < next ? Array(table.bytes[start..<next]) : [])
    }
    switch entry.resource {
    case .carveout(var memory):
      memory.name = memory.name.text
      return .carveout(memory)
    case .devmem(var memory):
      memory.name = memory.name.text
      return .devmem(memory)
    case .trace(var trace):
      trace.name = trace.name.text
      return .trace(trace)
    case .vdev(let vdev):
      var vrings: [VringResource] = []
      for index in 0..<Int(vdev.vringCount) {
        vrings.append(try table.vring(at: index, of: entry))
      }
      return .vdev(vdev, vrings: vrings, config: Array(try table.payload(of: entry)))
    case .vendor(let vendor): return raw(vendor.type)
    case .unknown(let type): return raw(type)
    case .vringRecord(let record), .vdevRecord(let record), .configRecord(let record):
      return raw(record.type)
    }
  }

  /// Adds what is missing to `bytes`: the size, and patches where the content says otherwise.
  private mutating func complete(for bytes: [UInt8]) throws(ResourceTableError) {
    var built = try build()
    if built.count < bytes.count {
      byteCount = bytes.count
      built += [UInt8](repeating: 0, count: bytes.count - built.count)
    }
    var index = 0
    while index < bytes.count {
      guard built[index] != bytes[index] else {
        index += 1
        continue
      }
      var end = index + 1
      while end < bytes.count, built[end] != bytes[end] { end += 1 }
      patches.append(Patch(offset: index, bytes: Array(bytes[index..<end])))
      index = end
    }
  }
}

extension FixedName {
  /// The name up to its first NUL when that is printable ASCII and a NUL follows; else empty.
  fileprivate var text: Self {
    var text = Self()
    for index in 0..<capacity {
      let byte = storage[index]
      if byte == 0 { return text }
      guard (0x20..<0x7f).contains(byte) else { return Self() }
      text.storage[index] = byte
    }
    return Self()
  }
}
#endif
