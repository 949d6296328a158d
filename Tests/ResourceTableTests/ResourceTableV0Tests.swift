import ResourceTable
import TestSupport
import Testing
import WireTypes

@Suite("Resource table, version 0")
struct ResourceTableV0Tests {
  private static let records = [
    ResourceRecord(
      type: 0, id: 0, da: 0x1_0000_0000, pa: 0x2_0000_0000, count: 0x1000, flags: 3,
      name: FixedName("memory")),
    ResourceRecord(
      type: 1, da: 0x4000_0000, pa: 0x4a00_0000, count: 0x1000, name: FixedName("devices")),
    ResourceRecord(type: 2, da: 0x1_0000_0000, count: 64, name: FixedName("trace")),
    ResourceRecord(type: 4, da: 0x1_0000_0001, pa: 2, count: 4, flags: 7, name: FixedName("vdev")),
    ResourceRecord(type: 3, id: 1, count: 256, name: FixedName("vring1")),
    ResourceRecord(type: 5),
    ResourceRecord(type: 6),
  ]

  private func reader(
    _ records: [ResourceRecord] = Self.records, version: ResourceTableVersion? = nil
  ) throws -> ResourceTableReader {
    try ResourceTableReader(
      parsing: ResourceTableBuilder.build(records: records), version: version)
  }

  @Test("All six types, with addresses of 64 bits")
  func types() throws {
    let reader = try reader()
    #expect(reader.version == .v0)
    let resources = try reader.entries().map(\.resource)
    #expect(
      resources == [
        .carveout(
          MemoryResource(
            da: DeviceAddress(rawValue: 0x1_0000_0000),
            pa: PhysicalAddress(rawValue: 0x2_0000_0000), byteCount: 0x1000, flags: 3,
            name: FixedName("memory"))),
        .devmem(
          MemoryResource(
            da: DeviceAddress(rawValue: 0x4000_0000), pa: PhysicalAddress(rawValue: 0x4a00_0000),
            byteCount: 0x1000, name: FixedName("devices"))),
        .trace(
          TraceResource(
            da: DeviceAddress(rawValue: 0x1_0000_0000), byteCount: 64, name: FixedName("trace"))),
        .vdevRecord(Self.records[3]), .vringRecord(Self.records[4]),
        .configRecord(Self.records[5]), .unknown(type: 6),
      ])
    #expect(try reader.entries().map(\.offset) == (0..<7).map { 96 * $0 })
    try reader.checkLayout()
  }

  @Test("R001 a partial record at the end does not count; the layout check names it")
  func r001() throws {
    let whole = ResourceTableBuilder.build(records: Self.records)
    for extra in [1, 95] {
      let table = whole + [UInt8](repeating: 0, count: extra)
      let reader = try ResourceTableReader(parsing: table)
      #expect(reader.version == .v0)
      #expect(reader.entryCount == 7)
      #expect(throws: ResourceTableError.trailingBytes(offset: 672, byteCount: extra)) {
        try reader.checkLayout()
      }
    }
  }

  @Test("R002 an empty section has no entries")
  func r002() throws {
    let reader = try ResourceTableReader(parsing: [])
    #expect(reader.version == .v0)
    #expect(reader.entryCount == 0)
    try reader.checkLayout()
    #expect(try ResourceTableReader(parsing: [UInt8](1...95), version: .v0).entryCount == 0)
  }

  @Test("R003 a name without NUL is cut, and escaped for people")
  func r003() throws {
    var record = ResourceRecord(type: 0, count: 1)
    for index in 0..<48 { record.name.storage[index] = index == 1 ? 0x1b : 0x61 }
    let reader = try reader([record])
    guard case .carveout(let memory) = try reader.entry(at: 0).resource else {
      Issue.record("no carveout")
      return
    }
    #expect(memory.name.description == "a\\x1b" + String(repeating: "a", count: 29))
    #expect(memory.name.isTerminated)
  }

  @Test("R004 empty records and those that wrap in 64 bits are refused by the extent check")
  func r004() throws {
    func check(_ da: UInt64, _ size: UInt32, type: UInt32 = 0) throws {
      let record = ResourceRecord(type: type, da: da, count: size)
      try reader([record], version: .v0).entry(at: 0).checkExtent(version: .v0)
    }
    for type in 0...2 as ClosedRange<UInt32> {
      try check(.max - 15, 16, type: type)
      try check(0xffff_ffff, 16, type: type)
      #expect(throws: ResourceTableError.emptyResource(offset: 24)) {
        try check(1, 0, type: type)
      }
      #expect(
        throws: ResourceTableError.addressWrap(
          offset: 8, start: .max - 15, byteCount: 17, last: .max)
      ) { try check(.max - 15, 17, type: type) }
    }
  }

  @Test("R005 unknown types are told, not refused", arguments: [6, 0x8000_0000, UInt32.max])
  func r005(type: UInt32) throws {
    let reader = try reader([Self.records[0], ResourceRecord(type: type)])
    #expect(try reader.entry(at: 1).resource == .unknown(type: type))
  }

  @Test("R006 one version is chosen for any table")
  func r006() throws {
    // Version 1 whose first word says 0, and version 0 whose first word happens to be 1.
    var builder = ResourceTableBuilder()
    builder.add(
      .carveout(MemoryResource(da: nil, byteCount: 0x1000, flags: 0, name: FixedName("firmware"))))
    builder.add(
      .trace(TraceResource(da: nil, byteCount: 0x1000, name: FixedName("trace"))))
    var table = try builder.build()
    #expect(try ResourceTableReader(parsing: table).version == .v1)
    table.patch(UInt32(0), at: 0)
    #expect(throws: ResourceTableError.unsupportedVersion(0)) {
      try ResourceTableReader(parsing: table)
    }
    #expect(try reader([Self.records[1]]).version == .v0)
    // A reserved word, an offset, or a count that is wrong does not make a table of version 0.
    for (offset, value) in [(8, 1), (12, 1), (4, 1000)] as [(Int, UInt32)] {
      var broken = try builder.build()
      broken.patch(value, at: offset)
      #expect(throws: ResourceTableError.self) { try ResourceTableReader(parsing: broken) }
    }
    var broken = try builder.build()
    broken.patch(UInt32(4), at: 16)
    #expect(try ResourceTableReader(parsing: broken).version == .v1)
  }

  @Test("R006 where the bytes fit both versions the caller can name one")
  func r006Override() throws {
    let table = ResourceTableBuilder.build(records: [
      ResourceRecord(type: 1, pa: 0x4a00_0000, count: 4096)
    ])
    #expect(try ResourceTableReader(parsing: table).version == .v1)
    let reader = try ResourceTableReader(parsing: table, version: .v0)
    #expect(reader.entryCount == 1)
    #expect(throws: Never.self) { try ResourceTableReader(parsing: table, version: .v1) }
  }

  @Test("R007 a million records are refused at the limit, and none is read before")
  func r007() throws {
    let reader = try ResourceTableReader(
      parsing: [UInt8](repeating: 0, count: 96_000_000), version: .v0)
    #expect(reader.entryCount == 1_000_000)
    let expected = ResourceTableError.tooManyEntries(count: 1_000_000, limit: 4096)
    #expect(throws: expected) { try reader.checkLayout() }
    #expect(throws: expected) { try reader.entries() }
    #expect(throws: Never.self) { try reader.entry(at: 999_999) }
  }

  @Test("Reserved bytes are zero, says the layout check", arguments: [32, 39, 40, 47])
  func reserved(offset: Int) throws {
    var table = ResourceTableBuilder.build(records: Self.records)
    table[96 + offset] = 1
    let reader = try ResourceTableReader(parsing: table)
    #expect(reader.version == .v0)
    #expect(
      throws: ResourceTableError.reservedNotZero(offset: 96 + (offset < 40 ? 32 : 40))
    ) { try reader.checkLayout() }
  }
}
