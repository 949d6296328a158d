import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Boot and shutdown")
struct BootTests {
  private static let full = TestFirmware([
    TestFirmware.carveout("heap", 0x1001),
    TestFirmware.trace("log", at: TestPlatform.base + 0x2000, 0x100),
    TestFirmware.rpmsg(),
  ])

  @Test("Steps come in the order of the life cycle, and a stop undoes them in reverse")
  func order() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try Self.full.build())
    #expect(processor.state == .running)
    #expect(processor.bootAddress == device(TestPlatform.base))
    try processor.shutdown()
    expectClean(processor)
    #expect(
      processor.platform.script.calls == [
        "prepare", "allocate fw", "allocate heap", "allocate vdev0vring0",
        "allocate vdev0vring1", "allocate vdev0buffer", "start 0x80000000", "ask shutdown", "stop",
        "release 0x80086000", "release 0x80084000", "release 0x80082000",
        "release 0x80080000", "release 0x80000000", "unprepare",
      ])
  }

  @Test("R125 whichever step fails, all before it is undone, last first", arguments: 0..<7)
  func r125_everyStepFails(index: Int) throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let image = try Self.full.build()
    processor.platform.script.fail(at: index)
    let operation: PlatformError.Operation =
      switch index {
      case 0: .prepare
      case 6: .start
      default: .allocate
      }
    let error = bootError(of: &processor, image)
    #expect(error == .platform(.system(operation, errno: 5)))
    expectClean(processor)
    let calls = processor.platform.script.calls
    #expect(calls.count { $0.hasPrefix("release") } == max(0, index - 1))
    #expect(calls.contains("unprepare") == (index > 0))
    processor.platform.script.fail(at: nil)
    try processor.boot(image)
    #expect(processor.state == .running)
  }

  @Test("A boot of a running processor adds a user, and only the last shutdown stops it")
  func users() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let image = try Self.full.build()
    for count in 1...3 {
      try processor.boot(image)
      #expect(processor.userCount == UInt32(count))
    }
    try processor.shutdown()
    try processor.shutdown()
    #expect(processor.state == .running)
    try processor.shutdown()
    expectClean(processor)
    #expect(processor.platform.script.calls.count { $0 == "stop" } == 1)
    let error = shutdownError(of: &processor)
    #expect(error == .illegalTransition(.shutdown, from: .offline))
  }

  @Test("A processor that does not stop stays as it is")
  func failingStop() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try Self.full.build())
    processor.platform.script.fail(at: 0)
    let error = shutdownError(of: &processor)
    #expect(error == .platform(.system(.stop, errno: 5)))
    #expect(processor.state == .running)
    #expect(processor.userCount == 1)
    try processor.shutdown()
    expectClean(processor)
  }

  @Test("A crashed processor keeps its memory, cannot boot, and can be stopped")
  func crash() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let image = try Self.full.build()
    let report = CrashReport(kind: .busFault, pc: device(4), address: device(8))
    let wasNoted = processor.crash(report)
    #expect(!wasNoted)
    try processor.boot(image)
    try processor.boot(image)
    let isNoted = processor.crash(report)
    #expect(isNoted)
    #expect(processor.state == .crashed(report))
    let isNotedAgain = processor.crash(CrashReport(kind: .watchdog))
    #expect(!isNotedAgain)
    #expect(processor.state == .crashed(report))
    let carveouts = processor.carveouts
    #expect(!carveouts.isEmpty)
    let error = bootError(of: &processor, image)
    #expect(error == .illegalTransition(.boot, from: .crashed(report)))
    // Two users: what one gives up is not taken from the other.
    try processor.shutdown()
    #expect(processor.state == .crashed(report))
    #expect(processor.userCount == 1)
    try processor.shutdown()
    expectClean(processor)
    try processor.boot(image)
    #expect(processor.state == .running)
  }

  @Test("Segments, zeroed memory, table and devices are where the remote looks for them")
  func memory() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    var firmware = Self.full
    firmware.image.segments[0].memoryByteCount = 128
    try processor.boot(try firmware.build())
    let found = processor.window(at: try deviceRange(TestPlatform.base, 0x4000))
    let window = try #require(found)
    #expect(window.loadUInt8(at: 63) == 0x13)
    #expect(window.loadUInt8(at: 64) == 0)
    let published = processor.table
    let table = try #require(published)
    #expect(table.isVisible)
    #expect(window.loadUInt32(at: 0x1000) == 1)
    let reader = try ResourceTableReader(parsing: table.snapshot())
    let entries = try reader.entries()
    #expect(
      entries[1].resource
        == .carveout(
          MemoryResource(
            da: device(0x8008_0000), pa: PhysicalAddress(rawValue: 0x18_0000), byteCount: 0x1001,
            name: WireName("heap" as StaticString))))
    for index in 0..<2 {
      let ring = try reader.vring(at: index, of: entries[3])
      #expect(ring.da == device(0x8008_2000 + UInt64(index) * 0x2000))
      #expect(ring.notifyID == NotifyID(rawValue: UInt32(index)))
      #expect(ring.pa.rawValue == 0)
    }
    let devices = processor.devices
    let vdev = try #require(devices.first)
    #expect(vdev.isForDriver)
    #expect(vdev.device.entry.status.isEmpty)
    #expect(vdev.device.buffers?.start == device(0x8008_6000))
    #expect(vdev.device.buffers?.memory.byteCount == 2 * 4 * 512)
    #expect(vdev.device.vrings.map(\.notifyID.rawValue) == [0, 1])
  }

  @Test("Rings and buffers at fixed addresses may lie in one page, byte next to byte")
  func adjacentRings() throws {
    // Rings of 16 entries at alignment 16 take 438 bytes.
    let firmware = TestFirmware([
      TestFirmware.carveout("vdev0buffer", at: 0x8002_0370, 0x4000),
      TestFirmware.rpmsg([
        TestFirmware.ring(at: 0x8002_0000, alignment: 16, count: 16),
        TestFirmware.ring(at: 0x8002_01b6 + 10, alignment: 16, count: 16),
      ]),
    ])
    var processor = RemoteProcessor(platform: try TestPlatform())
    let error = bootError(of: &processor, try firmware.build())
    #expect(
      error
        == .overlap(
          .memory(TestFirmware.name("vdev0vring1")), .memory(TestFirmware.name("vdev0buffer")),
          address: device(0x8002_0370)))
    var fits = firmware
    fits.entries[0] = TestFirmware.carveout("vdev0buffer", at: 0x8002_0376, 0x4000)
    try processor.boot(try fits.build())
    let carveouts = processor.carveouts
    #expect(carveouts.map(\.byteCount) == [0x4000, 0x4000, 438, 438])
    #expect(carveouts.map(\.da.rawValue).suffix(2) == [0x8002_0000, 0x8002_01c0])
  }

  @Test(
    "A device of a kind nobody drives is acknowledged, and its rings stay unplaced in the table")
  func undrivenDevice() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try TestFirmware([TestFirmware.rpmsg(id: 4)]).build())
    let devices = processor.devices
    let vdev = try #require(devices.first)
    #expect(!vdev.isForDriver)
    #expect(vdev.device.entry.status == .acknowledge)
    #expect(try vdev.device.entry.vring(0).address == device(0xffff_ffff))
    #expect(vdev.device.buffers == nil)
    #expect(processor.carveouts.count == 3)
  }

  @Test("Status is reset before the processor stops")
  func statusReset() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try Self.full.build())
    let devices = processor.devices
    let entry = try #require(devices.first).device.entry
    try entry.setStatus([.acknowledge], from: [])
    try processor.shutdown()
    #expect(entry.status.isEmpty)
  }

  @Test("R124 firmware without a table after one with a table has none of its resources")
  func r124_tableForgotten() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try Self.full.build())
    try processor.shutdown()
    var platform = try TestPlatform()
    platform.showsRAM = true
    processor = RemoteProcessor(platform: platform)
    try processor.boot(try Self.full.build())
    try processor.shutdown()
    var bare = TestFirmware()
    bare.image.sections = []
    let image = try ELFFirmware(parsing: bare.image.build())
    let error = bootError(of: &processor, image)
    #expect(error == .noResourceTable)
    try processor.boot(image, options: BootOptions(tableIsOptional: true))
    expectEmpty(processor)
    try processor.shutdown()
    expectClean(processor)
  }

  @Test("F25 a thousand boots and stops leave nothing behind")
  func thousandTimes() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let image = try Self.full.build()
    for _ in 0..<1000 {
      try processor.boot(image)
      try processor.shutdown()
    }
    expectClean(processor)
  }

  @Test("Vendor entries go to the platform, with all bytes that may be theirs")
  func vendorEntries() throws {
    let firmware = TestFirmware([.raw(type: 128, body: [1, 2, 3, 4])])
    for (answer, notices) in [(VendorAnswer.handled, 0), (.ignored, 1)] {
      var platform = try TestPlatform()
      platform.vendorAnswer = answer
      var processor = RemoteProcessor(platform: platform)
      try processor.boot(try firmware.build())
      #expect(processor.notices.count == notices)
      #expect(processor.platform.script.calls.contains("vendor 128 84 [1, 2, 3, 4]"))
    }
    var platform = try TestPlatform()
    platform.vendorAnswer = .refused(errno: 1)
    try expectRefused(firmware, .vendorEntryRefused(type: 128, errno: 1), on: platform)
  }

  @Test("Memory a platform has from the start is claimed by name, not allocated")
  func regions() throws {
    var platform = try TestPlatform()
    let range = try deviceRange(TestPlatform.base + 0x8_0000, 0x2000)
    let window = try #require(platform.pool.window(of: range))
    platform.regions = [
      MemoryRegion(name: TestFirmware.name("shm"), da: range.start, pa: nil, window: window)
    ]
    let fits = TestFirmware([TestFirmware.carveout("shm", at: range.start.rawValue, 0x1000)])
    var processor = RemoteProcessor(platform: platform)
    try processor.boot(try fits.build())
    let carveouts = processor.carveouts
    #expect(carveouts.first?.byteCount == 0x2000)
    #expect(!processor.platform.script.calls.contains("allocate shm"))
    let published = processor.table
    let reader = try ResourceTableReader(parsing: #require(published).snapshot())
    guard case .carveout(let written) = try reader.entry(at: 1).resource else {
      Issue.record("no carveout")
      return
    }
    #expect(written.byteCount == 0x2000)
    try processor.shutdown()
    platform.script.forgetCalls()
    let name = TestFirmware.name("shm")
    try expectRefused(
      TestFirmware([TestFirmware.carveout("shm", 0x2001)]),
      .carveoutTooSmall(name, needed: 0x2001, available: 0x2000), on: platform)
    let below = range.start.rawValue - 1
    try expectRefused(
      TestFirmware([TestFirmware.carveout("shm", at: below, 0x1000)]),
      .carveoutMismatch(name, da: device(below), carveout: range.start), on: platform)
  }
}
