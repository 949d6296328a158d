import Boards
import Foundation
import PlatformSimulator
import Remoteproc
import ResourceTable
import Scheduling
import SharedMemory
import SimulatedSoC
import TestSupport
import Testing
import WireTypes

/// A processor on a board with an IOMMU, and what it told.
private struct MappedBench: ~Copyable {
  let pool = WorkerPool(name: "iommu-test", threadCount: 2)
  let inbox: ProcessorInbox
  let collector = Collector()
  let token: HandlerToken
  var processor: RemoteProcessor<SimulatorPlatform>

  init(_ board: Board? = nil) throws {
    inbox = NotificationDispatcher(pool: pool).makeInbox()
    let platform = try SimulatorPlatform(
      board: board ?? .named("virt-rv32-mmu"), inbox: inbox, pool: pool)
    processor = RemoteProcessor(platform: platform)
    token = collector.attach(to: inbox)
  }

  deinit { inbox.removeHandler(token) }

  /// Boots `firmware`, waits until it has ended, and gives how.
  mutating func run(_ firmware: MappedFirmware) throws -> PlatformEvent? {
    let before = collector.allEvents.count
    try processor.boot(firmware.build())
    #expect(collector.wait { $0.allEvents.count > before })
    return collector.allEvents.last
  }

  /// What booting `firmware` throws.
  mutating func error(_ firmware: MappedFirmware) throws -> RemoteprocError? {
    let image = try firmware.build()
    do throws(RemoteprocError) {
      try processor.boot(image)
      return nil
    } catch { return error }
  }
}

@Suite("Boots on the board with an IOMMU", .serialized)
struct IOMMUTests {
  private static let sram: UInt64 = 0x9000_0000
  private let t0: UInt32 = 5
  private let t1: UInt32 = 6

  private func image(_ name: String) throws -> ELFFirmware {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/RprocCommands/Images/\(name).elf")
    return try ELFFirmware(parsing: [UInt8](Data(contentsOf: file)))
  }

  @Test(
    "Images that know nothing of it run all the same",
    arguments: ["echo", "echo-poll", "sample-client", "crash"])
  func shippedImages(name: String) throws {
    var bench = try MappedBench()
    try bench.processor.boot(image(name))
    #expect(bench.collector.wait { $0.allEvents == [.stateWord(1), .stateWord(2)] })
    let found = bench.processor.iommu
    let domain = try #require(found)
    let code = try #require(domain.mapping(at: DeviceAddress(rawValue: 0x8000_0000)))
    #expect(code.pa.rawValue != code.da.rawValue, "the image lies elsewhere on the bus")
    #expect(domain.mappings.count == 4)
    let traces = bench.processor.traces
    let trace = try #require(traces.first)
    #expect(bench.collector.wait { _ in !trace.contents().isEmpty })
    try bench.processor.shutdown()
    let rest = bench.processor.iommu
    #expect(rest == nil)
  }

  @Test("A wild store, load or jump is an MMU fault with its address, direction and pc")
  func wild() throws {
    for (access, address) in [
      (.write, 0xdead_bee0), (.read, 0x2000_2000), (.fetch, 0x4000_0000), (.read, 0xffff_fffc),
    ] as [(MemoryAccess, UInt32)] {
      var firmware = MappedFirmware()
      firmware.li(t0, address)
      switch access {
      case .read: firmware.lw(t1, t0)
      case .write: firmware.sw(t1, 0, t0)
      case .fetch: firmware.jump(t0)
      }
      var bench = try MappedBench()
      let pc = access == .fetch ? UInt64(address) : MappedFirmware.code + 12
      let event = try bench.run(firmware)
      #expect(
        event
          == .crash(
            CrashReport(
              kind: .mmuFault, pc: DeviceAddress(rawValue: pc),
              address: DeviceAddress(rawValue: UInt64(address)), access: access)))
      try bench.processor.shutdown()
    }
  }

  @Test("What the table says about protection holds for the core, not for the host")
  func protection() throws {
    var firmware = MappedFirmware()
    firmware.codeFlags = 1
    firmware.li(t0, UInt32(MappedFirmware.code))
    firmware.sw(t1, 0, t0)
    var bench = try MappedBench()
    guard case .crash(let crash)? = try bench.run(firmware) else {
      Issue.record("no crash")
      return
    }
    #expect(crash.kind == .mmuFault && crash.access == .write)
    #expect(crash.address == DeviceAddress(rawValue: MappedFirmware.code))
    try bench.processor.shutdown()

    var data = MappedFirmware()
    data.entries = [MappedFirmware.carveout("data", at: 0x3000_0000, 0x1000, flags: 3 | 8)]
    data.li(t0, 0x3000_0000)
    data.sw(t0, 0, t0)
    data.jump(t0)
    guard case .crash(let fetch)? = try bench.run(data) else {
      Issue.record("no crash")
      return
    }
    #expect(fetch.kind == .mmuFault && fetch.access == .fetch)
    #expect(fetch.address == DeviceAddress(rawValue: 0x3000_0000))
    try bench.processor.shutdown()

    var notExecutable = MappedFirmware()
    notExecutable.codeFlags = 3 | 8
    let start = DeviceAddress(rawValue: MappedFirmware.code)
    let refusal = try bench.error(notExecutable)
    #expect(
      refusal
        == .platform(.addressNotAvailable(start, byteCount: 2)))
  }

  @Test("R116 memory of the bus is seen after a devmem entry has it mapped, and not before")
  func devmem() throws {
    var firmware = MappedFirmware()
    firmware.li(t0, 0xa000_0000)
    firmware.lw(t1, t0)
    firmware.sw(t1, 4, t0)
    firmware.exit(t1)
    var bench = try MappedBench()
    let sram = bench.processor.platform.chip.memory[1].window
    guard case .crash(let crash)? = try bench.run(firmware) else {
      Issue.record("no crash")
      return
    }
    #expect(crash.kind == .mmuFault && crash.address?.rawValue == 0xa000_0000)
    try bench.processor.shutdown()

    firmware.entries = [MappedFirmware.devmem(at: 0xa000_0000, pa: Self.sram, 0x1000)]
    // The contents of device memory are the device's, but RAM of the board starts at zero.
    let ended = try bench.run(firmware)
    #expect(ended == .exited(code: 0))
    sram.store(0x21 as UInt32, at: 0)
    let range = try #require(
      AddressRange(start: DeviceAddress(rawValue: 0xa000_0000), byteCount: 4))
    let seen = bench.processor.window(at: range)
    #expect(seen?.loadUInt32(at: 0) == 0x21)
    try bench.processor.shutdown()

    for (pa, byteCount) in [
      (Self.sram, 0x1_1000), (Self.sram - 0x1000, 0x1000), (0x8000_0000, 0x1000),
    ]
      as [(UInt64, UInt32)]
    {
      firmware.entries = [MappedFirmware.devmem(at: 0xa000_0000, pa: pa, byteCount)]
      let refusal = try bench.error(firmware)
      #expect(
        refusal
          == .devmemNotAllowed(PhysicalAddress(rawValue: pa), byteCount: UInt64(byteCount)))
    }
  }

  @Test("Device memory that the policy lists and the board has not is refused")
  func nothingThere() throws {
    var board = try Board.named("virt-rv32-mmu")
    let everything = try #require(
      AddressRange(start: PhysicalAddress(rawValue: 0), byteCount: 1 << 32))
    board.policy.devmem = [everything]
    var bench = try MappedBench(board)
    var firmware = MappedFirmware()
    firmware.entries = [MappedFirmware.devmem(at: 0xa000_0000, pa: 0x4000_0000, 0x1000)]
    let pa = PhysicalAddress(rawValue: 0x4000_0000)
    let refusal = try bench.error(firmware)
    #expect(
      refusal == .platform(.nothingThere(pa, byteCount: 0x1000)))
    let state = bench.processor.state
    #expect(state == .offline)
    firmware.entries = []
    firmware.exit()
    let ended = try bench.run(firmware)
    #expect(ended == .exited(code: 0))
  }

  @Test("A second run sees nothing of what was mapped for the first")
  func forgotten() throws {
    var first = MappedFirmware()
    first.entries = [
      MappedFirmware.carveout("a", at: 0x3000_0000, 0x1000),
      MappedFirmware.devmem(at: 0xa000_0000, pa: Self.sram, 0x1000),
    ]
    first.exit()
    for address in [0x3000_0000, 0xa000_0000] as [UInt32] {
      var bench = try MappedBench()
      let ended = try bench.run(first)
      #expect(ended == .exited(code: 0))
      try bench.processor.shutdown()
      var second = MappedFirmware()
      second.li(t0, address)
      second.lw(t1, t0)
      guard case .crash(let crash)? = try bench.run(second) else {
        Issue.record("no crash")
        return
      }
      #expect(crash.kind == .mmuFault && crash.address?.rawValue == UInt64(address))
      try bench.processor.shutdown()
    }
  }

  @Test("An MMU fault starts a recovery, fifty times over, and leaves nothing mapped")
  func recovery() throws {
    var firmware = MappedFirmware()
    firmware.entries = [MappedFirmware.carveout("heap", at: nil, 0x3000)]
    firmware.li(t0, 0xdead_0000)
    firmware.sw(t1, 0, t0)
    var bench = try MappedBench()
    guard case .crash(let report)? = try bench.run(firmware) else {
      Issue.record("no crash")
      return
    }
    let domain = bench.processor.iommu
    for round in 1...50 {
      bench.processor.crash(report)
      try bench.processor.recover()
      let again = bench.processor.iommu
      #expect(again == domain)
      #expect(bench.collector.wait { $0.allEvents.count == round + 1 })
      #expect(bench.collector.allEvents.last == .crash(report))
    }
    try bench.processor.shutdown()
    let rest = bench.processor.iommu
    #expect(rest == nil)
    let whole = try bench.processor.withPlatform { platform throws(PlatformError) in
      let grant = try platform.allocate(Bench.request(nil, 15 << 20))
      platform.release(grant)
      return grant.pa
    }
    #expect(whole?.rawValue == 0x8010_0000)
  }

  @Test("Large carveouts are mapped by large pages")
  func largePages() throws {
    var firmware = MappedFirmware()
    firmware.entries = [MappedFirmware.carveout("heap", at: 0x4000_0000, 0x40_0000)]
    firmware.li(t0, 0x403f_fffc)
    firmware.sw(t0, 0, t0)
    firmware.exit()
    var bench = try MappedBench()
    let ended = try bench.run(firmware)
    #expect(ended == .exited(code: 0))
    let found = bench.processor.iommu
    let domain = try #require(found)
    let heap = try #require(domain.mapping(at: DeviceAddress(rawValue: 0x4000_0000)))
    #expect(domain.pageRuns(of: heap).map(\.pageByteCount) == [1 << 20])
    try bench.processor.shutdown()
  }
}
