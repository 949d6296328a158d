import RISCVCore
import SimulatedSoC
import Testing
import WireTypes

@Suite("Crashes of a simulated core")
struct CrashTests {
  typealias A = Assembler

  /// The crash of `program`, which starts at 0x10 of RAM.
  private func crash(_ program: (inout Assembler) -> Void) throws -> ChipCrash? {
    let chip = try TestChip(program: program)
    #expect(try chip.run(10_000).end == .ended)
    #expect(chip.log.events.count == 1)
    return chip.log.crash
  }

  @Test("A wild store without a handler")
  func wildStore() throws {
    let crash = try crash { program in
      program.li(A.t0, 0xdead_0000)
      program.sw(A.zero, 4, A.t0)
    }
    #expect(
      crash
        == ChipCrash(
          kind: .busFault, pc: TestChip.address(0x18),
          address: DeviceAddress(rawValue: 0xdead_0004), access: .write, cause: 7,
          value: 0xdead_0004))
  }

  @Test("An illegal instruction without a handler")
  func illegal() throws {
    let crash = try crash { $0.illegal() }
    #expect(
      crash
        == ChipCrash(
          kind: .illegalInstruction, pc: TestChip.address(0x10), cause: 2, value: 0xffff_ffff))
  }

  @Test("A jump out of memory")
  func wildJump() throws {
    let crash = try crash { $0.jump(-0x1000) }
    #expect(crash?.kind == .busFault)
    #expect(crash?.cause == 1)
    #expect(crash?.address?.rawValue == 0x7fff_f010)
  }

  @Test("A breakpoint and a misaligned atomic operation without a handler")
  func others() throws {
    let breakpoint = try crash { $0.ebreak() }
    #expect(breakpoint?.kind == .unhandledCall && breakpoint?.cause == 3)
    let misaligned = try crash { program in
      program.li(A.t0, 0x8000_1002)
      program.amoaddWord(A.t1, A.zero, A.t0)
    }
    #expect(misaligned?.kind == .busFault)
    #expect(misaligned?.address == TestChip.address(0x1002))
  }

  @Test("Every cause of an exception is one kind of crash, with an address where there is one")
  func causes() {
    let expected: [(RISCVTrapCause, ChipCrash.Kind, access: MemoryAccess?)] = [
      (.instructionAccessFault, .busFault, .fetch), (.loadAccessFault, .busFault, .read),
      (.storeAccessFault, .busFault, .write), (.illegalInstruction, .illegalInstruction, nil),
      (.loadAddressMisaligned, .misalignedAccess, .read),
      (.storeAddressMisaligned, .misalignedAccess, .write), (.breakpoint, .unhandledCall, nil),
      (.environmentCallFromUser, .unhandledCall, nil),
      (.environmentCallFromMachine, .unhandledCall, nil),
    ]
    for (cause, kind, access) in expected {
      let trap = RISCVTrap(cause: cause, pc: TestChip.address(4), value: 0x44)
      #expect(
        ChipCrash(trap, fatalCode: 9)
          == ChipCrash(
            kind: kind, pc: TestChip.address(4),
            address: access == nil ? nil : DeviceAddress(rawValue: 0x44), access: access,
            fatalCode: 9,
            cause: cause.rawValue, value: 0x44))
    }
  }

  @Test("A jump to itself with interrupts off")
  func hang() throws {
    let crash = try crash { $0.jump(0) }
    #expect(crash == ChipCrash(kind: .hang, pc: TestChip.address(0x10)))
  }

  @Test("A handler that gives up by jumping to itself tells of the exception")
  func hangInHandler() throws {
    let crash = try crash { program in
      program.handle(0, at: 0x100)
      program.illegal()
      program.pad(to: 0x100)
      program.jump(0)
    }
    #expect(crash?.kind == .illegalInstruction)
    #expect(crash?.pc == TestChip.address(0x28))
    #expect(crash?.fatalCode == nil)
  }

  @Test(
    "A handler that gives up by waiting tells of the exception, whatever is pending",
    arguments: [0, 1 << 3] as [UInt32], ["wj", "wwj", "wnj", "nwnwj"])
  func waitInHandler(pending: UInt32, loop: String) throws {
    let crash = try crash { program in
      program.handle(pending, at: 0x100)
      // Software interrupt pending: `wfi` would return at once.
      program.li(A.t2, 1)
      program.sw(A.t2, 0, A.a1)
      program.sw(A.zero, 0, A.zero)
      program.pad(to: 0x100)
      for instruction in loop {
        switch instruction {
        case "w": program.wfi()
        case "n": program.addi(A.zero, A.zero, 0)
        default: program.jump(0x100 - program.here)
        }
      }
    }
    #expect(crash?.kind == .busFault)
    #expect(crash?.pc == TestChip.address(0x34))
    #expect(crash?.address == DeviceAddress(rawValue: 0))
  }

  @Test("Waiting in a handler is no crash when more comes than a jump back")
  func waitAndGoOn() throws {
    let crash = try crash { program in
      program.handle(0, at: 0x100)
      program.illegal()
      program.pad(to: 0x100)
      // Bit 0 of `msip` raises the software interrupt, bit 3 of `mie` lets it wake the core.
      program.li(A.t2, 9)
      program.csrw(A.mie, A.t2)
      program.sw(A.t2, 0, A.a1)
      program.wfi()
      program.addi(A.zero, A.zero, 0)
      program.li(A.t0, 0xDEAD_0008)
      program.sw(A.t0, 0x08, A.a0)
    }
    #expect(crash?.fatalCode == 8)
  }

  @Test("A handler that reports a fatal error tells of the exception and its code")
  func fatalInHandler() throws {
    let crash = try crash { program in
      program.handle(0, at: 0x100)
      program.sw(A.zero, 0, A.zero)
      program.pad(to: 0x100)
      program.li(A.t0, 0xDEAD_0007)
      program.sw(A.t0, 0x08, A.a0)
    }
    #expect(
      crash
        == ChipCrash(
          kind: .busFault, pc: TestChip.address(0x28), address: DeviceAddress(rawValue: 0),
          access: .write, fatalCode: 7, cause: 7, value: 0))
  }

  @Test("An exception that the firmware handles is no crash, nor part of a later one")
  func handled() throws {
    let crash = try crash { program in
      program.handle(0, at: 0x100)
      program.illegal()
      program.li(A.t0, 0xDEAD_0001)
      program.sw(A.t0, 0x08, A.a0)
      program.pad(to: 0x100)
      program.csrr(A.t0, 0x341)
      program.addi(A.t0, A.t0, 4)
      program.csrw(0x341, A.t0)
      program.mret()
    }
    #expect(crash == ChipCrash(kind: .fatalError, pc: TestChip.address(0x38), fatalCode: 1))
  }

  @Test("A crashed core keeps its registers and can be started again")
  func afterwards() throws {
    let chip = try TestChip { program in
      program.li(A.t2, 0x1234)
      program.illegal()
    }
    try chip.run()
    let registers = chip.chip.registers
    #expect(registers.pc == TestChip.address(0x18))
    #expect(registers.integers[Int(A.t2)] == 0x1234)
    #expect(registers.integers.count == 32)
    try chip.run()
    #expect(chip.log.events.count == 2)
    chip.chip.stop()
    try chip.run()
    #expect(chip.log.events.count == 3)
  }

  @Test("Each store to an address of nothing takes time: a loop of them ends with its budget")
  func faultLoop() throws {
    let chip = try TestChip { program in
      program.handle(0, at: 0x100)
      program.sw(A.zero, 0, A.zero)
      program.pad(to: 0x100)
      program.mret()
    }
    #expect(try chip.run(10_000) == SteppedRun(cycleCount: 10_000, end: .budgetSpent))
  }
}

@Suite("Watchdog of a simulated core")
struct WatchdogTests {
  typealias A = Assembler
  /// Cycles in a millisecond.
  static let millisecond: UInt64 = 100_000

  @Test("A loop that does not feed it crashes after its time, not before")
  func expires() throws {
    let chip = try TestChip { program in
      program.addi(A.t0, A.zero, 3)
      program.sw(A.t0, 0x20, A.a0)
      program.lw(A.t2, 0x20, A.a0)
      program.addi(A.zero, A.zero, 0)
      program.jump(-4)
    }
    #expect(try chip.run(3 * Self.millisecond - 20_000).end == .budgetSpent)
    #expect(chip.chip.registers.integers[Int(A.t2)] == 3)
    #expect(chip.chip.run(cycles: 40_000).end == .ended)
    #expect(chip.log.crash?.kind == .watchdog)
    #expect([0x1C, 0x20].contains(chip.log.crash?.pc.offset(from: TestChip.address(0))))
  }

  @Test("A loop that feeds it goes on, and so does one that turned it off")
  func fed() throws {
    for feeds in [true, false] {
      let chip = try TestChip { program in
        program.addi(A.t0, A.zero, 1)
        program.sw(A.t0, 0x20, A.a0)
        if !feeds { program.sw(A.zero, 0x20, A.a0) }
        if feeds { program.jump(-4) } else { program.jump(4 - 4 * 2) }
      }
      #expect(try chip.run(3 * Self.millisecond).end == .budgetSpent)
      #expect(chip.log.events.isEmpty)
    }
  }

  @Test("It is paused while the core sleeps")
  func paused() throws {
    let chip = try TestChip { program in
      program.addi(A.t0, A.zero, 1)
      program.sw(A.t0, 0x20, A.a0)
      // mtimecmp = 50 ms, then sleep until then
      program.li(A.t0, 500_000)
      program.li(A.t1, 0x4000)
      program.words.append(A.t1 << 20 | A.a1 << 15 | A.a1 << 7 | 0x33)  // add a1, a1, t1
      program.sw(A.zero, 4, A.a1)
      program.sw(A.t0, 0, A.a1)
      program.addi(A.t0, A.zero, 0x80)
      program.csrw(A.mie, A.t0)
      program.wfi()
      program.sw(A.t0, 0x18, A.a0)
    }
    #expect(try chip.run(60 * Self.millisecond).end == .ended)
    #expect(chip.log.events == [.exited(code: 0x80)])
    #expect(chip.chip.statistics.asleepTime >= .milliseconds(49))
  }

  @Test("Long pieces of execution count with a bound, as the host may have been stopped")
  func stoppedHost() {
    var watchdog = Watchdog()
    var isOver = false
    watchdog.feed(milliseconds: 100, at: 0)
    isOver = watchdog.advance(to: 60_000_000_000)
    #expect(!isOver)
    watchdog.resume(at: 120_000_000_000)
    isOver = watchdog.advance(to: 120_079_999_999)
    #expect(!isOver)
    for piece in 0..<2 as Range<UInt64> {
      isOver = watchdog.advance(to: 120_100_000_000 + piece * 20_000_000)
      #expect(!isOver)
    }
    isOver = watchdog.advance(to: 120_140_000_000)
    #expect(isOver)
    watchdog.feed(milliseconds: 0, at: 0)
    isOver = watchdog.advance(to: .max)
    #expect(!isOver)
    watchdog.feed(milliseconds: .max, at: 5)
    #expect(watchdog.limit == 4_294_967_295_000_000)
    isOver = watchdog.advance(to: 0)
    #expect(!isOver)
  }
}
