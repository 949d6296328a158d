import Boards
import Foundation
import PlatformSimulator
import Remoteproc
import ResourceTable
import Scheduling
import SharedMemory
import SimulatedSoC
import Testing
import Virtio
import Vring
import WireTypes

/// Regions, large memory and memory of other kinds, as board files describe them.
@Suite("Memory of boards", .serialized)
struct BoardMemoryTests {
  private static let head = "name: b\ncore: { isa: rv32imac }\n"
  private static let devices =
    "devices:\n  - { kind: doorbell, da: 0x10000000, interrupt: external }\n"

  private static func board(_ text: String) throws -> Board {
    try Board(yaml: head + devices + text, fileName: "b")
  }

  private static func boot(
    _ board: Board, _ entries: [ResourceTableBuilder.Entry],
    _ body: (borrowing RemoteProcessor<SimulatorPlatform>) throws -> Void
  ) throws {
    let pool = WorkerPool(name: "memory-test", threadCount: 2)
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    let platform = try SimulatorPlatform(board: board, inbox: inbox, pool: pool)
    var processor = RemoteProcessor(platform: platform)
    var firmware = MappedFirmware()
    firmware.entries = entries
    firmware.exit()
    for _ in 0..<2 {
      try processor.boot(firmware.build())
      try body(processor)
      try processor.shutdown()
    }
  }

  private static func residentByteCount() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(Int(text.split(separator: " ")[1]))
    return pages * SharedRegion.standardPageByteCount
  }

  @Test(
    "A carveout of a GiB boots without touching its pages",
    arguments: [
      "memory:\n  - { name: ram, da: 0x20000000, size: 1536MiB }\n",
      "memory:\n  - { name: ram, pa: 0x100000000, size: 1536MiB }\n"
        + "iommu: { pageSize: [4KiB, 16MiB], da: 0x20000000, size: 3GiB }\n",
    ])
  func gibibyte(memory: String) throws {
    let board = try Self.board(memory + "policy: { maxCarveout: 2GiB }\n")
    let start = board.iommu == nil ? 0x3000_0000 : 0x4000_0000 as UInt64
    let before = try Self.residentByteCount()
    try Self.boot(board, [MappedFirmware.carveout("heap", at: start, 1 << 30)]) { processor in
      let carveouts = processor.carveouts
      let heap = try #require(carveouts.last)
      #expect(heap.byteCount == 1 << 30)
      #expect(heap.da.rawValue == start)
      #expect(heap.window.nextPopulatedRange(from: 0) == nil)
      heap.window.store(0xff as UInt8, at: 1 << 29)
      if let domain = processor.iommu {
        let mapping = try #require(domain.mapping(at: heap.da))
        #expect(domain.pageRuns(of: mapping).map(\.count) == [64])
      }
    }
    #expect(try Self.residentByteCount() - before < 12 << 20)
  }

  @Test("Memory is zero at each boot, whatever the last one left there")
  func zeroed() throws {
    let board = try Self.board("memory:\n  - { name: ram, da: 0x20000000, size: 8MiB }\n")
    try Self.boot(board, [MappedFirmware.carveout("heap", at: nil, 0x10_0800)]) { processor in
      let carveouts = processor.carveouts
      let window = try #require(carveouts.last).window
      for offset in stride(from: 0, to: window.byteCount, by: 4) {
        let value = window.loadUInt32(at: offset)
        try #require(value == 0)
      }
      window.fill(from: 0, count: window.byteCount, with: 0xee)
    }
  }

  @Test("Regions of a board are claimed by name, at their address, and given to nobody else")
  func regions() throws {
    let board = try Self.board(
      """
      memory:
        - { name: ram, da: 0x20000000, size: 1MiB }
      regions:
        - { name: shm, da: 0x20080000, size: 64KiB }
      """)
    try Self.boot(board, [MappedFirmware.carveout("shm", at: 0x2008_0000, 0x1000)]) { processor in
      let carveouts = processor.carveouts
      let region = try #require(carveouts.first)
      #expect(region.name == WireName("shm"))
      #expect(region.byteCount == 0x1_0000)
      #expect(region.pa?.rawValue == 0x2008_0000)
      #expect(region.window.loadUInt8(at: 0) == 0)
      region.window.store(1 as UInt8, at: 0)
    }
    let taken = PlatformError.addressNotAvailable(
      DeviceAddress(rawValue: 0x2008_0000), byteCount: 0x1000)
    #expect(throws: RemoteprocError.self) {
      try Self.boot(board, [MappedFirmware.carveout("else", at: 0x2008_0000, 0x1000)]) { _ in }
    }
    var bench = try Bench(board)
    #expect(throws: taken) { try bench.platform.allocate(Bench.request(0x2008_0000, 0x1000)) }
    let any = try bench.platform.allocate(Bench.request(nil, 0x1000))
    #expect(any.da.rawValue == 0x2009_0000)
  }

  @Test("Behind an IOMMU regions may lie anywhere, and anywhere on the bus")
  func mappedRegions() throws {
    let board = try Self.board(
      """
      memory:
        - { name: ram, pa: 0x80000000, size: 1MiB }
        - { name: sram, pa: 0x90000000, size: 64KiB, carveouts: false }
      iommu: { pageSize: 4KiB, da: 0x20000000, size: 3GiB }
      regions:
        - { name: both, da: 0x30000000, pa: 0x90001000, size: 4KiB }
        - { name: bus, pa: 0x90002000, size: 4KiB }
        - { name: seen, da: 0x30001000, size: 4KiB }
        - { name: any, size: 4KiB }
      """)
    let entries = ["both", "bus", "seen", "any"].map {
      MappedFirmware.carveout($0, at: nil, 0x1000)
    }
    try Self.boot(board, entries) { processor in
      let carveouts = processor.carveouts
      let mapped = processor.iommu
      let domain = try #require(mapped)
      var found: [String: Carveout] = [:]
      for carveout in carveouts { found["\(carveout.name)"] = carveout }
      #expect(found["both"]?.da.rawValue == 0x3000_0000)
      #expect(found["both"]?.pa?.rawValue == 0x9000_1000)
      #expect(found["bus"]?.da.rawValue == 0x9000_2000)
      #expect(found["seen"]?.da.rawValue == 0x3000_1000)
      for name in ["seen", "any"] {
        let pa = try #require(found[name]?.pa).rawValue
        #expect((0x8000_0000..<0x8010_0000).contains(pa))
      }
      for carveout in carveouts { #expect(domain.translate(carveout.da) == carveout.pa) }
    }
  }

  @Test("Message buffers and rings find the regions that are named for them")
  func deviceRegions() throws {
    let board = try Self.board(
      """
      memory:
        - { name: ram, da: 0x20000000, size: 1MiB }
      regions:
        - { name: vdev0buffer, da: 0x20040000, size: 64KiB }
        - { name: vdev0vring0, da: 0x20060000, size: 8KiB }
      """)
    let ring = VringResource(da: nil, alignment: 4096, count: 4)
    let device = ResourceTableBuilder.Entry.vdev(
      VdevResource(deviceID: 7, deviceFeatures: 1), vrings: [ring, ring], config: [])
    try Self.boot(board, [device]) { processor in
      let devices = processor.devices
      let device = try #require(devices.first).device
      let rings = device.vrings
      #expect(rings[0].record.address.rawValue == 0x2006_0000)
      #expect((0x2007_0000...).contains(rings[1].record.address.rawValue))
      #expect(device.buffers?.start.rawValue == 0x2004_0000)
    }
  }

  @Test("Memory that is not for carveouts gives none")
  func deviceMemory() throws {
    let board = try Self.board(
      """
      memory:
        - { name: ram, da: 0x20000000, size: 64KiB }
        - { name: dev, da: 0x30000000, size: 1MiB, carveouts: false }
      """)
    var bench = try Bench(board)
    #expect(throws: PlatformError.outOfMemory(needed: 0x2_0000, available: 0x1_0000)) {
      try bench.platform.allocate(Bench.request(nil, 0x2_0000))
    }
    let da = DeviceAddress(rawValue: 0x3000_0000)
    #expect(throws: PlatformError.addressNotAvailable(da, byteCount: 0x1000)) {
      try bench.platform.allocate(Bench.request(0x3000_0000, 0x1000))
    }
  }

  @Test("Regions that do not fit beside each other are refused")
  func refusedRegions() throws {
    var board = try Self.board("memory:\n  - { name: ram, da: 0x20000000, size: 64KiB }\n")
    let da = DeviceAddress(rawValue: 0x2000_0000)
    board.regions = [
      BoardRegion(name: "a", da: da, byteCount: 4096),
      BoardRegion(name: "b", da: da, byteCount: 4096),
    ]
    #expect(
      throws: SimulatorError.region(name: "b", .addressNotAvailable(da, byteCount: 4096))
    ) { _ = try Bench(board) }
  }

  @Test("A board that asks for huge pages boots without them, and says so")
  func hugePages() throws {
    // So many that no host has them.
    let board = try Self.board(
      "memory:\n  - { name: ram, da: 0x20000000, size: 3GiB, hugePages: true }\n")
    var bench = try Bench(board)
    #expect(bench.platform.notices == [.hugePagesNotAvailable(memory: "ram")])
    try bench.platform.prepare()
    let pool = WorkerPool(name: "huge-test", threadCount: 2)
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    var processor = RemoteProcessor(
      platform: try SimulatorPlatform(board: board, inbox: inbox, pool: pool))
    var firmware = MappedFirmware()
    firmware.exit()
    try processor.boot(firmware.build())
    let notices = processor.notices
    #expect(notices == [.hugePagesNotAvailable(memory: "ram")])
    #expect(
      notices.map(\.description)
        == ["memory \"ram\" is made of usual pages, the host has not enough huge ones"])
    try processor.shutdown()
  }
}
