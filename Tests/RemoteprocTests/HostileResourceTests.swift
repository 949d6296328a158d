import ELF
import Remoteproc
import ResourceTable
import TestSupport
import Testing
import WireTypes

@Suite("Hostile carveouts, traces and tables as a whole")
struct HostileResourceTests {
  private let base = TestPlatform.base

  @Test("R114 carveouts that are empty, wrap, overlap, or are too many bytes together")
  func r114_carveouts() throws {
    let offset = 24 + 56
    try expectRefused(
      TestFirmware([TestFirmware.carveout("b", 0)]), .table(.emptyResource(offset: offset + 12)))
    try expectRefused(
      TestFirmware([TestFirmware.carveout("b", at: 0xffff_f000, 0x1001)]),
      .table(
        .addressWrap(
          offset: offset + 4, start: 0xffff_f000, byteCount: 0x1001, last: 0xffff_ffff)))
    try expectRefused(
      TestFirmware([TestFirmware.carveout("b", at: base + 0x3fff, 0x1000)]),
      .overlap(
        .memory(TestFirmware.name("fw")), .memory(TestFirmware.name("b")),
        address: device(base + 0x3fff)))
    try expectRefused(
      TestFirmware([TestFirmware.carveout("b", 0xffff_ffff)]),
      .carveoutBudget(needed: 0x4000 + 0xffff_ffff, limit: 64 << 20))
    let many = (0..<100).map { TestFirmware.carveout("c\($0)", 0x10_0000) }
    try expectRefused(
      TestFirmware(many), .carveoutBudget(needed: 0x4000 + 100 << 20, limit: 64 << 20))
    try expectRefused(
      TestFirmware([TestFirmware.carveout("b", 0x20_0000)]),
      .platform(.outOfMemory(needed: 0x20_0000, available: 0x10_0000 - 0x4000)))
    try expectRefused(
      TestFirmware([TestFirmware.carveout("fw", 0x1000)]),
      .duplicateCarveout(TestFirmware.name("fw"), offset: offset))
  }

  @Test("R115 reserved words and unknown flags of a carveout")
  func r115_carveoutReserved() throws {
    let firmware = TestFirmware()
    var table = try firmware.table()
    let offset = 20
    table[offset + 20] = 1
    try expectRefused(
      try firmware.build(table: table), .table(.reservedNotZero(offset: offset + 20)))
    table[offset + 20] = 0
    for index in 0..<4 { table[offset + 16 + index] = 0xff }
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try firmware.build(table: table))
    let flags = processor.carveouts.first?.flags
    #expect(flags == 0xffff_ffff)
  }

  @Test("R116 device memory is mapped for nobody unless the policy lists it")
  func r116_devmem() throws {
    let entry = ResourceTableBuilder.Entry.devmem(
      MemoryResource(
        da: device(0x1000), pa: PhysicalAddress(rawValue: 0x1000), byteCount: 0x1000,
        name: TestFirmware.name("regs")))
    let firmware = TestFirmware([entry])
    try expectRefused(firmware, .devmemWithoutIOMMU(offset: 80))
    var platform = try TestPlatform()
    platform.capabilities = .hasIOMMU
    let refused = RemoteprocError.devmemNotAllowed(
      PhysicalAddress(rawValue: 0x1000), byteCount: 0x1000)
    try expectRefused(firmware, refused, on: platform)
    platform.policy.devmem = [
      try #require(AddressRange(start: PhysicalAddress(rawValue: 0x1001), byteCount: 0x1000))
    ]
    try expectRefused(firmware, refused, on: platform)
    platform.policy.devmem = [
      try #require(AddressRange(start: PhysicalAddress(rawValue: 0x1000), byteCount: 0x1000))
    ]
    var processor = RemoteProcessor(platform: platform)
    try processor.boot(try firmware.build())
  }

  @Test(
    "R117 a trace without a place, empty, huge, outside",
    arguments: [
      (nil, 16), (TestPlatform.base + 0x2000, 0), (TestPlatform.base + 0x2000, 1 << 31),
      (TestPlatform.base + 0x3fff, 2), (0x1000, 16),
    ] as [(UInt64?, UInt32)])
  func r117_trace(da: UInt64?, byteCount: UInt32) throws {
    let firmware = TestFirmware([TestFirmware.trace("log", at: da, byteCount)])
    let name = TestFirmware.name("log")
    try expectRefused(
      firmware, .badTrace(name, da: da.map(device), byteCount: UInt64(byteCount)))
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try firmware.build(), options: BootOptions(profile: .linux))
    let notices = processor.notices
    #expect(notices == [.traceNotAvailable(name, da: da.map(device))])
    let text = processor.traces[0].contents()
    #expect(text.isEmpty)
  }

  @Test(
    "R118 entries of unknown types are ignored, with a notice",
    arguments: [
      4, 5, 127, 513, 0xffff_ffff,
    ] as [UInt32])
  func r118_unknownTypes(type: UInt32) throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try TestFirmware([.raw(type: type, body: [])]).build())
    let notices = processor.notices
    #expect(notices == [.unknownEntry(type: type, offset: 80)])
  }

  @Test("R119 two devices work, 64 are too many")
  func r119_deviceCount() throws {
    let small = [TestFirmware.ring(alignment: 16), TestFirmware.ring(alignment: 16)]
    let many = [ResourceTableBuilder.Entry](repeating: TestFirmware.rpmsg(small), count: 64)
    try expectRefused(TestFirmware(many), .tooManyDevices(limit: 8))
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try TestFirmware(Array(many.prefix(8))).build())
    let names = processor.carveouts.suffix(2).map { "\($0.name)" }
    #expect(names == ["vdev7vring0", "vdev7vring1"])
  }

  @Test("R007 more entries than the policy allows")
  func r007_entryCount() throws {
    let entries = [ResourceTableBuilder.Entry](repeating: .raw(type: 99, body: []), count: 5000)
    for profile in CompatibilityProfile.allCases {
      try expectRefused(
        TestFirmware(entries), .table(.tooManyEntries(count: 5001, limit: 4096)),
        options: BootOptions(profile: profile))
    }
  }

  @Test("R125 entry k of n is refused: what came before is undone", arguments: 1...20)
  func r125_lateFailure(index: Int) throws {
    var entries = (1...20).map { TestFirmware.carveout("c\($0)", 0x1000) }
    entries[index - 1] = TestFirmware.carveout("c\(index)", at: 0x10, 0x1000)
    try expectRefused(
      TestFirmware(entries), .platform(.addressNotAvailable(device(0x10), byteCount: 0x1000)))
  }

  @Test("Random mutations of a good image never trap and leave nothing", arguments: 0..<8)
  func mutations(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let firmware = TestFirmware([
      TestFirmware.carveout("heap", 0x1000),
      TestFirmware.trace("log", at: base + 0x2000, 0x100), TestFirmware.rpmsg(),
      .raw(type: 130, body: [1, 2, 3]),
    ])
    let good = try firmware.build().file.bytes
    var processor = RemoteProcessor(platform: try TestPlatform())
    for _ in 0..<500 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let values: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, .random(in: 0...255, using: &random)]
        bytes[.random(in: 0..<bytes.count, using: &random)] =
          values[
            .random(in: 0..<values.count, using: &random)]
      }
      let profile: CompatibilityProfile = Bool.random(using: &random) ? .default : .linux
      guard let image = try? ELFFirmware(parsing: bytes) else { continue }
      if bootError(of: &processor, image, BootOptions(profile: profile)) == nil {
        try processor.shutdown()
      }
      expectClean(processor)
    }
  }
}
