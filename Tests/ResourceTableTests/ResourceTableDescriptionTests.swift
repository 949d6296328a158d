import ResourceTable
import TestSupport
import Testing
import WireTypes

@Suite("Descriptions of resource tables")
struct ResourceTableDescriptionTests {
  @Test(
    "The description of a random table makes its bytes again", arguments: 0..<400 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = RandomTable(seed: seed)
    for table in [try random.entries(), random.records()] {
      for version in [ResourceTableVersion.v0, .v1, nil] {
        guard let reader = try? ResourceTableReader(parsing: table, version: version),
          let description = try? ResourceTableDescription(of: reader)
        else { continue }
        #expect(description.version == reader.version)
        #expect(try description.build() == table, "seed \(seed)")
      }
    }
  }

  @Test("Most random tables can be described")
  func coverage() throws {
    var described = 0
    for seed in 0..<400 as Range<UInt64> {
      var random = RandomTable(seed: seed)
      let reader = try ResourceTableReader(parsing: try random.entries(), version: .v1)
      if (try? ResourceTableDescription(of: reader)) != nil { described += 1 }
    }
    #expect(described > 200)
  }

  @Test("An honest table needs no offsets and no patches")
  func honest() throws {
    var builder = ResourceTableBuilder()
    builder.add(.carveout(MemoryResource(da: nil, byteCount: 0x1000, name: WireName("fw"))))
    builder.add(.raw(type: 200, body: [1, 2, 3]))
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, deviceFeatures: 1),
        vrings: [VringResource(da: nil, alignment: 16, count: 8)], config: [9]))
    let table = try builder.build()
    let description = try ResourceTableDescription(of: ResourceTableReader(parsing: table))
    #expect(description.byteCount == nil && description.patches.isEmpty)
    guard case .items(let items) = description.content else {
      Issue.record("no items")
      return
    }
    #expect(items.allSatisfy { $0.offset == nil })
    // All up to the next entry may belong to a vendor's, the byte of padding included.
    #expect(items[1].entry == .raw(type: 200, body: [1, 2, 3, 0]))
  }

  @Test("A name that is no text is kept as bytes")
  func oddName() throws {
    var memory = MemoryResource(da: nil, byteCount: 1, name: WireName("odd"))
    memory.name.storage[1] = 0x80
    memory.name.storage[31] = 1
    var builder = ResourceTableBuilder()
    builder.add(.carveout(memory))
    let table = try builder.build()
    let description = try ResourceTableDescription(of: ResourceTableReader(parsing: table))
    #expect(
      description.patches == [
        ResourceTableDescription.Patch(offset: 44, bytes: [0x6f, 0x80, 0x64]),
        ResourceTableDescription.Patch(offset: 75, bytes: [1]),
      ])
    #expect(try description.build() == table)
  }

  @Test("Sizes and patches that do not fit are refused")
  func refused() throws {
    var description = ResourceTableDescription(.records([ResourceRecord(type: 0)]), byteCount: 95)
    #expect(throws: ResourceTableError.truncated(offset: 0, needed: 96, available: 95)) {
      try description.build()
    }
    description.byteCount = 97
    #expect(try description.build().count == 97)
    description.patches = [ResourceTableDescription.Patch(offset: 96, bytes: [1, 2])]
    #expect(throws: ResourceTableError.truncated(offset: 96, needed: 2, available: 1)) {
      try description.build()
    }
    description.patches = [ResourceTableDescription.Patch(offset: -1, bytes: [1])]
    #expect(throws: ResourceTableError.truncated(offset: -1, needed: 1, available: 98)) {
      try description.build()
    }
    let limit = ResourceTableDescription.maximumByteCount
    description = ResourceTableDescription(.records([]), byteCount: limit + 1)
    #expect(throws: ResourceTableError.tableTooLarge(byteCount: limit + 1, limit: limit)) {
      try description.build()
    }
    description = ResourceTableDescription(
      .items([ResourceTableDescription.Item(.raw(type: 1, body: []), offset: .max)]))
    #expect(throws: ResourceTableError.tableTooLarge(byteCount: .max, limit: limit)) {
      try description.build()
    }
    let large = try ResourceTableReader(
      parsing: [UInt8](repeating: 0, count: limit + 1), version: .v0)
    #expect(throws: ResourceTableError.tooManyEntries(count: 10_922, limit: 4096)) {
      try large.entries()
    }
    #expect(throws: ResourceTableError.tableTooLarge(byteCount: limit + 1, limit: limit)) {
      try ResourceTableDescription(of: large)
    }
  }

  @Test("A builder puts entries where it is told, and refuses places beyond 32 bits")
  func offsets() throws {
    var builder = ResourceTableBuilder()
    builder.add(.raw(type: 600, body: [1]), at: 40)
    builder.add(.raw(type: 601, body: []))
    let table = try builder.build()
    #expect(table.count == 52)
    #expect(try ResourceTableReader(parsing: table).entries().map(\.offset) == [40, 48])
    for offset in [-1, 1 << 32] {
      var builder = ResourceTableBuilder()
      builder.add(.raw(type: 600, body: []), at: offset)
      #expect(
        throws: ResourceTableError.valueTooLarge(
          offset: 16, value: UInt64(clamping: offset), fieldByteCount: 4)
      ) { try builder.build() }
    }
  }

  @Test("The bytes of each field are those that change with it")
  func fields() throws {
    var builder = ResourceTableBuilder()
    let memory = MemoryResource(da: nil, byteCount: 1, name: WireName("m"))
    builder.add(.carveout(memory))
    builder.add(.trace(TraceResource(da: nil, byteCount: 1, name: WireName("t"))))
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, deviceFeatures: 1),
        vrings: [VringResource(da: nil, alignment: 1, count: 1)], config: []))
    let entries = try ResourceTableReader(parsing: try builder.build()).entries()
    #expect(entries[0].range(of: .byteCount, version: .v1) == 28 + 12..<28 + 16)
    #expect(entries[0].range(of: .name, version: .v1) == 28 + 24..<28 + 56)
    #expect(entries[0].range(of: .status, version: .v1) == nil)
    #expect(entries[1].range(of: .byteCount, version: .v1) == 84 + 8..<84 + 12)
    #expect(entries[2].range(of: .status, version: .v1) == 132 + 24..<132 + 25)
    #expect(entries[2].range(of: .vringCount, version: .v1) == 132 + 25..<132 + 26)
    #expect(entries[2].range(of: .count, ofVring: 0) == 132 + 36..<132 + 40)
    #expect(entries[2].range(of: .count, ofVring: 1) == nil)
    #expect(entries[0].range(of: .count, ofVring: 0) == nil)
    let old = ResourceTableBuilder.build(records: [
      ResourceRecord(type: 0), ResourceRecord(type: 4),
    ])
    let record = try ResourceTableReader(parsing: old).entry(at: 1)
    #expect(record.range(of: .status, version: .v0) == 96 + 24..<96 + 28)
    #expect(record.range(of: .da, version: .v0) == nil)
  }
}
