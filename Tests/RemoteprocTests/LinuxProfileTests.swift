import ELF
import PlatformNull
import Remoteproc
import ResourceTable
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

// Rules that only the Linux profile follows, each beyond the images at hand.
// Source: [LINUX-6.1] remoteproc.
@Suite("Linux profile")
struct LinuxProfileTests {
  private let base: UInt64 = 0x6000_0000
  private let linux = BootOptions(profile: .linux)

  private func firmware(_ entries: [ResourceTableBuilder.Entry]) -> TestFirmware {
    var firmware = TestFirmware(entries)
    firmware.carveout = TestFirmware.memory("fw", at: nil, 0x4000)
    firmware.image.entry = base
    firmware.image.segments[0].address = base
    firmware.tableAddress = base + 0x1000
    return firmware
  }

  /// What of a boot is compared.
  private struct Outcome {
    var status: [UInt8] = []
    var accepted: [UInt64] = []
    var rings: [[UInt64]] = []
    var notifyIDs: [[UInt32]] = []
    var carveouts: [String] = []
    var kicks: [NotifyID: UInt64] = [:]
    var notices: [BootNotice] = []
    var table: [UInt8] = []
  }

  private func boot(
    _ firmware: TestFirmware, _ options: BootOptions? = nil
  ) throws -> Outcome {
    var processor = RemoteProcessor(platform: try NullPlatform())
    try processor.boot(try firmware.build(), options: options ?? linux)
    var outcome = Outcome()
    for vdev in processor.devices {
      let entry = vdev.device.entry
      outcome.status.append(entry.status.rawValue)
      outcome.accepted.append(entry.acceptedFeatures.rawValue)
      outcome.rings.append(
        try (0..<entry.vringCount).map { try entry.vring($0).address.rawValue })
      outcome.notifyIDs.append(vdev.device.vrings.map(\.notifyID.rawValue))
    }
    outcome.carveouts = processor.carveouts.map {
      "\($0.name) \($0.da) 0x\(String($0.byteCount, radix: 16))"
    }
    outcome.kicks = processor.platform.doorbell.all
    outcome.notices = processor.notices
    outcome.table = processor.table?.snapshot() ?? []
    try processor.shutdown()
    #expect(processor.platform.grantedByteCount == 0)
    return outcome
  }

  private func boot(_ rings: [VringResource]) throws -> Outcome {
    try boot(firmware([TestFirmware.rpmsg(rings)]))
  }

  @Test(
    "Rings of no power of two and odd alignments come up all the same, useless",
    arguments: [
      (3, 4096), (65_536, 4096), (4, 3), (4, 6000), (4, 2),
    ] as [(UInt32, UInt32)])
  func uselessRings(count: UInt32, alignment: UInt32) throws {
    let ring = TestFirmware.ring(alignment: alignment, count: count)
    let outcome = try boot([ring, ring])
    #expect(outcome.status == [7])
    #expect(outcome.accepted == [1])
    #expect(outcome.kicks == [NotifyID(rawValue: 0): 1])
    #expect(!outcome.rings[0].contains(0xffff_ffff))
    guard case .deviceUseless(index: 0, _) = outcome.notices.first else {
      Issue.record("\(outcome.notices)")
      return
    }
  }

  @Test("A ring whose size wraps 32 bits is allocated, and its driver fails")
  func wrappingRing() throws {
    let huge = TestFirmware.ring(count: 1 << 31)
    let first = try boot([huge, TestFirmware.ring()])
    #expect(first.status == [0x83])
    #expect(first.rings == [[0, 0xffff_ffff]])
    #expect(first.carveouts[1] == "vdev0vring0 0x60004000 0x2000")
    #expect(first.kicks.isEmpty)
    let second = try boot([TestFirmware.ring(), huge])
    #expect(second.status == [0x83])
    #expect(second.rings == [[0x6000_4000, 0]])
  }

  @Test("A ring of nothing, or without alignment, drops the device but not its number")
  func droppedDevice() throws {
    for bad in [TestFirmware.ring(count: 0), TestFirmware.ring(alignment: 0)] {
      let outcome = try boot(
        firmware([
          TestFirmware.rpmsg([TestFirmware.ring(), bad]),
          TestFirmware.rpmsg(id: 4, [TestFirmware.ring(), TestFirmware.ring()]),
        ]))
      #expect(outcome.status == [1])
      #expect(outcome.notifyIDs == [[0, 1]])
      #expect(
        outcome.carveouts.map { $0.prefix(11) } == ["fw 0x600000", "vdev1vring0", "vdev1vring1"])
    }
  }

  @Test("A device with one ring of nothing is dropped before its count of rings matters")
  func droppedBeforeCounted() throws {
    #expect(try boot([TestFirmware.ring(count: 0)]).status.isEmpty)
  }

  @Test("The second ring's carveout does not fit: the first ring is freed in the table")
  func secondRingDoesNotFit() throws {
    let outcome = try boot(
      firmware([
        TestFirmware.carveout("vdev0vring1", 0x1000), TestFirmware.rpmsg(),
      ]))
    #expect(outcome.status.isEmpty)
    #expect(outcome.carveouts.last == "vdev0vring0 0x60006000 0x2000")
    let reader = try ResourceTableReader(parsing: outcome.table)
    let entry = try reader.entry(at: 2)
    let rings = try (0..<2).map { try reader.vring(at: $0, of: entry) }
    #expect(rings[0].da == device(0))
    #expect(rings[0].notifyID == NotifyID(rawValue: .max))
    #expect(rings[1].da == nil)
    #expect(rings[1].notifyID == NotifyID(rawValue: 9))
    #expect(throws: Never.self) { try boot(firmware([TestFirmware.rpmsg()])) }
  }

  @Test("A notify id that was freed is given out again")
  func freedNotifyID() throws {
    let outcome = try boot(
      firmware([
        TestFirmware.carveout("vdev0vring1", 0x1000), TestFirmware.rpmsg(), TestFirmware.rpmsg(),
      ]))
    #expect(outcome.notifyIDs == [[0, 1]])
  }

  @Test(
    "A buffer carveout too small for its driver, in powers of two of pages",
    arguments: [
      (0x1000, 4, true), (0x1000, 8, false), (0x3000, 8, true), (0x3000, 12, false),
    ] as [(UInt32, UInt32, Bool)])
  func buffers(byteCount: UInt32, count: UInt32, fits: Bool) throws {
    let ring = TestFirmware.ring(count: count)
    let outcome = try boot(
      firmware([
        TestFirmware.carveout("vdev0buffer", byteCount), TestFirmware.rpmsg([ring, ring]),
      ]))
    // 12 is no power of two: with buffers that fit it would come up as far as 7.
    #expect(outcome.status == [fits ? 0 : 0x83])
    #expect(!outcome.rings[0].contains(0xffff_ffff))
  }

  @Test("Addresses are compared in 32 bits")
  func width() throws {
    var firmware = firmware([])
    firmware.image.is64 = true
    firmware.image.segments[0].address = base + 5 << 32
    firmware.image.entry = base + 5 << 32
    _ = try boot(firmware)
    var processor = RemoteProcessor(platform: try NullPlatform())
    let error = bootError(of: &processor, try firmware.build())
    #expect(
      error
        == .segmentNotInMemory(header: 64, da: device(base + 5 << 32), byteCount: 64))
  }

  @Test("Names count to 31 bytes")
  func longNames() throws {
    let name = String(repeating: "n", count: 31)
    var table = try firmware([TestFirmware.carveout(name + "x", 0x1000)]).table()
    let at = try #require(table.indices.last { table[$0] == 0x6e }) + 1
    table[at] = 0x78
    var processor = RemoteProcessor(platform: try NullPlatform())
    try processor.boot(try firmware([]).build(table: table), options: linux)
    let names = processor.carveouts.map { "\($0.name)" }
    #expect(names == ["fw", name])
  }

  @Test("With an optional table, a bad start means none, but headers outside are refused")
  func optionalTable() throws {
    let options = BootOptions(profile: .linux, tableIsOptional: true)
    var firmware = firmware([])
    firmware.image.segments[0].memoryByteCount = 0
    firmware.image.segments[0].bytes = []
    var processor = RemoteProcessor(platform: try NullPlatform())
    var table = try firmware.table()
    table[0] = 2
    try processor.boot(try firmware.build(table: table), options: options)
    let hasTable = processor.table != nil
    #expect(!hasTable)
    try processor.shutdown()
    var bytes = try firmware.build().file.bytes
    bytes[50] = 0xf0
    bytes[51] = 0xff
    let broken = try ELFFirmware(parsing: bytes)
    let error = bootError(of: &processor, broken, options)
    guard case .image = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
