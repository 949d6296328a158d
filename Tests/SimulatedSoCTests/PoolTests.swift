import Scheduling
import SimulatedSoC
import Testing
import WireTypes

@Suite("Simulated cores on a worker pool", .serialized)
struct PoolTests {
  typealias A = Assembler

  private func asleep(_ chip: TestChip, times: UInt64 = 1) -> Bool {
    chip.log.wait { _ in chip.chip.statistics.sleepCount >= times }
  }

  /// Processor time that a pool takes within 200 ms.
  private func use(of name: String) -> Duration {
    let before = PoolUsage.processorTime(name)
    _ = EventLog().wait(upTo: .milliseconds(200)) { _ in false }
    return PoolUsage.processorTime(name) - before
  }

  @Test("A core that waits for an interrupt takes no processor time")
  func sleepIsFree() throws {
    let pool = WorkerPool(name: "soc-wfi", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { $0.answerKicks() }
    try chip.start()
    #expect(asleep(chip))
    #expect(PoolUsage.threads("soc-wfi").count == 1)
    #expect(use(of: "soc-wfi") < .milliseconds(10))
    chip.chip.stop()
  }

  @Test("64 cores that sleep on two threads take no processor time, and each answers")
  func manySleep() throws {
    let pool = WorkerPool(name: "soc-64", threadCount: 2)
    let chips = try (0..<64).map { _ in
      try TestChip(.pool(pool), ramByteCount: 4096) { $0.answerKicks() }
    }
    for chip in chips { try chip.start() }
    for chip in chips { #expect(asleep(chip)) }
    #expect(PoolUsage.threads("soc-64").count == 2)
    #expect(use(of: "soc-64") < .milliseconds(10))
    for (index, chip) in chips.enumerated() { chip.kick(UInt32(index % 32)) }
    for (index, chip) in chips.enumerated() {
      #expect(chip.log.wait { $0.kicks == [1 << UInt32(index % 32)] })
    }
  }

  @Test("Each kick wakes the core, by interrupt and by IDLE", arguments: [true, false])
  func kicksWake(byInterrupt: Bool) throws {
    let pool = WorkerPool(name: "soc-kick", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { program in
      if byInterrupt {
        program.answerKicks()
      } else {
        program.addi(A.t0, A.zero, 1)
        program.sw(A.t0, 0x0C, A.a0)
        program.lw(A.t1, 0x04, A.a0)
        program.sw(A.t1, 0x00, A.a0)
        program.jump(-12)
      }
    }
    try chip.start()
    for round in 1...200 {
      chip.kick(3)
      #expect(chip.log.wait { $0.kicks.count == round })
    }
    chip.chip.stop()
    #expect(chip.log.kicks == [UInt32](repeating: 8, count: 200))
    #expect(chip.chip.statistics.kicksFromHost == 200)
    #expect(chip.chip.statistics.kicksToHost == 200)
    #expect(chip.chip.statistics.instructionCount >= 600)
  }

  @Test("Kicks from many threads at any moment are all answered in the end")
  func kickStorm() async throws {
    let pool = WorkerPool(name: "soc-storm", threadCount: 2)
    let chip = try TestChip(.pool(pool)) { $0.answerKicks() }
    try chip.start()
    for round in 0..<20 as Range<UInt32> {
      await withTaskGroup(of: Void.self) { group in
        for thread in 0..<4 as Range<UInt32> {
          group.addTask { for _ in 0..<50 { chip.kick(thread) } }
        }
      }
      // All is quiet: the last kick of the round must come through by itself.
      chip.kick(5 + round)
      #expect(chip.log.wait { log in log.kicks.contains { $0 >> (5 + round) & 1 == 1 } })
    }
    chip.chip.stop()
    #expect(chip.chip.statistics.kicksFromHost == 20 * 201)
  }

  @Test("A timer wakes a sleeping core at its time")
  func timer() throws {
    let pool = WorkerPool(name: "soc-timer", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { program in
      program.handle(1 << 7, at: 0x100)
      program.li(A.t1, 0x0200_4000)
      program.li(A.t0, 300_000)
      program.sw(A.zero, 4, A.t1)
      program.sw(A.t0, 0, A.t1)
      program.enableInterrupts()
      program.sleep()
      program.pad(to: 0x100)
      program.csrr(A.t0, A.time)
      program.sw(A.t0, 0x18, A.a0)
    }
    try chip.start()
    #expect(chip.log.wait { !$0.events.isEmpty })
    guard case .exited(let ticks) = chip.log.events.first else {
      Issue.record("\(chip.log.events)")
      return
    }
    // 30 ms, and at most ten seconds later on a machine that is busy.
    #expect((300_000...100_300_000).contains(ticks))
    // How long it slept of these depends on when a busy machine let it start.
    #expect(chip.chip.statistics.sleepCount >= 1)
    #expect(chip.chip.statistics.asleepTime > .zero)
  }

  @Test("A busy core stops at once, and can be stopped in any state")
  func stopWhileBusy() throws {
    let pool = WorkerPool(name: "soc-stop", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { program in
      program.li(A.t1, 0x8000_1000)
      program.addi(A.t0, A.t0, 1)
      program.sw(A.t0, 0, A.t1)
      program.jump(-8)
    }
    chip.chip.stop()
    for _ in 0..<20 {
      try chip.start()
      let before = chip.word(0x1000)
      #expect(chip.log.wait { _ in chip.word(0x1000) != before })
      let start = MonotonicTime.now
      chip.chip.stop()
      #expect(MonotonicTime.now.since(start) < .seconds(2))
      let stopped = chip.word(0x1000)
      _ = chip.log.wait(upTo: .milliseconds(1)) { _ in false }
      #expect(chip.word(0x1000) == stopped)
    }
    chip.chip.stop()
  }

  @Test("A start takes devices and core through reset")
  func restart() throws {
    let pool = WorkerPool(name: "soc-restart", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { $0.answerKicks() }
    try chip.start()
    #expect(asleep(chip))
    #expect(throws: ChipError.alreadyRunning) { try chip.start() }
    chip.chip.stop()
    chip.kick(1)
    #expect(chip.log.kicks.isEmpty)
    try chip.start()
    #expect(asleep(chip))
    #expect(chip.chip.statistics.kicksFromHost == 0)
    #expect(chip.log.kicks.isEmpty)
    chip.kick(2)
    #expect(chip.log.wait { $0.kicks == [4] })
    chip.chip.stop()
  }

  @Test("A thousand starts leave no thread and no file behind")
  func thousandStarts() throws {
    let filesBefore = PoolUsage.memoryFileCount
    let pool = WorkerPool(name: "soc-1000", threadCount: 2)
    for round in 0..<50 {
      let chip = try TestChip(.pool(pool), ramByteCount: 4096) { program in
        program.addi(A.t0, A.zero, 1)
        program.sw(A.t0, 0x00, A.a0)
        program.jump(-4)
      }
      for _ in 0..<20 {
        let before = chip.log.kicks.count
        try chip.start()
        #expect(chip.log.wait { $0.kicks.count > before }, "round \(round)")
        chip.chip.stop()
      }
    }
    #expect(PoolUsage.threads("soc-1000").count == 2)
    // Tests beside this one hold files of their own.
    #expect(PoolUsage.memoryFileCount < filesBefore + 40)
  }

  @Test("A chip that goes away while its core runs takes the core along")
  func deallocation() throws {
    let pool = WorkerPool(name: "soc-gone", threadCount: 1)
    do {
      let chip = try TestChip(.pool(pool)) { program in
        program.addi(A.t0, A.t0, 1)
        program.jump(-4)
      }
      try chip.start()
    }
    #expect(use(of: "soc-gone") < .milliseconds(10))
  }

  @Test("A chip keeps the pool that runs it")
  func keepsPool() throws {
    func make() throws -> TestChip {
      let pool = WorkerPool(name: "soc-kept", threadCount: 1)
      return try TestChip(.pool(pool)) { $0.answerKicks() }
    }
    let chip = try make()
    try chip.start()
    chip.kick(1)
    #expect(chip.log.wait { $0.kicks == [2] })
  }

  @Test("F06 console flood: the core waits, the host gets what it can take")
  func consoleFlood() throws {
    let pool = WorkerPool(name: "soc-flood", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { program in
      program.addi(A.t0, A.zero, 10)
      program.sw(A.t0, 0x1C, A.a0)
      program.sw(A.t0, 0x08, A.a0)
      program.jump(-8)
    }
    let start = MonotonicTime.now
    try chip.start()
    #expect(chip.log.wait { $0.events.count > 400 })
    chip.chip.stop()
    let time = MonotonicTime.now.since(start)
    #expect(Double(chip.log.events.count) < 140 + time / .microseconds(100))
  }

  @Test("F01 a core that hangs in a loop is found by its watchdog")
  func watchdog() throws {
    let pool = WorkerPool(name: "soc-dog", threadCount: 1)
    let chip = try TestChip(.pool(pool)) { program in
      program.addi(A.t0, A.zero, 20)
      program.sw(A.t0, 0x20, A.a0)
      program.addi(A.t1, A.t1, 1)
      program.jump(-4)
    }
    let start = MonotonicTime.now
    try chip.start()
    #expect(chip.log.wait { $0.crash != nil })
    #expect(MonotonicTime.now.since(start) >= .milliseconds(20))
    #expect(chip.log.crash?.kind == .watchdog)
    #expect(use(of: "soc-dog") < .milliseconds(10))
  }
}
