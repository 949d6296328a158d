import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Boots behind an IOMMU")
struct IOMMUBootTests {
  /// Far from where the board's memory lies on the bus.
  private static let code: UInt64 = 0x0
  private static let window: UInt64 = 0xa000_0000

  static func devmem(
    _ name: String = "sram", at da: UInt64? = window, pa: UInt64 = TestPlatform.sramStart.rawValue,
    _ byteCount: UInt32 = 0x1_0000, flags: UInt32 = 3
  ) -> ResourceTableBuilder.Entry {
    .devmem(
      MemoryResource(
        da: da.map(device), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount, flags: flags,
        name: WireName(name)))
  }

  static func firmware(_ entries: [ResourceTableBuilder.Entry]) -> TestFirmware {
    var firmware = TestFirmware(entries)
    firmware.carveout = MemoryResource(
      da: device(code), byteCount: 0x4000, flags: 1, name: WireName("fw"))
    firmware.image.entry = code
    firmware.image.segments[0].address = code
    firmware.tableAddress = code + 0x1000
    return firmware
  }

  static let full = firmware([
    devmem(), TestFirmware.carveout("heap", 0x1001),
    TestFirmware.trace("log", at: code + 0x2000, 0x100), TestFirmware.rpmsg(),
  ])

  @Test("On before prepare, devmem first, each piece of memory mapped; all undone in reverse")
  func order() throws {
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try Self.full.build())
    try processor.shutdown()
    expectClean(processor)
    #expect(
      processor.platform.script.calls == [
        "attach IOMMU", "prepare", "map 0xa0000000", "allocate fw", "map 0x0", "allocate heap",
        "map 0x184000", "allocate vdev0vring0", "map 0x186000", "allocate vdev0vring1",
        "map 0x188000", "allocate vdev0buffer", "map 0x18a000", "start 0x0", "ask shutdown", "stop",
        "unmap 0x18a000", "unmap 0x188000", "unmap 0x186000", "unmap 0x184000", "unmap 0x0",
        "unmap 0xa0000000", "release 0x8008a000", "release 0x80088000", "release 0x80086000",
        "release 0x80084000", "release 0x80080000", "unprepare", "detach IOMMU",
      ])
  }

  @Test("Fixed addresses are mapped to memory from anywhere; others to where it lies on the bus")
  func addresses() throws {
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try Self.full.build())
    let found = processor.iommu
    let domain = try #require(found)
    #expect(processor.platform.mapped?.sorted { $0.da < $1.da } == domain.mappings)
    let carveouts = processor.carveouts
    #expect(carveouts[0].da == device(0))
    #expect(carveouts[0].pa?.rawValue == 0x18_0000)
    // 0x1001 bytes take two pages; what was asked for is what the host sees.
    #expect(carveouts[1].byteCount == 0x1001)
    #expect(domain.mapping(at: carveouts[1].da)?.byteCount == 0x2000)
    for carveout in carveouts {
      #expect(domain.translate(carveout.da) == carveout.pa)
    }
    let devices = processor.devices
    let buffers = try #require(devices.first?.device.buffers)
    #expect(domain.mapping(at: buffers.start)?.protection == .sharedData)
    #expect(domain.mapping(at: carveouts[2].da)?.protection == .sharedData)
    #expect(domain.mapping(at: device(0))?.protection == [.read])
    #expect(domain.mapping(at: carveouts[1].da)?.protection == [.read, .write])
    #expect(domain.mapping(at: device(Self.window))?.pa == TestPlatform.sramStart)
    try processor.shutdown()
    let rest = processor.iommu
    #expect(rest == nil)
  }

  @Test("The table says where things came to lie, for both sides")
  func table() throws {
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try Self.full.build())
    let published = processor.table
    let reader = try ResourceTableReader(parsing: #require(published).snapshot())
    guard case .carveout(let code) = try reader.entry(at: 0).resource,
      case .carveout(let heap) = try reader.entry(at: 2).resource
    else {
      Issue.record("no carveouts")
      return
    }
    #expect(code.da == device(0))
    #expect(code.pa.rawValue == 0x18_0000)
    #expect(heap.da == device(0x18_4000))
    #expect(heap.pa.rawValue == 0x18_4000)
    #expect(heap.byteCount == 0x1001)
    let ring = try reader.vring(at: 0, of: reader.entry(at: 4))
    #expect(ring.da == device(0x18_6000))
  }

  @Test("Segments, traces and views go through the domain")
  func views() throws {
    var firmware = Self.full
    firmware.entries.append(TestFirmware.trace("far", at: Self.window + 0x100, 0x40))
    firmware.image.segments[0].bytes = [1, 2, 3, 4]
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try firmware.build())
    let start = try #require(processor.platform.pool.window(of: deviceRange(0x8008_0000, 4)))
    #expect(start.loadUInt32(at: 0) == 0x0403_0201)
    let seen = processor.window(at: try deviceRange(0, 4))
    #expect(seen?.loadUInt32(at: 0) == 0x0403_0201)
    processor.platform.sram.store(0x2164_6968 as UInt32, at: 0x100)
    let text = processor.traces[1].contents()
    #expect(text == Array("hid!".utf8))
    // What the bus has at an address is nothing to the remote.
    let physical = processor.window(at: try deviceRange(0x8008_0000, 4))
    #expect(physical == nil)
    let across = processor.window(at: try deviceRange(0x3ffe, 4))
    #expect(across == nil)
  }

  @Test("Memory without an address avoids what the image fixes")
  func avoidsFixed() throws {
    // The first piece of memory comes to lie at pa 0x180000; here is a segment's carveout.
    let firmware = Self.firmware([
      TestFirmware.carveout("heap", 0x1000), TestFirmware.carveout("taken", at: 0x18_4000, 0x1000),
    ])
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try firmware.build())
    let carveouts = processor.carveouts
    #expect(carveouts[1].pa?.rawValue == 0x18_4000)
    #expect(carveouts[1].da == device(0x4000))
    #expect(carveouts[2].da == device(0x18_4000))
  }

  @Test("R125 whichever step fails, nothing stays mapped", arguments: 0..<14)
  func everyStepFails(index: Int) throws {
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    let image = try Self.full.build()
    processor.platform.script.fail(at: index)
    let error = bootError(of: &processor, image)
    let operations: [PlatformError.Operation] =
      [.attachIOMMU, .prepare, .map] + Array(repeating: [.allocate, .map], count: 5).joined()
      + [.start]
    #expect(error == .platform(.system(operations[index], errno: 5)))
    expectClean(processor)
    let calls = processor.platform.script.calls
    let mapCount = calls.count { $0.hasPrefix("map") }
    let failedMap = operations[index] == .map ? 1 : 0
    #expect(calls.count { $0.hasPrefix("unmap") } == mapCount - failedMap)
    #expect(calls.contains("detach IOMMU") == (index > 0))
    processor.platform.script.fail(at: nil)
    try processor.boot(image)
    #expect(processor.state == .running)
  }

  @Test("R125 entry k of n is refused: zero mappings stay", arguments: 1...12)
  func lateFailure(index: Int) throws {
    var entries = (1...12).map { TestFirmware.carveout("c\($0)", 0x1000) }
    entries[index - 1] = TestFirmware.carveout("c\(index)", at: 0x800_0800, 0x1000)
    try expectRefused(
      Self.firmware(entries),
      .iommu(
        .misaligned(
          device(0x800_0800), pa: PhysicalAddress(rawValue: 0x18_4000 + UInt64(index - 1) * 0x1000),
          byteCount: 0x1000, pageByteCount: 4096)),
      on: try TestPlatform.withIOMMU())
  }

  @Test("R116 device memory that the policy does not list, in whole, is mapped for nobody")
  func devmemPolicy() throws {
    let start = TestPlatform.sramStart.rawValue
    for (pa, byteCount) in [
      (start - 0x1000, 0x1000), (start - 0x1000, 0x2000), (start + 0xf000, 0x2000), (0, 0x1000),
      (start, 0xffff_f000),
    ] as [(UInt64, UInt32)] {
      let firmware = Self.firmware([Self.devmem(at: 0x1_0000, pa: pa, byteCount)])
      var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
      let error = bootError(of: &processor, try firmware.build())
      if pa + UInt64(byteCount) > 1 << 32 {
        guard case .table(.addressWrap) = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      } else {
        #expect(
          error
            == .devmemNotAllowed(PhysicalAddress(rawValue: pa), byteCount: UInt64(byteCount)))
      }
      expectClean(processor)
      let linux = bootError(of: &processor, try firmware.build(), BootOptions(profile: .linux))
      #expect(linux != nil, "the policy holds in every profile")
      expectClean(processor)
    }
  }

  @Test("Device memory overlaps nothing else")
  func devmemOverlap() throws {
    let firmware = Self.firmware([
      Self.devmem(), TestFirmware.carveout("heap", at: Self.window + 0xf000, 0x1000),
    ])
    try expectRefused(
      firmware,
      .overlap(
        .memory(TestFirmware.name("sram")), .memory(TestFirmware.name("heap")),
        address: device(Self.window + 0xf000)), on: try TestPlatform.withIOMMU())
    try expectRefused(
      firmware, .iommu(.alreadyMapped(device(Self.window + 0xf000))),
      on: try TestPlatform.withIOMMU(), options: BootOptions(profile: .linux))
  }

  @Test("Device memory must be whole pages, and has an address")
  func devmemAlignment() throws {
    let pa = TestPlatform.sramStart
    try expectRefused(
      Self.firmware([Self.devmem(at: 0x1_0000, 0x800)]),
      .iommu(.misaligned(device(0x1_0000), pa: pa, byteCount: 0x800, pageByteCount: 4096)),
      on: try TestPlatform.withIOMMU())
    try expectRefused(
      Self.firmware([Self.devmem(at: nil, 0x1000)]),
      .iommu(.misaligned(device(0xffff_ffff), pa: pa, byteCount: 0x1000, pageByteCount: 4096)),
      on: try TestPlatform.withIOMMU(), options: BootOptions(profile: .linux))
  }

  @Test("R114 carveouts that are empty, wrap, overlap, or are too many bytes, behind an IOMMU")
  func carveouts() throws {
    let offset = 24 + 56
    try expectRefused(
      Self.firmware([TestFirmware.carveout("b", 0)]), .table(.emptyResource(offset: offset + 12)),
      on: try TestPlatform.withIOMMU())
    try expectRefused(
      Self.firmware([TestFirmware.carveout("b", at: 0xffff_f000, 0x1001)]),
      .table(
        .addressWrap(offset: offset + 4, start: 0xffff_f000, byteCount: 0x1001, last: 0xffff_ffff)
      ), on: try TestPlatform.withIOMMU())
    try expectRefused(
      Self.firmware([TestFirmware.carveout("b", at: 0x3fff, 0x1000)]),
      .overlap(
        .memory(TestFirmware.name("fw")), .memory(TestFirmware.name("b")), address: device(0x3fff)),
      on: try TestPlatform.withIOMMU())
    try expectRefused(
      Self.firmware([TestFirmware.carveout("b", 0xffff_ffff)]),
      .carveoutBudget(needed: 0x4000 + 0xffff_ffff, limit: 64 << 20),
      on: try TestPlatform.withIOMMU())
    try expectRefused(
      Self.firmware([TestFirmware.carveout("b", at: 0x10_0000, 0x10_0000)]),
      .platform(.outOfMemory(needed: 0x10_0000, available: 0x8_0000)),
      on: try TestPlatform.withIOMMU())
    try expectRefused(
      Self.firmware([TestFirmware.carveout("b", at: 0x8000, 0xffff_f000)]),
      .table(
        .addressWrap(offset: offset + 4, start: 0x8000, byteCount: 0xffff_f000, last: 0xffff_ffff)
      ), on: try TestPlatform.withIOMMU())
  }

  @Test("Memory that has no physical address cannot be mapped")
  func notMappable() throws {
    var platform = try TestPlatform.withIOMMU()
    platform.hasPhysicalAddresses = false
    try expectRefused(
      Self.firmware([]), .notMappable(TestFirmware.name("fw")), on: platform)
  }

  @Test("Regions that a platform has from the start are mapped as well")
  func regions() throws {
    var platform = try TestPlatform.withIOMMU()
    let window = try #require(platform.sram.window(at: 0x2000, byteCount: 0x2000))
    let pa = PhysicalAddress(rawValue: TestPlatform.sramStart.rawValue + 0x2000)
    platform.regions = [
      MemoryRegion(
        name: TestFirmware.name("shm"), da: device(0x7000_0000), pa: pa, window: window),
      MemoryRegion(name: TestFirmware.name("any"), da: nil, pa: pa, window: window),
    ]
    var processor = RemoteProcessor(platform: platform)
    let fits = Self.firmware([TestFirmware.carveout("shm", at: 0x7000_0000, 0x1000)])
    try processor.boot(try fits.build())
    let found = processor.iommu
    let domain = try #require(found)
    #expect(domain.translate(device(0x7000_0000)) == pa)
    #expect(domain.translate(device(pa.rawValue)) == pa)
    let carveouts = processor.carveouts
    #expect(carveouts.map(\.da.rawValue).prefix(2) == [0x7000_0000, pa.rawValue])
    try processor.shutdown()
    expectClean(processor)
    platform.script.forgetCalls()
    platform.regions = [
      MemoryRegion(name: TestFirmware.name("shm"), da: nil, pa: nil, window: window)
    ]
    try expectRefused(Self.firmware([]), .notMappable(TestFirmware.name("shm")), on: platform)
  }

  @Test("An IOMMU that is demanded and not there, or promised and missing, is an error")
  func absent() throws {
    let options = BootOptions(requiresIOMMU: true)
    try expectRefused(TestFirmware(), .noIOMMU, options: options)
    #expect(RemoteprocError.noIOMMU.errnoName == "ENODEV")
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try Self.full.build(), options: options)
    try processor.shutdown()
    expectClean(processor)
    var liar = RemoteProcessor(platform: LyingPlatform())
    let error = bootError(of: &liar, try TestFirmware().build())
    #expect(error == .platform(.noIOMMU))
    #expect(error?.errnoName == "ENODEV")
  }

  @Test("A recovery maps everything anew, and nothing of the last run stays")
  func recovery() throws {
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    try processor.boot(try Self.full.build())
    let before = processor.iommu
    for _ in 0..<3 {
      let report = CrashReport(kind: .mmuFault, pc: device(4), address: device(0x5000_0000))
      processor.crash(report)
      let during = processor.iommu
      #expect(during == before, "a crashed processor keeps its memory")
      try processor.recover()
      let after = processor.iommu
      #expect(after == before)
      #expect(processor.platform.mapped?.count == before?.mappings.count)
    }
    let other = Self.firmware([])
    processor.crash(CrashReport(kind: .watchdog))
    try processor.recover(with: try other.build())
    let mappings = processor.iommu?.mappings.count
    #expect(mappings == 1)
    try processor.shutdown()
    expectClean(processor)
  }

  @Test("A thousand boots behind an IOMMU leave nothing mapped")
  func thousandTimes() throws {
    var processor = RemoteProcessor(platform: try TestPlatform.withIOMMU())
    let image = try Self.full.build()
    for _ in 0..<1000 {
      try processor.boot(image)
      try processor.shutdown()
    }
    expectClean(processor)
  }

  @Test("Errors of mapping say which memory and why")
  func descriptions() {
    let errors: [RemoteprocError] = [
      .noIOMMU, .notMappable(TestFirmware.name("fw")), .iommu(.notMapped(device(0x10))),
      .platform(.noIOMMU),
      .platform(.nothingThere(PhysicalAddress(rawValue: 0x40), byteCount: 0x1000)),
    ]
    #expect(
      errors.map(\.description) == [
        "an IOMMU is demanded, the platform has none",
        "memory \"fw\" has no physical address, so that the IOMMU cannot map it",
        "IOMMU: nothing is mapped at da 0x10", "the IOMMU is missing",
        "0x1000 bytes at pa 0x40 are no memory",
      ])
    #expect(
      errors.map(\.errnoName) == ["ENODEV", "EINVAL", "EINVAL", "ENODEV", "EINVAL"])
    #expect(RemoteprocError.iommu(.alreadyMapped(device(0))).errnoName == "ENOMEM")
  }

  @Test("An attach keeps what was mapped, adds what is missing, and leaves the rest at the end")
  func attach() throws {
    let table = try Self.firmware([TestFirmware.carveout("heap", 0x1000)]).table()
    var platform = try TestPlatform.withIOMMU()
    // The code lies in SRAM, as a boot loader has put it there; the table behind it.
    platform.found = [Domain.mapping(0, to: TestPlatform.sramStart.rawValue, 0x4000)]
    platform.sram.copyIn(table.span.bytes, at: 0x1000)
    platform.runsAlready = true
    platform.loadedTable = try deviceRange(0x1000, UInt64(table.count))
    let found = platform.found
    let sram = platform.sram
    var processor = RemoteProcessor(platform: platform)
    for _ in 0..<2 {
      try processor.attach()
      #expect(processor.state == .attached)
      let current = processor.iommu
      let domain = try #require(current)
      #expect(domain.mappings.count == 2)
      let carveouts = processor.carveouts
      #expect(carveouts[0].da == device(0) && carveouts[0].pa == TestPlatform.sramStart)
      #expect(domain.translate(carveouts[1].da) == carveouts[1].pa)
      sram.store(0x77 as UInt32, at: 0x3000)
      let seen = processor.window(at: try deviceRange(0x3000, 4))
      #expect(seen?.loadUInt32(at: 0) == 0x77)
      try processor.detach()
      #expect(processor.platform.mapped == found)
      #expect(!processor.platform.script.calls.contains("detach IOMMU"))
      #expect(processor.platform.pool.grantedByteCount == 0)
    }
  }
}

/// A platform that says it has an IOMMU, and nothing more.
private struct LyingPlatform: PlatformDriver {
  struct Bell: Doorbell { func kick(_ id: NotifyID) {} }
  let doorbell = Bell()
  var capabilities: PlatformCapabilities { .hasIOMMU }
  mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    throw .outOfMemory(needed: request.byteCount, available: 0)
  }
  mutating func release(_ grant: MemoryGrant) {}
  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {}
  mutating func stop() throws(PlatformError) {}
}
