import Scheduling
import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

@Suite("A core that restarts by itself")
struct RestartTests {
  typealias A = Assembler

  /// A chip whose firmware spoils its own code and data at 0x1000, counts its starts at 0x3000,
  /// and sleeps; a kick lets it crash.
  private func chip(
    _ execution: SimulatedChip.Execution, delay: Duration? = .milliseconds(1)
  ) throws -> (chip: SimulatedChip, log: EventLog, memory: SharedWindow) {
    let log = EventLog()
    let chip = try SimulatedChip(
      ChipConfiguration(
        memory: [
          .init(name: "ram", da: DeviceAddress(rawValue: TestChip.ram), byteCount: 0x10000)
        ],
        devices: [
          .init(
            kind: .doorbell(raisesExternal: true),
            da: DeviceAddress(rawValue: UInt64(TestChip.doorbell)))
        ], restartDelay: delay),
      sink: ChipSink(kicked: log.kick, happened: log.add), execution: execution)
    let memory = chip.memory[0].window
    var program = Assembler()
    program.li(A.a0, TestChip.doorbell)
    program.li(A.a1, UInt32(TestChip.ram) + 0x1000)
    program.li(A.a2, UInt32(TestChip.ram) + 0x3000)
    program.lw(A.t0, 0, A.a2)
    program.addi(A.t0, A.t0, 1)
    program.sw(A.t0, 0, A.a2)
    // What the data was at the start goes to the host.
    program.lw(A.t0, 0, A.a1)
    program.sw(A.t0, 0x08, A.a0)
    program.sw(A.zero, 0, A.a1)
    program.addi(A.t0, A.zero, 1)
    program.sw(A.t0, 0x0c, A.a0)
    program.li(A.t0, 0xdead_0001)
    program.sw(A.t0, 0x08, A.a0)
    for (index, word) in program.words.enumerated() { memory.store(word, at: index * 4) }
    memory.store(UInt32(0x1234), at: 0x1000)
    return (chip, log, memory)
  }

  private var start: DeviceAddress { DeviceAddress(rawValue: TestChip.ram) }
  private var late: MonotonicTime { .now.advanced(by: .seconds(20)) }

  @Test("It tells of the crash, waits, and runs from what was loaded")
  func stepped() throws {
    let (chip, log, memory) = try chip(.stepped(seed: 0))
    try chip.start(at: start)
    #expect(chip.run(cycles: 1_000).end == .asleep)
    for round in 1...3 as ClosedRange<UInt32> {
      chip.kick(NotifyID(rawValue: 0))
      // 1 ms are 100,000 cycles.
      #expect(chip.run(cycles: 50_000).end == .budgetSpent)
      #expect(chip.activity == .restarting)
      #expect(chip.registers.pc.rawValue > TestChip.ram)
      #expect(memory.loadUInt32(at: 0x1000) == 0)
      #expect(chip.run(cycles: 60_000).end == .asleep)
      #expect(chip.activity == .running)
      #expect(chip.restartCount == UInt64(round))
      // A page without anything at the start keeps what it has.
      #expect(memory.loadUInt32(at: 0x3000) == round + 1)
    }
    #expect(log.events.filter { $0 == .stateWord(0x1234) }.count == 4)
    #expect(log.events.count == 7)
  }

  @Test("Without the option a crash is the end")
  func notConfigured() throws {
    let (chip, log, _) = try chip(.stepped(seed: 0), delay: nil)
    try chip.start(at: start)
    chip.kick(NotifyID(rawValue: 0))
    #expect(chip.run(cycles: 1_000_000).end == .ended)
    #expect(chip.activity == .ended && chip.restartCount == 0)
    #expect(!chip.waitForRestart(until: late))
    #expect(log.crash?.fatalCode == 1)
  }

  @Test("On a pool the host waits for the restart, a thousand times")
  func pooled() throws {
    let pool = WorkerPool(name: "restart-test", threadCount: 1)
    let (chip, log, memory) = try chip(.pool(pool), delay: .zero)
    try chip.start(at: start)
    for round in 1...1_000 as ClosedRange<UInt64> {
      #expect(log.wait { _ in memory.loadUInt32(at: 0x3000) == UInt32(round) })
      chip.kick(NotifyID(rawValue: 0))
      try #require(log.wait { _ in chip.restartCount == round }, "\(round)")
      #expect(chip.waitForRestart(until: late))
    }
    chip.stop()
    #expect(!chip.waitForRestart(until: late))
  }

  @Test("A stop ends the wait before the restart, and a start makes it unnecessary")
  func stopMeanwhile() throws {
    let pool = WorkerPool(name: "restart-test", threadCount: 1)
    let (chip, log, _) = try chip(.pool(pool), delay: .seconds(3600))
    try chip.start(at: start)
    chip.kick(NotifyID(rawValue: 0))
    #expect(log.wait { $0.crash != nil })
    #expect(chip.activity == .restarting)
    #expect(!chip.waitForRestart(until: .now.advanced(by: .milliseconds(20))))
    try chip.start(at: start)
    #expect(chip.activity == .running)
    #expect(chip.waitForRestart(until: late))
    chip.stop()
    #expect(chip.activity == .stopped)
  }

  @Test("A firmware's own exit is no crash, so nothing restarts")
  func exit() throws {
    let (chip, log, memory) = try chip(.stepped(seed: 0))
    var program = Assembler()
    program.li(A.a0, TestChip.doorbell)
    program.sw(A.zero, 0x18, A.a0)
    for (index, word) in program.words.enumerated() { memory.store(word, at: index * 4) }
    try chip.start(at: start)
    #expect(chip.run(cycles: 1_000_000).end == .ended)
    #expect(log.events == [.exited(code: 0)])
    #expect(chip.activity == .ended)
  }
}
