#if !hasFeature(Embedded)
import WireTypes

/// Makes resource tables of either version.
///
/// ```swift
/// var builder = ResourceTableBuilder()
/// builder.add(.carveout(MemoryResource(da: nil, byteCount: 0x10000, name: WireName("fw"))))
/// let table = try builder.build()
/// ```
public struct ResourceTableBuilder: Sendable {
  /// An entry to be made.
  public enum Entry: Equatable, Sendable {
    /// Memory set aside for the processor.
    case carveout(MemoryResource)
    /// A range of the bus to be mapped for the processor.
    case devmem(MemoryResource)
    /// A log buffer.
    case trace(TraceResource)
    /// A virtio device; the counts of vrings and of bytes are taken from what is given here.
    case vdev(VdevResource, vrings: [VringResource], config: [UInt8])
    /// An entry of any type with what follows its type.
    case raw(type: UInt32, body: [UInt8])
  }

  private var entries: [(entry: Entry, offset: Int?)] = []

  /// A table of version 1 without entries.
  public init() {}

  /// Adds `entry` behind those before it, at `offset` of the table or the next multiple of 4.
  public mutating func add(_ entry: Entry, at offset: Int? = nil) {
    entries.append((entry, offset))
  }

  /// The table.
  ///
  /// Entries may overlap where offsets were given: later ones overwrite earlier ones, and the
  /// header overwrites entries.
  ///
  /// - Throws: ``ResourceTableError/valueTooLarge(offset:value:fieldByteCount:)`` when an address
  ///   or a count does not fit into its field.
  public func build() throws(ResourceTableError) -> [UInt8] {
    let header = ResourceTableLayout.headerByteCount + 4 * entries.count
    var offsets: [Int] = []
    var end = header
    var byteCount = header
    for (entry, wanted) in entries {
      let offset = wanted ?? (end + 3) & ~3
      guard UInt32(exactly: offset) != nil else {
        throw .valueTooLarge(
          offset: ResourceTableLayout.headerByteCount + 4 * offsets.count,
          value: UInt64(clamping: offset), fieldByteCount: 4)
      }
      offsets.append(offset)
      end = offset + entry.encodedByteCount
      byteCount = max(byteCount, end)
    }
    var table = [UInt8](repeating: 0, count: byteCount)
    for (offset, (entry, _)) in zip(offsets, entries) {
      try Self.put(entry, into: &table, at: offset)
    }
    table.store(1, at: 0)
    table.store(UInt32(entries.count), at: 4)
    table.store(0, at: 8)
    table.store(0, at: 12)
    for (index, offset) in offsets.enumerated() {
      table.store(UInt32(offset), at: ResourceTableLayout.headerByteCount + 4 * index)
    }
    return table
  }

  private static func put(
    _ entry: Entry, into table: inout [UInt8], at offset: Int
  ) throws(ResourceTableError) {
    let fixedEnd = offset + entry.fixedByteCount
    let trailer = entry.trailer
    table.replaceSubrange(fixedEnd..<fixedEnd + trailer.count, with: trailer)
    var span = table.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    switch entry {
    case .carveout(let memory): try memory.encode(type: 0, into: &raw, at: offset)
    case .devmem(let memory): try memory.encode(type: 1, into: &raw, at: offset)
    case .trace(let trace): try trace.encode(into: &raw, at: offset)
    case .vdev(let vdev, let vrings, let config):
      try encode(vdev, vrings, config.count, into: &raw, at: offset)
    case .raw(let type, _): raw.storeLittleEndian(type, at: offset)
    }
  }

  private static func encode(
    _ vdev: VdevResource, _ vrings: [VringResource], _ configByteCount: Int,
    into table: inout MutableRawSpan, at offset: Int
  ) throws(ResourceTableError) {
    guard let vringCount = UInt8(exactly: vrings.count) else {
      throw .valueTooLarge(
        offset: offset + 25, value: UInt64(vrings.count), fieldByteCount: 1)
    }
    guard let configCount = UInt32(exactly: configByteCount) else {
      throw .valueTooLarge(
        offset: offset + 20, value: UInt64(configByteCount), fieldByteCount: 4)
    }
    var vdev = vdev
    vdev.vringCount = vringCount
    vdev.configByteCount = configCount
    try vdev.encode(into: &table, at: offset)
    for (index, vring) in vrings.enumerated() {
      let start =
        offset + VdevResource.headerByteCount + VringResource.encodedByteCount * index
      try vring.encode(into: &table, at: start)
    }
  }

  /// A table of version 0.
  public static func build(records: [ResourceRecord]) -> [UInt8] {
    let size = ResourceRecord.encodedByteCount
    var table = [UInt8](repeating: 0, count: size * records.count)
    var span = table.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    for (index, record) in records.enumerated() {
      record.store(into: &raw, at: size * index)
    }
    return table
  }
}

extension ResourceTableBuilder.Entry {
  /// Bytes of the entry without a configuration space or a body.
  fileprivate var fixedByteCount: Int {
    switch self {
    case .carveout, .devmem: MemoryResource.encodedByteCount
    case .trace: TraceResource.encodedByteCount
    case .vdev(_, let vrings, _):
      VdevResource.headerByteCount + VringResource.encodedByteCount * vrings.count
    case .raw: 4
    }
  }

  /// The configuration space or the body.
  fileprivate var trailer: [UInt8] {
    switch self {
    case .carveout, .devmem, .trace: []
    case .vdev(_, _, let config): config
    case .raw(_, let body): body
    }
  }

  /// Bytes of the entry.
  var encodedByteCount: Int { fixedByteCount + trailer.count }
}

extension [UInt8] {
  /// Stores a word that is known to fit.
  fileprivate mutating func store(_ value: UInt32, at offset: Int) {
    for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }
}
#endif
