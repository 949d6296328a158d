import ResourceTable
import TestSupport
import Testing
import WireTypes

@Suite("Conversion of resource tables")
struct ResourceTableConversionTests {
  private static func record(
    _ type: UInt32, id: UInt32 = 0, da: UInt64 = 0x8000_0000, count: UInt32 = 0x1000,
    flags: UInt32 = 0, name: StaticString = "fw"
  ) -> ResourceRecord {
    ResourceRecord(
      type: type, id: id, da: da, count: count, flags: flags, name: FixedName<48>(name))
  }

  private static let device = ResourceRecord(type: 4, da: 1, flags: 7)
  private static func ring(_ id: UInt32) -> ResourceRecord {
    ResourceRecord(type: 3, id: id, count: 256)
  }

  private func convert(_ records: [ResourceRecord]) throws -> [UInt8] {
    let bytes = ResourceTableBuilder.build(records: records)
    return try ResourceTableReader(parsing: bytes, version: .v0).converted(to: .v1)
  }

  private func convert(_ entries: [ResourceTableBuilder.Entry]) throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    for entry in entries { builder.add(entry) }
    return try ResourceTableReader(parsing: try builder.build()).converted(to: .v0)
  }

  private static func vdev(
    _ vrings: [VringResource], id: UInt32 = 7, notifyID: UInt32 = 0, config: [UInt8] = []
  ) -> ResourceTableBuilder.Entry {
    .vdev(
      VdevResource(
        deviceID: id, notifyID: NotifyID(rawValue: notifyID), deviceFeatures: 0x3000_0001),
      vrings: vrings, config: config)
  }

  private static func vring(
    da: DeviceAddress? = nil, alignment: UInt32 = 4096, notifyID: UInt32 = .max, pa: UInt64 = 0
  ) -> VringResource {
    VringResource(
      da: da, alignment: alignment, count: 256, notifyID: NotifyID(rawValue: notifyID),
      pa: PhysicalAddress(rawValue: pa))
  }

  private static func memory(
    _ da: UInt64?, name: StaticString = "fw"
  ) -> MemoryResource {
    MemoryResource(
      da: da.map(DeviceAddress.init), pa: PhysicalAddress(rawValue: 0x1000), byteCount: 0x2000,
      flags: 6, name: WireName(name))
  }

  @Test("A table of version 0 in version 1, and back")
  func there() throws {
    let records = [
      Self.record(0), Self.record(0, id: 1, da: 0x9000_0000, flags: 3, name: "data"),
      Self.record(1, da: 0x4a00_0000, name: "regs"), Self.record(2, da: 0x8000_0800, name: "log"),
      Self.device, Self.ring(0), Self.ring(1),
    ]
    let table = try convert(records)
    let reader = try ResourceTableReader(parsing: table)
    #expect(reader.version == .v1)
    let entries = try reader.entries()
    #expect(entries.count == 5)
    guard case .vdev(let vdev) = entries[4].resource else {
      Issue.record("\(entries[4])")
      return
    }
    #expect(vdev.deviceID == 7 && vdev.deviceFeatures == 1 && vdev.vringCount == 2)
    #expect(try reader.vring(at: 1, of: entries[4]) == Self.vring())
    #expect(try reader.converted(to: .v0) == ResourceTableBuilder.build(records: records))
  }

  @Test("A table of version 1 in version 0, and back")
  func back() throws {
    let entries: [ResourceTableBuilder.Entry] = [
      .carveout(Self.memory(0x8000_0000)),
      .devmem(Self.memory(0x4a00_0000, name: "a name of just thirty-one bytes")),
      .trace(
        TraceResource(
          da: DeviceAddress(rawValue: 0x8000_0100), byteCount: 64, name: WireName("log"))),
      Self.vdev([Self.vring(), Self.vring(da: DeviceAddress(rawValue: 0x9000_0000))]),
    ]
    var builder = ResourceTableBuilder()
    for entry in entries { builder.add(entry) }
    let table = try builder.build()
    let old = try ResourceTableReader(parsing: table).converted(to: .v0)
    #expect(old.count == 6 * 96)
    #expect(ResourceTableVersion(detecting: old.span.bytes) == .v0)
    #expect(try ResourceTableReader(parsing: old).converted(to: .v1) == table)
  }

  @Test("The device stands where its record stood, although its rings come later")
  func order() throws {
    let table = try convert([
      Self.device, Self.record(0), Self.ring(0), Self.record(2), Self.ring(1),
    ])
    let kinds = try ResourceTableReader(parsing: table).entries().map { entry in
      switch entry.resource {
      case .vdev: "vdev"
      case .carveout: "carveout"
      case .trace: "trace"
      default: "?"
      }
    }
    #expect(kinds == ["vdev", "carveout", "trace"])
  }

  @Test("What version 1 cannot express is named, with its place")
  func fromRecords() throws {
    let long = ResourceRecord(
      type: 0, da: 1, count: 1, name: FixedName<48>("a name of more than thirty-one bytes"))
    var tracePA = Self.record(2)
    tracePA.pa = 4
    var wide = Self.device
    wide.da = 1 << 32
    var accepted = Self.device
    accepted.pa = 1 << 33
    var status = Self.device
    status.count = 256
    var physical = Self.record(1)
    physical.pa = 1 << 32
    let cases: [([ResourceRecord], Int, Int, ResourceTableObstacle)] = [
      ([Self.record(0, da: 0xffff_ffff)], 0, 8, .addressTooLarge(0xffff_ffff)),
      ([Self.record(0), Self.record(2, da: 1 << 32)], 1, 104, .addressTooLarge(1 << 32)),
      ([physical], 0, 16, .addressTooLarge(1 << 32)),
      ([long], 0, 48, .nameTooLong(byteCount: 36)),
      ([tracePA], 0, 16, .noSuchField(value: 4)),
      ([Self.record(2, flags: 9)], 0, 28, .noSuchField(value: 9)),
      ([Self.device, Self.device], 1, 96, .secondDevice),
      ([wide], 0, 8, .featuresTooLarge(1 << 32)),
      ([accepted], 0, 16, .featuresTooLarge(1 << 33)),
      ([status], 0, 24, .statusTooLarge(256)),
      ([Self.ring(0)], 0, 4, .ringNumber(0)),
      ([Self.device, Self.ring(1)], 1, 100, .ringNumber(1)),
      (
        [Self.device, ResourceRecord(type: 3, da: 1 << 32, count: 4)], 1, 104,
        .addressTooLarge(1 << 32)
      ),
      ([Self.device, Self.ring(0), Self.ring(1), Self.ring(2)], 3, 292, .ringNumber(2)),
      ([Self.record(5)], 0, 0, .entryType(5)), ([Self.record(9)], 0, 0, .entryType(9)),
    ]
    for (records, index, offset, obstacle) in cases {
      let error = ResourceTableError.notExpressible(
        index: index, offset: offset, obstacle: obstacle)
      #expect(throws: error) { try convert(records) }
    }
  }

  @Test("What version 0 cannot express is named, with its place")
  func fromEntries() throws {
    let good = [Self.vring(), Self.vring()]
    let zero = DeviceAddress(rawValue: 0)
    // The one entry begins at 20, its rings at 48 and 68.
    let cases: [(ResourceTableBuilder.Entry, Int, ResourceTableObstacle)] = [
      (.carveout(Self.memory(nil)), 24, .anyAddress),
      (.devmem(Self.memory(nil)), 24, .anyAddress),
      (.trace(TraceResource(da: nil, byteCount: 1, name: WireName("t"))), 24, .anyAddress),
      (.raw(type: 128, body: [0, 0, 0, 0]), 20, .entryType(128)),
      (.raw(type: 4, body: []), 20, .entryType(4)),
      (Self.vdev(good, id: 11), 24, .deviceKind(11)),
      (Self.vdev([Self.vring()]), 45, .ringCount(1)),
      (Self.vdev(good, config: [1, 2, 3]), 40, .configSpace(byteCount: 3)),
      (Self.vdev(good, notifyID: 5), 28, .notifyID(5)),
      (Self.vdev([Self.vring(), Self.vring(alignment: 16)]), 72, .ringAlignment(16)),
      (Self.vdev([Self.vring(da: zero), Self.vring()]), 48, .ringAtZero),
      (Self.vdev([Self.vring(notifyID: 1), Self.vring()]), 60, .notifyID(1)),
      (Self.vdev([Self.vring(), Self.vring(pa: 8)]), 84, .noSuchField(value: 8)),
    ]
    for (entry, offset, obstacle) in cases {
      let error = ResourceTableError.notExpressible(index: 0, offset: offset, obstacle: obstacle)
      #expect(throws: error) { try convert([entry]) }
    }
    #expect(
      throws: ResourceTableError.notExpressible(index: 1, offset: 92, obstacle: .secondDevice)
    ) {
      try convert([Self.vdev(good), Self.vdev(good)])
    }
  }

  @Test("A table with a bad layout is refused; the same version only loses what is odd")
  func layout() throws {
    let trailing = ResourceTableBuilder.build(records: [Self.record(0)]) + [1]
    #expect(throws: ResourceTableError.trailingBytes(offset: 96, byteCount: 1)) {
      try ResourceTableReader(parsing: trailing, version: .v0).converted(to: .v1)
    }
    var builder = ResourceTableBuilder()
    builder.add(.carveout(Self.memory(nil)), at: 100)
    let odd = try builder.build() + [1, 2, 3]
    var usual = ResourceTableBuilder()
    usual.add(.carveout(Self.memory(nil)))
    #expect(try ResourceTableReader(parsing: odd).converted(to: .v1) == usual.build())
  }

  @Test(
    "A random table that converts comes back as the same requests",
    arguments: 0..<300 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var random = RandomTable(seed: seed)
    let table = random.records()
    guard let reader = try? ResourceTableReader(parsing: table, version: .v0),
      let there = try? reader.converted(to: .v1)
    else { return }
    let first = try ResourceTableReader(parsing: there, version: .v1)
    guard let back = try? first.converted(to: .v0) else { return }
    let again = try ResourceTableReader(parsing: back, version: .v0).converted(to: .v1)
    #expect(again == there, "seed \(seed)")
  }

  @Test("Each obstacle has a text of one line")
  func texts() {
    let obstacles: [ResourceTableObstacle] = [
      .addressTooLarge(1 << 32), .anyAddress, .ringAtZero, .ringAlignment(16),
      .notifyID(3), .featuresTooLarge(1 << 40), .statusTooLarge(300), .nameTooLong(byteCount: 40),
      .noSuchField(value: 1), .secondDevice, .deviceKind(3), .ringCount(1), .ringNumber(2),
      .configSpace(byteCount: 4), .entryType(128),
    ]
    for obstacle in obstacles {
      let error = ResourceTableError.notExpressible(index: 0, offset: 20, obstacle: obstacle)
      #expect("\(error)".hasPrefix("resource table entry 0: the other version cannot express "))
      #expect("\(error)".hasSuffix("(at offset 0x14)"))
    }
  }
}
