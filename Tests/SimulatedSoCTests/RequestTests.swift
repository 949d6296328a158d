import RISCVCore
import Scheduling
import SimulatedSoC
import Testing
import WireTypes

@Suite("Requests of the host, and a core that is suspended")
struct RequestTests {
  typealias A = Assembler

  /// Firmware that sleeps, counts its wake-ups at 0x2000, and answers what `REQUEST` holds with
  /// `bits` added.
  private static func answering(
    _ program: inout Assembler, enable: Int32 = 2, bits: UInt32 = 0
  ) {
    program.li(A.t0, 1 << 11)
    program.csrw(A.mie, A.t0)
    program.addi(A.t0, A.zero, enable)
    program.sw(A.t0, 0x10, A.a0)
    program.li(A.a3, UInt32(TestChip.ram) + 0x2000)
    program.li(A.a2, bits)
    program.kickWhenReady()
    let loop = program.here
    program.wfi()
    program.lw(A.t1, 0, A.a3)
    program.addi(A.t1, A.t1, 1)
    program.sw(A.t1, 0, A.a3)
    program.lw(A.t2, 0x04, A.a0)
    program.lw(A.t0, 0x24, A.a0)
    program.branchIfZero(A.t0, loop - program.here)
    // t0 |= a2
    program.words.append(A.a2 << 20 | A.t0 << 15 | 6 << 12 | A.t0 << 7 | 0x33)
    program.sw(A.t0, 0x28, A.a0)
    program.jump(to: loop)
  }

  private var soon: MonotonicTime { .now.advanced(by: .milliseconds(50)) }
  private var late: MonotonicTime { .now.advanced(by: .seconds(20)) }

  @Test("Firmware acknowledges each request", arguments: HostRequest.allCases)
  func acknowledged(request: HostRequest) throws {
    try withPool { pool in
      let chip = try TestChip(.pool(pool)) { Self.answering(&$0) }
      try chip.start()
      #expect(chip.log.wait { !$0.kicks.isEmpty })
      for _ in 0..<3 { #expect(chip.chip.request(request, until: late) == .acknowledged) }
      chip.chip.stop()
    }
  }

  @Test("Bit 31 refuses")
  func refused() throws {
    try withPool { pool in
      let chip = try TestChip(.pool(pool)) { Self.answering(&$0, bits: 1 << 31) }
      try chip.start()
      #expect(chip.log.wait { !$0.kicks.isEmpty })
      #expect(chip.chip.request(.shutdown, until: late) == .refused)
      chip.chip.stop()
    }
  }

  @Test("Firmware that does not know requests is neither woken nor waited for", arguments: [0, 1])
  func oldFirmware(enable: Int32) throws {
    let chip = try TestChip { Self.answering(&$0, enable: enable) }
    #expect(try chip.run().end == .asleep)
    #expect(chip.chip.post(.shutdown) == .notListening)
    #expect(chip.chip.run(cycles: 100).end == .asleep)
    #expect(chip.word(0x2000) == 0)
    // Nothing was left behind.
    #expect(chip.chip.post(.suspend) == .notListening)
  }

  @Test("The host waits until its deadline, and takes the request back")
  func timedOut() throws {
    try withPool { pool in
      // It listens, and sleeps with its interrupt off.
      let chip = try TestChip(.pool(pool)) { program in
        program.addi(A.t0, A.zero, 2)
        program.sw(A.t0, 0x10, A.a0)
        program.kickWhenReady()
        program.wfi()
        program.jump(-4)
      }
      try chip.start()
      #expect(chip.log.wait { !$0.kicks.isEmpty })
      let begin = MonotonicTime.now
      #expect(chip.chip.request(.shutdown, until: soon) == .timedOut)
      #expect(MonotonicTime.now.since(begin) >= .milliseconds(50))
      // That request was taken back, so there is room for another.
      #expect(chip.chip.request(.suspend, until: soon) == .timedOut)
      #expect(chip.chip.request(.suspend, until: begin) == .timedOut)
      chip.chip.stop()
    }
  }

  @Test("Only one request waits at a time")
  func busy() throws {
    let chip = try TestChip { Self.answering(&$0) }
    #expect(try chip.run().end == .asleep)
    #expect(chip.chip.post(.resume) == nil)
    #expect(chip.chip.post(.resume) == .busy)
    #expect(chip.chip.takeAnswer() == .timedOut)
    #expect(chip.chip.post(.resume) == nil)
    #expect(chip.chip.run(cycles: 100).end == .asleep)
    #expect(chip.chip.takeAnswer() == .acknowledged)
  }

  @Test("An answer to another request, or to none, does nothing")
  func wrongAnswer() throws {
    for (answer, outcome) in [
      (0, .timedOut), (1, .timedOut), (2, .acknowledged), (3, .timedOut), (4, .timedOut),
      (0x8000_0002, .refused), (0x8000_0001, .timedOut), (0xffff_ffff, .timedOut),
    ] as [(UInt32, HostRequestAnswer)] {
      let chip = try TestChip { program in
        program.addi(A.t1, A.zero, 2)
        program.sw(A.t1, 0x10, A.a0)
        program.li(A.t0, answer)
        program.sw(A.t0, 0x28, A.a0)
        program.addi(A.t1, A.zero, 1)
        program.sw(A.t1, 0x0c, A.a0)
        program.sw(A.t0, 0x28, A.a0)
        program.wfi()
      }
      #expect(try chip.run().end == .asleep)
      #expect(chip.chip.post(.resume) == nil)
      chip.kick(0)
      #expect(chip.chip.run(cycles: 100).end == .asleep)
      #expect(chip.chip.takeAnswer() == outcome, "\(answer)")
    }
  }

  @Test("A request that is enabled ends IDLE, another does not", arguments: [0, 1, 2, 3])
  func idle(enable: Int32) throws {
    let chip = try TestChip { program in
      program.addi(A.t0, A.zero, enable)
      program.sw(A.t0, 0x10, A.a0)
      program.addi(A.t0, A.zero, 1)
      program.sw(A.t0, 0x0c, A.a0)
      program.lw(A.t0, 0x24, A.a0)
      program.li(A.t1, UInt32(TestChip.ram) + 0x1000)
      program.sw(A.t0, 0, A.t1)
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    let isListening = enable & 2 != 0
    #expect(chip.chip.post(.shutdown) == (isListening ? nil : .notListening))
    #expect(chip.chip.run(cycles: 100).end == .asleep)
    #expect(chip.word(0x1000) == (isListening ? 3 : 0))
    if isListening { #expect(chip.chip.takeAnswer() == .timedOut) }
  }

  @Test("A request of a core that does not execute fails at once")
  func notExecuting() throws {
    try withPool { pool in
      let chip = try TestChip(.pool(pool)) { Self.answering(&$0) }
      #expect(chip.chip.request(.shutdown, until: late) == .stopped)
      try chip.start()
      #expect(chip.log.wait { !$0.kicks.isEmpty })
      try chip.chip.suspend()
      #expect(chip.chip.request(.resume, until: late) == .stopped)
      try chip.chip.resume()
      #expect(chip.chip.request(.resume, until: late) == .acknowledged)
      chip.chip.stop()
      #expect(chip.chip.request(.shutdown, until: late) == .stopped)
    }
  }

  @Test("A core that crashes, exits or is stopped wakes who waits for its answer")
  func endsMeanwhile() throws {
    try withPool { pool in
      for register in [0x08, 0x18] as [Int32] {
        let chip = try TestChip(.pool(pool)) { program in
          program.addi(A.t0, A.zero, 2)
          program.sw(A.t0, 0x10, A.a0)
          program.kickWhenReady()
          program.addi(A.t0, A.zero, 1)
          program.sw(A.t0, 0x0c, A.a0)
          program.li(A.t0, 0xdead_0007)
          program.sw(A.t0, register, A.a0)
        }
        try chip.start()
        #expect(chip.log.wait { !$0.kicks.isEmpty })
        #expect(chip.chip.request(.shutdown, until: late) == .stopped)
      }
      let chip = try TestChip(.pool(pool)) { program in
        program.addi(A.t0, A.zero, 2)
        program.sw(A.t0, 0x10, A.a0)
        program.kickWhenReady()
        program.sleep()
      }
      try chip.start()
      #expect(chip.log.wait { !$0.kicks.isEmpty })
      let stopper = pool.makeJob {
        chip.chip.stop()
        return .sleep
      }
      stopper.schedule()
      #expect(chip.chip.request(.shutdown, until: late) == .stopped)
      stopper.cancel()
    }
  }

  @Test("A suspended core executes nothing, and its kicks wait")
  func suspended() throws {
    let chip = try TestChip { program in
      program.answerKicks()
    }
    #expect(throws: ChipError.notRunning) { try chip.chip.suspend() }
    #expect(throws: ChipError.notRunning) { try chip.chip.resume() }
    #expect(chip.chip.activity == .stopped)
    #expect(try chip.run().end == .asleep)
    try chip.chip.suspend()
    try chip.chip.suspend()
    #expect(chip.chip.activity == .suspended)
    chip.kick(3)
    chip.kick(4)
    #expect(chip.chip.run(cycles: 1_000).end == .asleep)
    #expect(chip.log.kicks.isEmpty)
    let registers = chip.chip.registers
    try chip.chip.resume()
    try chip.chip.resume()
    #expect(chip.chip.registers == registers)
    #expect(chip.chip.activity == .running)
    #expect(chip.chip.run(cycles: 1_000).end == .asleep)
    #expect(chip.log.kicks == [1 << 3 | 1 << 4])
  }

  @Test("A core on a pool stands still at once, and goes on")
  func suspendedOnPool() throws {
    try withPool { pool in
      let chip = try TestChip(.pool(pool)) { program in
        program.li(A.t1, UInt32(TestChip.ram) + 0x1000)
        let loop = program.here
        program.lw(A.t0, 0, A.t1)
        program.addi(A.t0, A.t0, 1)
        program.sw(A.t0, 0, A.t1)
        program.jump(to: loop)
      }
      try chip.start()
      #expect(chip.log.wait { _ in chip.word(0x1000) > 100 })
      try chip.chip.suspend()
      let count = chip.word(0x1000)
      for _ in 0..<100 { chip.kick(0) }
      #expect(!chip.log.wait(upTo: .milliseconds(50)) { _ in chip.word(0x1000) != count })
      try chip.chip.resume()
      #expect(chip.log.wait { _ in chip.word(0x1000) > count })
      chip.chip.stop()
    }
  }

  @Test("The watchdog pauses while the core is suspended, and not after")
  func watchdog() throws {
    try withPool { pool in
      let chip = try TestChip(.pool(pool)) { program in
        program.addi(A.t0, A.zero, 30)
        program.sw(A.t0, 0x20, A.a0)
        program.addi(A.t0, A.t0, 1)
        program.jump(-4)
      }
      try chip.start()
      try chip.chip.suspend()
      #expect(!chip.log.wait(upTo: .milliseconds(100)) { $0.crash != nil })
      try chip.chip.resume()
      #expect(chip.log.wait { $0.crash?.kind == .watchdog })
    }
  }

  @Test("A core that sleeps or is suspended does not use its watchdog up, a busy one does")
  func watchdogCases() throws {
    let chip = try TestChip { program in
      program.addi(A.t0, A.zero, 1)
      program.sw(A.t0, 0x20, A.a0)
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    try chip.chip.suspend()
    #expect(chip.chip.run(cycles: 1_000_000_000).end == .asleep)
    #expect(chip.log.crash == nil)
    let hung = try TestChip { program in
      program.addi(A.t0, A.zero, 1)
      program.sw(A.t0, 0x20, A.a0)
      program.addi(A.t0, A.t0, 1)
      program.jump(-4)
    }
    #expect(try hung.run(1_000_000).end == .ended)
    #expect(hung.log.crash?.kind == .watchdog)
  }

  @Test("A start after a suspension begins awake")
  func startsAwake() throws {
    let chip = try TestChip { Self.answering(&$0) }
    #expect(try chip.run().end == .asleep)
    try chip.chip.suspend()
    #expect(throws: ChipError.alreadyRunning) { try chip.start() }
    chip.chip.stop()
    #expect(throws: ChipError.notRunning) { try chip.chip.resume() }
    try chip.start()
    #expect(chip.chip.activity == .running)
  }

  private func withPool(_ body: (WorkerPool) throws -> Void) throws {
    try body(WorkerPool(name: "request-test", threadCount: 2))
  }
}

extension Assembler {
  /// Kicks id 0, so that the host knows when the program has come here.
  fileprivate mutating func kickWhenReady() { sw(Self.zero, 0x00, Self.a0) }
}
