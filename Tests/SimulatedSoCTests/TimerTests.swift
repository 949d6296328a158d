import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

@Suite("Timer and software interrupt of a simulated core")
struct TimerTests {
  typealias A = Assembler

  @Test("mtime runs at 10 MHz of the chip's time, in memory and as a control register")
  func time() throws {
    let chip = try TestChip { program in
      program.li(A.t1, 0x0200_bff8)
      program.li(A.t2, 0x8000_1000)
      program.pad(to: 1_000 * 4)
      program.lw(A.t0, 0, A.t1)
      program.sw(A.t0, 0, A.t2)
      program.csrr(A.t0, A.time)
      program.sw(A.t0, 4, A.t2)
      program.lw(A.t0, 4, A.t1)
      program.sw(A.t0, 8, A.t2)
      program.csrr(A.t0, A.timeh)
      program.sw(A.t0, 12, A.t2)
      program.wfi()
    }
    #expect(try chip.run(2_000).end == .asleep)
    // 100 MHz: ten instructions for one tick.
    #expect((0..<4).map { chip.word(0x1000 + $0 * 4) } == [100, 100, 0, 0])
  }

  @Test("The timer interrupt comes at its cycle, to a busy and to a sleeping core")
  func interrupt() throws {
    for sleeps in [true, false] {
      let chip = try TestChip { program in
        program.handle(1 << 7, at: 0x100)
        program.li(A.t1, 0x0200_4000)
        program.li(A.t0, 500)
        program.sw(A.zero, 4, A.t1)
        program.sw(A.t0, 0, A.t1)
        program.enableInterrupts()
        if sleeps { program.wfi() } else { program.addi(A.zero, A.zero, 0) }
        program.jump(-4)
        program.pad(to: 0x100)
        program.csrr(A.t0, A.time)
        program.sw(A.t0, 0x18, A.a0)
      }
      // mtime 500 is cycle 5,000.
      #expect(try chip.run(4_999).end == .budgetSpent)
      #expect(chip.log.events.isEmpty)
      #expect(chip.chip.run(cycles: 10).end == .ended)
      #expect(chip.log.events == [.exited(code: 500)])
    }
  }

  @Test("msip raises the software interrupt")
  func softwareInterrupt() throws {
    let chip = try TestChip { program in
      program.handle(1 << 3, at: 0x100)
      program.enableInterrupts()
      program.addi(A.t0, A.zero, -1)
      program.sw(A.t0, 0, A.a1)
      program.addi(A.t2, A.zero, 7)
      program.sleep()
      program.pad(to: 0x100)
      program.lw(A.t1, 0, A.a1)
      program.sw(A.zero, 0, A.a1)
      program.csrr(A.t2, 0x342)
      program.csrr(A.t0, 0x344)
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    let registers = chip.chip.registers
    #expect(registers.integers[Int(A.t1)] == 1)
    #expect(registers.integers[Int(A.t2)] == 1 << 31 | 3)
    #expect(registers.integers[Int(A.t0)] == 0)
    #expect(registers.cause == 1 << 31 | 3)
  }

  @Test("A chip without a timer has no time")
  func noTimer() throws {
    let log = EventLog()
    let chip = try SimulatedChip(
      ChipConfiguration(
        memory: [.init(name: "ram", da: TestChip.address(0), byteCount: 4096)], devices: []),
      sink: ChipSink(kicked: log.kick, happened: log.add), execution: .stepped(seed: 0))
    var program = Assembler()
    program.csrr(A.t0, A.time)
    chip.memory[0].window.store(program.words[0], at: 0)
    try chip.start(at: TestChip.address(0))
    #expect(chip.run(cycles: 10).end == .ended)
    #expect(log.crash?.kind == .illegalInstruction)
  }
}

@Suite("CLINT alone")
struct CLINTDeviceTests {
  @Test("64-bit registers are written in halves and wrap")
  func halves() {
    var clint = CLINTDevice()
    var isRegister = false
    #expect(clint.load(at: 0x4000, nanoseconds: 0) == .max)
    #expect(clint.load(at: 0x4004, nanoseconds: 0) == .max)
    #expect(!clint.isTimerDue(at: 1 << 62))
    #expect(clint.dueTime(at: 0) == nil)
    isRegister = clint.store(7, at: 0x4000, nanoseconds: 0)
    #expect(isRegister)
    isRegister = clint.store(1, at: 0x4004, nanoseconds: 0)
    #expect(isRegister)
    #expect(clint.compare == 1 << 32 | 7)
    isRegister = clint.store(0xffff_fff0, at: 0xbff8, nanoseconds: 12_345)
    #expect(isRegister)
    #expect(clint.load(at: 0xbff8, nanoseconds: 12_345) == 0xffff_fff0)
    isRegister = clint.store(0xffff_ffff, at: 0xbffc, nanoseconds: 12_345)
    #expect(isRegister)
    #expect(clint.time(at: 12_345) == 0xffff_ffff_ffff_fff0)
    #expect(clint.isTimerDue(at: 12_345))
    #expect(clint.dueTime(at: 12_345) == 12_345)
    // Sixteen ticks later it wraps.
    #expect(clint.time(at: 12_345 + 1_600) == 0)
    #expect(clint.load(at: 0xbffc, nanoseconds: 12_345 + 1_600) == 0)
  }

  @Test("The timer is due in the very tick it names")
  func dueTime() {
    var clint = CLINTDevice()
    var isRegister = false
    isRegister = clint.store(0, at: 0x4004, nanoseconds: 0)
    #expect(isRegister)
    isRegister = clint.store(3, at: 0x4000, nanoseconds: 0)
    #expect(isRegister)
    #expect(clint.dueTime(at: 0) == 300)
    #expect(clint.dueTime(at: 199) == 300)
    #expect(!clint.isTimerDue(at: 299))
    #expect(clint.isTimerDue(at: 300))
    #expect(clint.dueTime(at: 301) == 301)
  }

  @Test("msip has one bit; other offsets are refused")
  func offsets() {
    var clint = CLINTDevice()
    var isRegister = false
    isRegister = clint.store(0xffff_fffe, at: 0, nanoseconds: 0)
    #expect(isRegister)
    #expect(!clint.softwareInterrupt)
    isRegister = clint.store(3, at: 0, nanoseconds: 0)
    #expect(isRegister)
    #expect(clint.load(at: 0, nanoseconds: 0) == 1)
    for offset in [1, 4, 0x3ffc, 0x4001, 0x4008, 0xbff4, 0xbffa, 0xc000, 0xfffc] as [UInt32] {
      #expect(clint.load(at: offset, nanoseconds: 0) == nil)
      isRegister = clint.store(1, at: offset, nanoseconds: 0)
      #expect(!isRegister)
    }
  }
}
