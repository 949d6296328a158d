import ARMv7MCore
import Testing
import WireTypes

@Suite("Exceptions of a Cortex-M")
struct ExceptionTests {
  @Test("Reset takes stack pointer and program counter from the vector table")
  func reset() throws {
    let program = try Program([0x202a, 0xbf30])  // movs r0, #42; wfi
    #expect(program.register(13) == Program.stack)
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.register(0) == 42)
    #expect(program.stepCount == 2)
  }

  @Test("A vector table outside of memory locks the core up")
  func noTable() throws {
    let program = try Program([])
    program.reset(vectors: DeviceAddress(rawValue: 0x1000))
    guard case .lockup(let fault) = program.run(upTo: 1) else {
      Issue.record("the core ran")
      return
    }
    #expect(fault.hardStatus == 1 << 1)
  }

  @Test("SVC stacks eight words and returns behind itself")
  func supervisorCall() throws {
    // movs r0, #1; svc #5; adds r0, #10; wfi | adds r0, #1 is lost: r0 comes from the stack
    let program = try Program(
      [0x2001, 0xdf05, 0x300a, 0xbf30], handlers: [11: [0x9800, 0x3002, 0x9000, 0x4770]])
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.register(0) == 13)
    #expect(program.register(13) == Program.stack)
    #expect(program.word(Program.stack - 8) == Program.code + 4)
    #expect(program.activeException == 0)
  }

  @Test("An enabled line interrupts; a masked one does not, but ends a wait")
  func lines() throws {
    // ldr r1, =0xe000e100; movs r0, #1; str r0, [r1]; wfi; b . - 2
    let code: [UInt16] = [0xf24e, 0x1100, 0xf2ce, 0x0100, 0x2001, 0x6008, 0xbf30, 0xe7fd]
    let program = try Program(code, handlers: [16: [0x3701, 0x4770]])  // adds r7, #1; bx lr
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(!program.wakesFromWait)
    program.lines.raise(0)
    #expect(program.wakesFromWait)
    program.lines.lower(0)
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.register(7) == 1, "a pulse is remembered, and taken once")
    #expect(!program.wakesFromWait)
  }

  @Test("A line that stays high interrupts again when its handler returns")
  func level() throws {
    let code: [UInt16] = [0xf24e, 0x1100, 0xf2ce, 0x0100, 0x2001, 0x6008, 0xe7fe]
    let program = try Program(code, handlers: [16: [0x3701, 0x4770]])
    program.lines.raise(0)
    #expect(program.run(upTo: 105) == .budgetSpent)
    #expect(program.register(7) >= 40)
  }

  @Test("A bus fault without a handler of its own is a HardFault with its registers")
  func busFault() throws {
    // movw r0, #0xbee0; movt r0, #0xdead; str r0, [r0]
    let program = try Program(
      [0xf64b, 0x60e0, 0xf6cd, 0x60ad, 0x6000], handlers: [3: [0xe7fe]])
    var exit = program.run(upTo: 100)
    #expect(
      exit
        == .store(
          address: DeviceAddress(rawValue: 0xdead_bee0), width: .word, value: 0xdead_bee0))
    program.refuseAccess()
    exit = program.run(upTo: 100)
    #expect(exit == .hang(pc: DeviceAddress(rawValue: UInt64(Program.code) + 0x400)))
    let fault = try #require(program.currentFault)
    #expect(fault.exception == 3)
    #expect(fault.configurableStatus == 0x8200)
    #expect(fault.hardStatus == 1 << 30)
    #expect(fault.address == DeviceAddress(rawValue: 0xdead_bee0))
    #expect(fault.pc == DeviceAddress(rawValue: UInt64(Program.code) + 8))
    #expect(fault.access == .write)
    #expect(program.faultRegister(15) == Program.code + 8)
  }

  @Test("A fault in the handler of a HardFault locks the core up")
  func lockup() throws {
    let program = try Program([0xde00], handlers: [3: [0xde00]])
    guard case .lockup(let fault) = program.run(upTo: 100) else {
      Issue.record("no lockup")
      return
    }
    #expect(fault.pc == DeviceAddress(rawValue: UInt64(Program.code)))
    #expect(fault.configurableStatus == 1 << 16)
    guard case .lockup = program.run(upTo: 100) else {
      Issue.record("the core ran on")
      return
    }
  }

  @Test("Division by 0 gives 0, or a usage fault when that is switched on")
  func division() throws {
    // movs r0, #7; movs r1, #0; udiv r2, r0, r1; wfi
    let code: [UInt16] = [0x2007, 0x2100, 0xfbb0, 0xf2f1, 0xbf30]
    var program = try Program(code, handlers: [3: [0xe7fe]])
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.register(2) == 0)
    // movw r3, #0xed14; movt r3, #0xe000; movs r0, #0x10; str r0, [r3]
    program = try Program(
      [0xf64e, 0x5314, 0xf2ce, 0x0300, 0x2010, 0x6018] + code, handlers: [3: [0xe7fe]])
    guard case .hang = program.run(upTo: 100) else {
      Issue.record("no fault")
      return
    }
    #expect(program.currentFault?.configurableStatus == 1 << 25)
  }

  @Test("An instruction in two pieces of a device access is not interrupted, nor asked twice")
  func accessOnce() throws {
    // movs r1, #1; lsls r1, r1, #30; ldrd r2, r3, [r1]; wfi
    let program = try Program([0x2101, 0x0789, 0xe9d1, 0x2300, 0xbf30])
    let first = DeviceAddress(rawValue: 0x4000_0000)
    #expect(program.run(upTo: 100) == .load(address: first, width: .word))
    program.completeLoad(11)
    let second = DeviceAddress(rawValue: 0x4000_0004)
    #expect(program.run(upTo: 100) == .load(address: second, width: .word))
    program.completeLoad(22)
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.register(2) == 11)
    #expect(program.register(3) == 22)
  }

  @Test("A word of a bit-band alias is one bit")
  func bitBand() throws {
    // movw r0, #0x2000; movt r0, #0x2202 (bit 0 of 0x20001100); movs r1, #1; str r1, [r0, #8]
    // ldr r2, [r0, #8]; ldr r3, [r0, #4]; wfi
    let program = try Program(
      [0xf242, 0x0000, 0xf2c2, 0x2002, 0x2101, 0x6081, 0x6882, 0x6843, 0xbf30])
    program.store(0, at: 0x2000_1100)
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.word(0x2000_1100) == 4)
    #expect(program.register(2) == 1)
    #expect(program.register(3) == 0)
  }

  @Test("Code that the program rewrites is seen at once")
  func rewritten() throws {
    // movs r4, #2; loop: adds r0, #1 (rewritten to adds r0, #16); ldr r1, [pc, #12];
    // ldr r2, [pc, #16]; strh r1, [r2]; subs r4, #1; bne loop; wfi
    let program = try Program([0x2402, 0x3001, 0x4903, 0x4a04, 0x8011, 0x3c01, 0xd1f9, 0xbf30])
    program.store(0x3010, at: Program.code + 0x14)
    program.store(Program.code + 2, at: Program.code + 0x18)
    #expect(program.run(upTo: 100) == .waitForInterrupt)
    #expect(program.register(0) == 17)
  }
}
