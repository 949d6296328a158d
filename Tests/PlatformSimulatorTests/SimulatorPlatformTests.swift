import Boards
import PlatformSimulator
import Remoteproc
import Scheduling
import SharedMemory
import SimulatedSoC
import Synchronization
import Testing
import WireTypes

/// A platform on `virt-rv32`, or on a board of the test, and what it needs.
struct Bench: ~Copyable {
  static let ram = DeviceAddress(rawValue: 0x8000_0000)
  let pool = WorkerPool(name: "simulator-test", threadCount: 2)
  let inbox: ProcessorInbox
  var platform: SimulatorPlatform

  init(_ board: Board? = nil) throws {
    inbox = NotificationDispatcher(pool: pool).makeInbox()
    platform = try SimulatorPlatform(
      board: board ?? Board.named("virt-rv32"), inbox: inbox, pool: pool)
  }

  /// The platform, for a processor; the bench's other parts go away with it.
  consuming func takePlatform() -> SimulatorPlatform { platform }

  /// Loads instructions to the start of RAM.
  func load(_ words: [UInt32]) throws {
    let range = try #require(AddressRange(start: Self.ram, byteCount: UInt64(words.count * 4)))
    let translated = platform.translate(range)
    let window = try #require(translated)
    for (index, word) in words.enumerated() { window.store(word, at: index * 4) }
  }

  static func request(
    _ da: UInt64?, _ byteCount: UInt64, purpose: MemoryRequest.Purpose = .carveout
  ) -> MemoryRequest {
    MemoryRequest(
      name: WireName("m"), da: da.map { DeviceAddress(rawValue: $0) }, byteCount: byteCount,
      purpose: purpose)
  }
}

/// Collects what an inbox delivers, and waits for it.
final class Collector: Sendable {
  private let events = Guarded<[PlatformEvent]>([])
  private let kicks = Guarded<[NotifyID]>([])
  private let changes = FutexWord()

  func attach(to inbox: ProcessorInbox) -> HandlerToken {
    inbox.setEventHandler { event in
      self.events.withLock { $0.append(event) }
      self.changes.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
      self.changes.wake()
    }
    return inbox.addHandler { id in
      guard let id else { return }
      self.kicks.withLock { $0.append(id) }
      self.changes.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
      self.changes.wake()
    }
  }

  var allEvents: [PlatformEvent] { events.withLock { $0 } }
  var allKicks: [NotifyID] { kicks.withLock { $0 } }

  func wait(until condition: (Collector) -> Bool) -> Bool {
    let deadline = MonotonicTime.now.advanced(by: .seconds(20))
    while true {
      let seen = changes.value.load(ordering: .sequentiallyConsistent)
      if condition(self) { return true }
      guard MonotonicTime.now < deadline else { return false }
      // Not every condition is about events, so look again now and then.
      changes.wait(while: seen, until: min(deadline, .now.advanced(by: .milliseconds(5))))
    }
  }
}

@Suite("Simulator platform")
struct SimulatorPlatformTests {
  // lui t0, 0x10000; li t1, 5; sw t1, 0(t0) KICK; sw t1, 8(t0) STATE; sw t1, 0x18(t0) EXIT
  static let kickAndExit: [UInt32] = [
    0x1000_02b7, 0x0050_0313, 0x0062_a023, 0x0062_a423, 0x0062_ac23,
  ]

  @Test("Firmware kicks, reports its state and exits")
  func run() throws {
    var bench = try Bench()
    let collector = Collector()
    let token = collector.attach(to: bench.inbox)
    try bench.platform.prepare()
    try bench.load(Self.kickAndExit)
    try bench.platform.start(at: Bench.ram)
    #expect(
      collector.wait { $0.allEvents.count == 2 && $0.allKicks == [NotifyID(rawValue: 5)] })
    #expect(collector.allEvents == [.stateWord(5), .exited(code: 5)])
    try bench.platform.stop()
    bench.inbox.removeHandler(token)
  }

  @Test("A crash is reported with kind, pc and address")
  func crash() throws {
    var bench = try Bench()
    let collector = Collector()
    let token = collector.attach(to: bench.inbox)
    try bench.load([0x0000_2023])  // sw zero, 0(zero)
    try bench.platform.start(at: Bench.ram)
    let report = CrashReport(
      kind: .busFault, pc: Bench.ram, address: DeviceAddress(rawValue: 0), access: .write,
      detail: "store access fault")
    #expect(collector.wait { $0.allEvents == [.crash(report)] })
    try bench.platform.stop()
    bench.inbox.removeHandler(token)
  }

  @Test("Every kind of crash has its kind on the platform")
  func crashKinds() {
    func kind(_ kind: ChipCrash.Kind, cause: UInt32? = nil, code: UInt16? = nil) -> CrashReport {
      CrashReport(
        ChipCrash(kind: kind, pc: Bench.ram, fatalCode: code, cause: cause, value: 0xffff_ffff))
    }
    #expect(kind(.hang).kind == .hang)
    #expect(kind(.watchdog).kind == .watchdog)
    #expect(kind(.fatalError, code: 7).kind == .fatalError(code: 7))
    #expect(kind(.fatalError, code: 7).detail == "firmware reported code 0x7")
    #expect(kind(.misalignedAccess, cause: 6).kind == .misaligned)
    #expect(kind(.unhandledCall, cause: 3).kind == .breakpoint)
    #expect(kind(.unhandledCall, cause: 11).kind == .environmentCall)
    let illegal = kind(.illegalInstruction, cause: 2, code: 1)
    #expect(illegal.kind == .illegalInstruction)
    #expect(
      illegal.detail
        == "illegal instruction, instruction 0xffffffff, firmware reported code 0x1")
  }

  @Test("The doorbell wakes firmware that sleeps")
  func doorbell() throws {
    var bench = try Bench()
    let collector = Collector()
    let token = collector.attach(to: bench.inbox)
    // t0 = doorbell; t1 = 1; loop: IDLE = 1; KICK = PENDING; jump to loop
    try bench.load([
      0x1000_02b7, 0x0010_0313, 0x0062_a623, 0x0042_a383, 0x0072_a023, 0xff5f_f06f,
    ])
    try bench.platform.start(at: Bench.ram)
    for id in [0, 4] as [UInt32] {
      bench.platform.doorbell.kick(NotifyID(rawValue: id))
      // The firmware answers with the bit as the notify id.
      #expect(collector.wait { $0.allKicks.last == NotifyID(rawValue: 1 << id) })
    }
    try bench.platform.stop()
    #expect(bench.platform.chip.statistics.kicksFromHost == 2)
    bench.inbox.removeHandler(token)
  }

  @Test("Fixed addresses get that memory, others some that is not reserved")
  func allocation() throws {
    var bench = try Bench()
    let reserved = try #require(AddressRange(start: Bench.ram, byteCount: 0x1_0000))
    bench.platform.reserve([reserved])
    let any = try bench.platform.allocate(Bench.request(nil, 100))
    #expect(any.da.rawValue == 0x8080_0000)
    #expect(any.pa?.rawValue == 0x8080_0000)
    #expect(any.window.byteCount == 100)
    let fixed = try bench.platform.allocate(Bench.request(0x8000_0000, 0x1_0000))
    #expect(fixed.da == Bench.ram)
    #expect(
      throws: PlatformError.addressNotAvailable(
        DeviceAddress(rawValue: 0x8000_f000), byteCount: 0x1000)
    ) { try bench.platform.allocate(Bench.request(0x8000_f000, 0x1000)) }
    #expect(
      throws: PlatformError.addressNotAvailable(
        DeviceAddress(rawValue: 0x9000_0000), byteCount: 0x1000)
    ) { try bench.platform.allocate(Bench.request(0x9000_0000, 0x1000)) }
    #expect(
      throws: PlatformError.outOfMemory(needed: 16 << 20, available: (8 << 20) - 0x1000)
    ) { try bench.platform.allocate(Bench.request(nil, 16 << 20)) }
    bench.platform.release(any)
    bench.platform.release(fixed)
    bench.platform.reserve([])
    let all = try bench.platform.allocate(Bench.request(nil, 16 << 20))
    #expect(all.da == Bench.ram)
  }

  @Test("Memory of a second region serves what the first cannot")
  func twoRegions() throws {
    var board = try Board.named("virt-rv32")
    board.memory.append(
      BoardMemory(
        name: "sram", da: DeviceAddress(rawValue: 0x2000_0000),
        pa: PhysicalAddress(rawValue: 0x4000), byteCount: 32 << 20))
    var bench = try Bench(board)
    let large = try bench.platform.allocate(Bench.request(nil, 17 << 20))
    #expect(large.da.rawValue == 0x2000_0000)
    #expect(large.pa?.rawValue == 0x4000)
    let fixed = try bench.platform.allocate(Bench.request(0x2110_0000, 4096))
    #expect(fixed.da.rawValue == 0x2110_0000)
    #expect(
      throws: PlatformError.outOfMemory(needed: 17 << 20, available: 16 << 20)
    ) { try bench.platform.allocate(Bench.request(nil, 17 << 20)) }
    bench.platform.release(large)
    _ = try bench.platform.allocate(Bench.request(0x2000_0000, 17 << 20))
  }

  @Test("A second boot finds zeroed RAM")
  func zeroed() throws {
    var bench = try Bench()
    try bench.platform.prepare()
    try bench.load([0x1234_5678])
    bench.platform.unprepare()
    try bench.platform.prepare()
    #expect(bench.platform.chip.memory[0].window.loadUInt32(at: 0) == 0)
  }

  @Test(
    "A boot address outside RAM or odd is refused",
    arguments: [
      0, 0x7fff_fffe, 0x8000_0001, 0x80ff_ffff, 0x8100_0000, 1 << 32, .max,
    ] as [UInt64])
  func badBootAddress(address: UInt64) throws {
    var bench = try Bench()
    let da = DeviceAddress(rawValue: address)
    #expect(throws: PlatformError.addressNotAvailable(da, byteCount: 2)) {
      try bench.platform.start(at: da)
    }
    try bench.platform.stop()
  }

  @Test("A core is started once, and after a stop again")
  func startTwice() throws {
    var bench = try Bench()
    try bench.load([0x1050_0073, 0xffdf_f06f])  // wfi; jump back
    try bench.platform.start(at: Bench.ram)
    #expect(throws: PlatformError.system(.start, errno: 16)) {
      try bench.platform.start(at: Bench.ram)
    }
    try bench.platform.stop()
    try bench.platform.start(at: Bench.ram)
    try bench.platform.stop()
    try bench.platform.stop()
  }

  @Test("Boards that cannot be simulated are refused")
  func refusedBoards() throws {
    var board = try Board.named("virt-rv32")
    board.core?.count = 2
    #expect(throws: SimulatorError.unsupportedCoreCount(2)) { _ = try Bench(board) }
    board = try Board.named("virt-rv32")
    let range = try #require(AddressRange(start: Bench.ram, byteCount: 1 << 20))
    board.iommu = BoardIOMMU(pageByteCounts: [4096], range: range)
    #expect(throws: SimulatorError.chip(.overlap(Bench.ram, Bench.ram))) { _ = try Bench(board) }
    board.core?.restart = .itself
    #expect(throws: SimulatorError.unsupportedRestart) { _ = try Bench(board) }
    board.core?.restart = .none
    board.iommu = BoardIOMMU(pageByteCounts: [], range: range)
    #expect(throws: SimulatorError.iommu(.badPageSize(0))) { _ = try Bench(board) }
    #expect(throws: SimulatorError.noCore(board: "null")) { _ = try Bench(.named("null")) }
    board.iommu = nil
    board.memory[0].byteCount = 12
    #expect(
      throws: SimulatorError.chip(.misaligned(da: Bench.ram, byteCount: 12))
    ) { _ = try Bench(board) }
  }
}
