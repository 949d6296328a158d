import ResourceTable
import TestSupport
import Testing
import WireTypes

/// A table of version 1 with this header, offsets, and bytes after them.
func typedTable(_ offsets: [UInt32], _ content: [UInt8] = [], count: UInt32? = nil) -> [UInt8] {
  var table = [UInt8](repeating: 0, count: 16 + 4 * offsets.count)
  table.patch(UInt32(1), at: 0)
  table.patch(count ?? UInt32(offsets.count), at: 4)
  for (index, offset) in offsets.enumerated() { table.patch(offset, at: 16 + 4 * index) }
  return table + content
}

/// A table of one entry that begins at offset 20 with `type`, then `body`.
func singleEntry(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
  var content = [UInt8](repeating: 0, count: 4) + body
  content.patch(type, at: 0)
  return typedTable([20], content)
}

@Suite("Resource table, version 1")
struct ResourceTableV1Tests {
  private static let carveout = MemoryResource(
    da: DeviceAddress(rawValue: 0x8000_0000), byteCount: 0x1000, flags: 3, name: FixedName("fw"))
  private static let rings = [
    VringResource(da: nil, alignment: 4096, count: 64),
    VringResource(
      da: DeviceAddress(rawValue: 0x9000), alignment: 16, count: 8,
      notifyID: NotifyID(rawValue: 5), pa: PhysicalAddress(rawValue: 0xffff_ffff)),
  ]

  private func sample() throws -> ResourceTableReader {
    var builder = ResourceTableBuilder()
    builder.add(.carveout(Self.carveout))
    builder.add(
      .devmem(
        MemoryResource(
          da: DeviceAddress(rawValue: 0x4000_0000), pa: PhysicalAddress(rawValue: 0x1000),
          byteCount: 16, name: FixedName("uart"))))
    builder.add(
      .trace(
        TraceResource(
          da: DeviceAddress(rawValue: 0x8000_0800), byteCount: 64, name: FixedName("log"))))
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, notifyID: NotifyID(rawValue: 9), deviceFeatures: 1),
        vrings: Self.rings, config: [1, 2, 3]))
    builder.add(.raw(type: 200, body: [8, 0, 0, 0, 0xaa]))
    builder.add(.raw(type: 99, body: []))
    return try ResourceTableReader(parsing: try builder.build())
  }

  @Test("Entries of every type are read in order")
  func entries() throws {
    let reader = try sample()
    #expect(reader.version == .v1)
    let entries = try reader.entries()
    #expect(entries.map(\.index) == Array(0..<6))
    #expect(entries.map(\.offset) == [40, 96, 152, 200, 272, 284])
    #expect(entries[0].resource == .carveout(Self.carveout))
    guard case .devmem(let devmem) = entries[1].resource else {
      Issue.record("\(entries[1])")
      return
    }
    #expect(devmem.pa == PhysicalAddress(rawValue: 0x1000))
    guard case .vdev(let vdev) = entries[3].resource else {
      Issue.record("\(entries[3])")
      return
    }
    #expect(vdev.deviceID == 7)
    #expect(vdev.notifyID == NotifyID(rawValue: 9))
    #expect(vdev.vringCount == 2)
    #expect(vdev.configByteCount == 3)
    #expect(try (0..<2).map { try reader.vring(at: $0, of: entries[3]) } == Self.rings)
    #expect(try Array(reader.payload(of: entries[3])) == [1, 2, 3])
    guard case .vendor(let vendor) = entries[4].resource else {
      Issue.record("\(entries[4])")
      return
    }
    #expect(vendor.type == 200)
    #expect(vendor.claimedByteCount == 8)
    #expect(vendor.availableByteCount == reader.bytes.count - 276)
    #expect(try reader.payload(of: entries[4]).prefix(5) == [8, 0, 0, 0, 0xaa])
    #expect(entries[5].resource == .unknown(type: 99))
    #expect(try reader.payload(of: entries[5]).isEmpty)
    try reader.checkLayout()
    for entry in entries { try entry.checkExtent(version: .v1) }
  }

  @Test("R101 a table shorter than its header is refused", arguments: [0, 1, 15])
  func r101(count: Int) {
    let table = Array(typedTable([]).prefix(count))
    #expect(throws: ResourceTableError.truncated(offset: 0, needed: 16, available: count)) {
      try ResourceTableReader(parsing: table, version: .v1)
    }
  }

  @Test("R101 other versions are refused", arguments: [0, 2, UInt32.max])
  func r101Version(version: UInt32) {
    var table = typedTable([])
    table.patch(version, at: 0)
    #expect(throws: ResourceTableError.unsupportedVersion(version)) {
      try ResourceTableReader(parsing: table)
    }
  }

  @Test("R101 reserved words are zero", arguments: [8, 12])
  func r101Reserved(offset: Int) {
    var table = typedTable([])
    table.patch(UInt32(1), at: offset)
    #expect(throws: ResourceTableError.reservedNotZero(offset: offset)) {
      try ResourceTableReader(parsing: table, version: .v1)
    }
  }

  @Test("A table of nothing but a header has no entries")
  func empty() throws {
    let reader = try ResourceTableReader(parsing: typedTable([]))
    #expect(reader.version == .v1)
    #expect(reader.entryCount == 0)
    try reader.checkLayout()
  }

  @Test(
    "R102 more entries than offsets fit are refused",
    arguments: [2, 0x3fff_fffc, 0x4000_0000, .max] as [UInt32])
  func r102(count: UInt32) {
    #expect(throws: ResourceTableError.offsetsTruncated(count: count, available: 4)) {
      try ResourceTableReader(parsing: typedTable([20], count: count))
    }
  }

  @Test(
    "R103 offsets into the header or past the end are refused",
    arguments: [0, 12, 15, 24, 25, 0x8000_0000, 0xffff_fffc, .max] as [UInt32])
  func r103(offset: UInt32) throws {
    let reader = try ResourceTableReader(
      parsing: typedTable([offset], [99, 0, 0, 0]), version: .v1)
    #expect(
      throws: ResourceTableError.badEntryOffset(index: 0, offset: offset, available: 24)
    ) { try reader.entry(at: 0) }
  }

  @Test("R104 an entry whose type straddles the end is refused", arguments: [21, 22, 23])
  func r104(offset: UInt32) throws {
    let reader = try ResourceTableReader(parsing: typedTable([offset], [0, 0, 0, 0]))
    #expect(
      throws: ResourceTableError.truncated(
        offset: Int(offset), needed: 4, available: 24 - Int(offset))
    ) { try reader.entry(at: 0) }
  }

  @Test("R104 an entry in the array of offsets is refused by the layout check")
  func r104InOffsets() throws {
    let reader = try ResourceTableReader(
      parsing: typedTable([16, 24], [99, 0, 0, 0]), version: .v1)
    // Its own offset is its type: unknown, and readable as Linux reads it.
    #expect(try reader.entry(at: 0).resource == .unknown(type: 16))
    #expect(throws: ResourceTableError.entriesOverlap(index: 0, otherIndex: -1, offset: 16)) {
      try reader.checkLayout()
    }
  }

  @Test("R104 entries need no alignment")
  func r104Unaligned() throws {
    var content = [UInt8](repeating: 0, count: 57)
    content.patch(UInt32(0x100), at: 13)
    let reader = try ResourceTableReader(parsing: typedTable([21], content))
    #expect(
      try reader.entry(at: 0).resource
        == .carveout(
          MemoryResource(da: DeviceAddress(rawValue: 0), byteCount: 0x100, name: WireName())))
    try reader.checkLayout()
  }

  @Test("R104 an entry one byte short is refused", arguments: [(0, 56), (1, 56), (2, 48), (3, 28)])
  func r104Short(type: UInt32, size: Int) throws {
    let whole = singleEntry(type, [UInt8](repeating: 0, count: size - 4))
    #expect(throws: Never.self) { try ResourceTableReader(parsing: whole).entry(at: 0) }
    let cut = try ResourceTableReader(parsing: whole.dropLast())
    #expect(
      throws: ResourceTableError.entryTruncated(
        index: 0, offset: 20, type: type, needed: UInt64(size), available: size - 1)
    ) { try cut.entry(at: 0) }
  }

  @Test("R105 entries that share bytes are refused by the layout check")
  func r105() throws {
    let content = [UInt8](repeating: 0, count: 112)
    let start = UInt32(24)
    try ResourceTableReader(parsing: typedTable([start, start + 56], content)).checkLayout()
    try ResourceTableReader(parsing: typedTable([start + 56, start], content)).checkLayout()
    for second in [start, start + 55] {
      let reader = try ResourceTableReader(parsing: typedTable([start, second], content))
      #expect(
        throws: ResourceTableError.entriesOverlap(
          index: 1, otherIndex: 0, offset: Int(second))
      ) { try reader.checkLayout() }
      #expect(try reader.entries().count == 2)
    }
  }

  @Test("R106 vrings that are not there are refused")
  func r106() throws {
    var body = [UInt8](repeating: 0, count: 24 + 40)
    body[21] = 2
    #expect(throws: Never.self) {
      try ResourceTableReader(parsing: singleEntry(3, body)).entry(at: 0)
    }
    for count: UInt8 in [3, 255] {
      body[21] = count
      let reader = try ResourceTableReader(parsing: singleEntry(3, body))
      #expect(
        throws: ResourceTableError.entryTruncated(
          index: 0, offset: 20, type: 3, needed: 28 + 20 * UInt64(count), available: 68)
      ) { try reader.entry(at: 0) }
    }
  }

  @Test("R107 the count of vrings is a check of its own", arguments: [0, 1, 2, 3, 255])
  func r107(count: UInt8) throws {
    var body = [UInt8](repeating: 0, count: 24 + 20 * 255)
    body[21] = count
    let entry = try ResourceTableReader(parsing: singleEntry(3, body)).entry(at: 0)
    if count == 2 {
      try entry.checkVringCount(2...2)
    } else {
      #expect(
        throws: ResourceTableError.unsupportedVringCount(
          offset: 45, count: Int(count), allowed: 2...2)
      ) { try entry.checkVringCount(2...2) }
    }
  }

  @Test("R108 a configuration space that is not there is refused")
  func r108() throws {
    var body = [UInt8](repeating: 0, count: 24 + 40 + 4)
    body[21] = 2
    for size in [5, 0x7fff_ffff, 0xffff_ffbc, .max] as [UInt32] {
      body.patch(size, at: 16)
      let reader = try ResourceTableReader(parsing: singleEntry(3, body))
      #expect(
        throws: ResourceTableError.entryTruncated(
          index: 0, offset: 20, type: 3, needed: 68 + UInt64(size), available: 72)
      ) { try reader.entry(at: 0) }
    }
    body.patch(UInt32(4), at: 16)
    let reader = try ResourceTableReader(parsing: singleEntry(3, body))
    #expect(try reader.payload(of: try reader.entry(at: 0)).count == 4)
  }

  @Test(
    "Reserved words of entries are zero; truncation counts before them",
    arguments: [(0, 20, 52), (1, 20, 52), (2, 12, 44), (3, 26, 24), (3, 27, 24)])
  func reserved(type: UInt32, offset: Int, size: Int) throws {
    var table = singleEntry(type, [UInt8](repeating: 0, count: size))
    table[20 + offset] = 1
    let field = offset == 27 ? 26 : offset
    #expect(throws: ResourceTableError.reservedNotZero(offset: 20 + field)) {
      try ResourceTableReader(parsing: table).entry(at: 0)
    }
    #expect(
      throws: ResourceTableError.entryTruncated(
        index: 0, offset: 20, type: type, needed: UInt64(size + 4), available: size + 3)
    ) { try ResourceTableReader(parsing: table.dropLast()).entry(at: 0) }
  }

  @Test("R114 empty and wrapping carveouts are a check of their own")
  func r114() throws {
    func check(_ da: UInt32, _ size: UInt32, type: UInt32 = 0) throws {
      var body = [UInt8](repeating: 0, count: 52)
      body.patch(da, at: 0)
      body.patch(size, at: 8)
      try ResourceTableReader(parsing: singleEntry(type, body)).entry(at: 0)
        .checkExtent(version: .v1)
    }
    try check(0xffff_f000, 0x1000)
    try check(.max, .max)
    try check(0, .max)
    #expect(throws: ResourceTableError.emptyResource(offset: 32)) { try check(.max, 0) }
    for (da, size) in [(0xffff_f000, 0x1001), (0xffff_fffe, .max), (2, .max)] as [(UInt32, UInt32)]
    {
      #expect(
        throws: ResourceTableError.addressWrap(
          offset: 24, start: UInt64(da), byteCount: UInt64(size), last: 0xffff_ffff)
      ) { try check(da, size) }
    }
    try check(0, 16, type: 1)
    #expect(throws: ResourceTableError.emptyResource(offset: 32)) { try check(0, 0, type: 1) }
  }

  @Test("R116 a devmem entry whose physical range wraps is refused by the extent check")
  func r116() throws {
    var body = [UInt8](repeating: 0, count: 52)
    body.patch(UInt32(0xffff_fff0), at: 4)
    body.patch(UInt32(0x11), at: 8)
    let entry = try ResourceTableReader(parsing: singleEntry(1, body)).entry(at: 0)
    #expect(
      throws: ResourceTableError.addressWrap(
        offset: 28, start: 0xffff_fff0, byteCount: 0x11, last: 0xffff_ffff)
    ) { try entry.checkExtent(version: .v1) }
  }

  @Test("R117 a trace nowhere, empty or huge is read; the extent check names what is wrong")
  func r117() throws {
    func entry(_ da: UInt32, _ size: UInt32) throws -> ResourceTableEntry {
      var body = [UInt8](repeating: 0, count: 44)
      body.patch(da, at: 0)
      body.patch(size, at: 4)
      return try ResourceTableReader(parsing: singleEntry(2, body)).entry(at: 0)
    }
    guard case .trace(let trace) = try entry(.max, 5).resource else {
      Issue.record("no trace")
      return
    }
    #expect(trace.da == nil)
    #expect(throws: ResourceTableError.emptyResource(offset: 28)) {
      try entry(0, 0).checkExtent(version: .v1)
    }
    try entry(0, 1 << 31).checkExtent(version: .v1)
    #expect(
      throws: ResourceTableError.addressWrap(
        offset: 24, start: 0x8000_0001, byteCount: 1 << 31, last: 0xffff_ffff)
    ) { try entry(0x8000_0001, 1 << 31).checkExtent(version: .v1) }
  }

  @Test(
    "R118 types of vendors and unknown types are told apart",
    arguments: [4, 5, 127, 128, 512, 513, UInt32.max])
  func r118(type: UInt32) throws {
    // Nothing follows the type: no length is read past the end.
    let entry = try ResourceTableReader(parsing: singleEntry(type, []), version: .v1).entry(at: 0)
    if (128...512).contains(type) {
      guard case .vendor(let vendor) = entry.resource else {
        Issue.record("\(entry)")
        return
      }
      #expect(vendor.type == type)
      #expect(vendor.claimedByteCount == nil)
      #expect(vendor.availableByteCount == 0)
    } else {
      #expect(entry.resource == .unknown(type: type))
    }
  }

  @Test("R118 a vendor's claimed length needs all four bytes", arguments: 0...4)
  func r118Length(count: Int) throws {
    let table = singleEntry(128, [UInt8](repeating: 0xff, count: count))
    let reader = try ResourceTableReader(parsing: table)
    guard case .vendor(let vendor) = try reader.entry(at: 0).resource else {
      Issue.record("no vendor entry")
      return
    }
    #expect(vendor.claimedByteCount == (count == 4 ? .max : nil))
    #expect(vendor.availableByteCount == count)
    #expect(try reader.payload(of: try reader.entry(at: 0)).count == count)
  }

  @Test("More entries than the limit are refused before they are read")
  func limit() throws {
    let reader = try ResourceTableReader(
      parsing: typedTable([28, 28, 28], [99, 0, 0, 0]), version: .v1)
    let expected = ResourceTableError.tooManyEntries(count: 3, limit: 2)
    #expect(throws: expected) { try reader.entries(limit: 2) }
    #expect(throws: expected) { try reader.checkLayout(limit: 2) }
    #expect(try reader.entries(limit: 3).count == 3)
  }

  @Test("A shorter table than the one the layout was read from is refused")
  func shorter() throws {
    let reader = try sample()
    let layout = reader.layout
    let short = Array(reader.bytes.dropLast())
    #expect(throws: ResourceTableError.self) {
      try layout.entry(at: 0, in: short.span.bytes)
    }
  }
}
