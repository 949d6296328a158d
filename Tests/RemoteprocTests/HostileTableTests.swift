import Remoteproc
import ResourceTable
import TestSupport
import Testing
import Virtio
import WireTypes

@Suite("Hostile resource tables")
struct HostileTableTests {
  private let base = TestPlatform.base

  private func vringCountOffset(_ firmware: TestFirmware) throws -> Int {
    try ResourceTableReader(parsing: firmware.table()).entries()[1].offset + 25
  }

  @Test(
    "R101 R102 R103 a bad header",
    arguments: [
      (0, 2), (8, 1), (12, 1), (4, 0xffff_ffff), (16, 0x8000_0000), (20, 0xffff_fffc),
    ] as [(Int, UInt32)])
  func r101_r102_r103_header(offset: Int, value: UInt32) throws {
    var table = try TestFirmware([TestFirmware.carveout("b", 0x1000)]).table()
    for index in 0..<4 { table[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    for profile in CompatibilityProfile.allCases {
      var processor = RemoteProcessor(platform: try TestPlatform())
      let error = bootError(
        of: &processor, try TestFirmware().build(table: table),
        BootOptions(profile: profile, tableVersion: .v1))
      guard case .table = error else {
        Issue.record("\(profile): \(String(describing: error))")
        continue
      }
      expectClean(processor)
    }
  }

  @Test("R105 entries that share bytes")
  func r105_overlappingEntries() throws {
    var table = try TestFirmware([TestFirmware.carveout("b", 0x1000)]).table()
    table[20] = table[16]
    try expectRefused(
      try TestFirmware().build(table: table),
      .table(.entriesOverlap(index: 1, otherIndex: 0, offset: 24)))
    try expectRefused(
      try TestFirmware().build(table: table),
      .duplicateCarveout(TestFirmware.name("fw"), offset: 24),
      options: BootOptions(profile: .linux))
  }

  @Test("R106 more rings than the entry holds")
  func r106_missingRings() throws {
    let firmware = TestFirmware([TestFirmware.rpmsg()])
    var table = try firmware.table()
    let offset = try vringCountOffset(firmware)
    table[offset] = 255
    try expectRefused(
      try firmware.build(table: table),
      .table(
        .entryTruncated(
          index: 1, offset: offset - 25, type: 3, needed: 28 + 20 * 255,
          available: table.count - offset + 25)))
  }

  @Test("R107 no ring, one ring, three rings", arguments: [0, 1, 3])
  func r107_ringCount(count: Int) throws {
    let rings = [VringResource](repeating: TestFirmware.ring(), count: count)
    let firmware = TestFirmware([TestFirmware.rpmsg(rings)])
    for profile in CompatibilityProfile.allCases {
      let allowed = count > 2 ? 0...2 : 2...2
      try expectRefused(
        firmware,
        .table(
          .unsupportedVringCount(
            offset: try vringCountOffset(firmware), count: count, allowed: allowed)),
        options: BootOptions(profile: profile))
    }
  }

  @Test("R108 a config space that wraps 32 bits")
  func r108_configWraps() throws {
    let firmware = TestFirmware([TestFirmware.rpmsg()])
    var table = try firmware.table()
    let offset = try vringCountOffset(firmware) - 5
    for index in 0..<4 { table[offset + index] = 0xff }
    try expectRefused(
      try firmware.build(table: table),
      .table(
        .entryTruncated(
          index: 1, offset: offset - 20, type: 3, needed: 68 + 0xffff_ffff, available: 68)))
  }

  @Test(
    "R109 a ring of 0, of no power of two, too long",
    arguments: [
      0, 3, 32_769, 65_536, 1 << 31, .max,
    ] as [UInt32])
  func r109_ringSize(count: UInt32) throws {
    for index in 0..<2 {
      var rings = [TestFirmware.ring(), TestFirmware.ring()]
      rings[index].count = count
      try expectRefused(
        TestFirmware([TestFirmware.rpmsg(rings)]),
        .badQueueSize(device: 0, vring: index, count: count))
    }
  }

  @Test("R110 an alignment of 0, 2, 3, 2^31", arguments: [0, 2, 3, 1 << 31] as [UInt32])
  func r110_ringAlignment(alignment: UInt32) throws {
    let rings = [TestFirmware.ring(), TestFirmware.ring(alignment: alignment)]
    try expectRefused(
      TestFirmware([TestFirmware.rpmsg(rings)]),
      .badAlignment(device: 0, vring: 1, alignment: alignment, da: nil))
  }

  @Test("R111 a ring in the code carveout, on the other ring, on the table")
  func r111_overlappingRings() throws {
    let ring0 = RemoteprocError.Part.memory(TestFirmware.name("vdev0vring0"))
    let ring1 = RemoteprocError.Part.memory(TestFirmware.name("vdev0vring1"))
    let inCode = [TestFirmware.ring(at: base + 0x3000), TestFirmware.ring()]
    try expectRefused(
      TestFirmware([TestFirmware.rpmsg(inCode)]),
      .overlap(
        .memory(TestFirmware.name("fw")), ring0, address: device(base + 0x3000)))
    // A ring of 4 entries at alignment 4096 takes 0x1026 bytes.
    let onEachOther = [
      TestFirmware.ring(at: base + 0x8000), TestFirmware.ring(at: base + 0x9020),
    ]
    try expectRefused(
      TestFirmware([TestFirmware.rpmsg(onEachOther)]),
      .overlap(ring0, ring1, address: device(base + 0x9020)))
    var firmware = TestFirmware([
      TestFirmware.rpmsg([TestFirmware.ring(at: base + 0x8000), TestFirmware.ring()])
    ])
    firmware.tableAddress = base + 0x9024
    try expectRefused(firmware, .overlap(ring0, .table, address: device(base + 0x9024)))
  }

  @Test("R112 a ring at a fixed place gets it or is refused; any place gets one")
  func r112_ringPlace() throws {
    let rings = [TestFirmware.ring(at: base + 0x8000), TestFirmware.ring()]
    let firmware = TestFirmware([TestFirmware.rpmsg(rings)])
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try firmware.build())
    let placed = processor.devices[0].device.vrings.map(\.record.address)
    #expect(placed == [device(base + 0x8000), device(base + 0x8_0000)])
    let outside = [TestFirmware.ring(at: 0x1000), TestFirmware.ring()]
    try expectRefused(
      TestFirmware([TestFirmware.rpmsg(outside)]),
      .platform(.addressNotAvailable(device(0x1000), byteCount: 0x1026)))
    try expectRefused(
      firmware,
      .addressNotMet(
        TestFirmware.name("vdev0vring0"), requested: device(base + 0x8000),
        given: device(base + 0x4000)),
      on: try TestPlatform(placement: .buddy))
  }

  @Test(
    "R113 notify ids are given out whatever the firmware says",
    arguments: [
      0, 1, 0xffff_ffff, 1 << 30,
    ] as [UInt32])
  func r113_notifyIDs(preset: UInt32) throws {
    let rings = [TestFirmware.ring(notifyID: preset), TestFirmware.ring(notifyID: preset)]
    let firmware = TestFirmware([TestFirmware.rpmsg(rings), TestFirmware.rpmsg(rings)])
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try firmware.build())
    let ids = processor.devices.flatMap { $0.device.vrings.map(\.notifyID.rawValue) }
    #expect(ids == [0, 1, 2, 3])
  }
}
