import SimulatedSoC
import TestSupport
import Testing
import WireTypes

@Suite("Stepped chips")
struct SteppedTests {
  typealias A = Assembler

  /// Counts in a loop, answers kicks with the time of their arrival, and is interrupted by a timer.
  private func program(_ program: inout Assembler) {
    program.handle(1 << 11 | 1 << 7, at: 0x100)
    program.addi(A.t0, A.zero, 1)
    program.sw(A.t0, 0x10, A.a0)
    program.li(A.t0, 300)
    program.li(A.t1, 0x0200_4000)
    program.sw(A.zero, 4, A.t1)
    program.sw(A.t0, 0, A.t1)
    program.enableInterrupts()
    program.addi(A.t2, A.t2, 1)
    program.addi(A.t2, A.t2, 3)
    program.jump(-8)
    program.pad(to: 0x100)
    program.lw(A.a2, 0x04, A.a0)
    program.branchIfZero(A.a2, 12)
    program.sw(A.t2, 0x00, A.a0)
    program.mret()
    program.addi(A.a2, A.zero, -1)
    program.sw(A.a2, 0, A.t1)
    program.sw(A.a2, 4, A.t1)
    program.sw(A.t2, 0x08, A.a0)
    program.mret()
  }

  private struct Result: Equatable {
    var kicks: [UInt32]
    var events: [ChipEvent]
    var registers: ChipRegisters
    var statistics: ChipStatistics
  }

  private func result(seed: UInt64, script: UInt64) throws -> Result {
    let chip = try TestChip(.stepped(seed: seed), program: program)
    var random = SeededGenerator(seed: script)
    try chip.start()
    for _ in 0..<50 {
      _ = chip.chip.run(cycles: .random(in: 0...400, using: &random))
      chip.kick(.random(in: 0...40, using: &random))
    }
    _ = chip.chip.run(cycles: 1_000)
    return Result(
      kicks: chip.log.kicks, events: chip.log.events, registers: chip.chip.registers,
      statistics: chip.chip.statistics)
  }

  @Test("The same seed and the same host events give the same run", arguments: [0, 1, 2, .max])
  func deterministic(seed: UInt64) throws {
    let first = try result(seed: seed, script: 7)
    #expect(first.kicks.count > 30)
    #expect(first.events.count == 1)
    #expect(try result(seed: seed, script: 7) == first)
  }

  @Test("Another seed lets kicks arrive at other instructions")
  func seeds() throws {
    let kicks = try (0..<4).map { try result(seed: $0, script: 7).kicks }
    for first in 0..<4 {
      for second in 0..<first { #expect(kicks[first] != kicks[second]) }
    }
  }

  @Test("One run or many small ones: the same in the end")
  func slicing() throws {
    let whole = try TestChip(program: program)
    try whole.start()
    let end = whole.chip.run(cycles: 5_000)
    let sliced = try TestChip(program: program)
    try sliced.start()
    for _ in 0..<5_000 { #expect(sliced.chip.run(cycles: 1).cycleCount == 1) }
    #expect(end == SteppedRun(cycleCount: 5_000, end: .budgetSpent))
    #expect(sliced.chip.registers == whole.chip.registers)
    #expect(sliced.log.events == whole.log.events)
    #expect(sliced.chip.statistics == whole.chip.statistics)
  }

  @Test("Budgets of 0 and 1, before a start, after a stop")
  func bounds() throws {
    let chip = try TestChip { $0.sleep() }
    #expect(chip.chip.run(cycles: 5) == SteppedRun(cycleCount: 0, end: .ended))
    try chip.start()
    #expect(chip.chip.run(cycles: 0) == SteppedRun(cycleCount: 0, end: .budgetSpent))
    #expect(chip.chip.run(cycles: 1) == SteppedRun(cycleCount: 1, end: .budgetSpent))
    #expect(chip.chip.run(cycles: .max) == SteppedRun(cycleCount: 4, end: .asleep))
    chip.chip.stop()
    #expect(chip.chip.run(cycles: 5) == SteppedRun(cycleCount: 0, end: .ended))
  }

  @Test("Counters count what the program did")
  func statistics() throws {
    let chip = try TestChip { program in
      for _ in 0..<3 { program.sw(A.zero, 0x00, A.a0) }
      program.lw(A.t0, 0x14, A.a0)
      program.sleep()
    }
    try chip.run(1_000)
    let statistics = chip.chip.statistics
    #expect(statistics.instructionCount == 4 + 3 + 1 + 1)
    #expect(statistics.deviceAccessCount == 4)
    #expect(statistics.kicksToHost == 3)
    #expect(statistics.kicksFromHost == 0)
    #expect(statistics.sleepCount == 1)
    #expect(statistics.busyTime == .nanoseconds(90))
    #expect(abs(statistics.millionInstructionsPerSecond - 100) < 0.001)
    #expect(ChipStatistics().millionInstructionsPerSecond == 0)
  }
}

@Suite("Limits of what a core can send")
struct EventBudgetTests {
  @Test("A burst is free, then one event for each interval")
  func budget() {
    var budget = EventBudget()
    for _ in 0..<EventBudget.burst { budget.spend(at: 1_000) }
    #expect(budget.nextTime(at: 1_000) == 1_000)
    budget.spend(at: 1_000)
    #expect(budget.nextTime(at: 1_000) == 1_000 + EventBudget.refillInNanoseconds)
    let later = 1_000 + EventBudget.refillInNanoseconds
    #expect(budget.nextTime(at: later) == later)
    budget.spend(at: later)
    #expect(budget.nextTime(at: later) == later + EventBudget.refillInNanoseconds)
    #expect(budget.nextTime(at: later * 1_000) == later * 1_000)
  }

  @Test("A line ends at its newline or at 256 bytes")
  func lines() {
    var line = ConsoleLine()
    var complete = line.add(0x61)
    #expect(complete == nil)
    complete = line.add(0x0a)
    #expect(complete == [0x61, 0x0a])
    for _ in 1..<ConsoleLine.maxByteCount {
      complete = line.add(0x62)
      #expect(complete == nil)
    }
    complete = line.add(0x62)
    #expect(complete?.count == 256)
    complete = line.take()
    #expect(complete == nil)
    _ = line.add(0x63)
    complete = line.take()
    #expect(complete == [0x63])
  }
}
