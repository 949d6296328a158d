import RISCVCore
import SharedMemory
import Testing
import WireTypes

@Suite("Traps and privilege")
struct TrapTests {
  private static let handler = TestMachine.base + 0x100

  /// A machine whose trap vector points to an `mret`.
  private func machine(_ program: [UInt32]) throws -> TestMachine {
    var machine = try TestMachine(program)
    machine.core.setControlRegister(0x305, to: Self.handler)
    machine.place([Encode.mret], at: Self.handler)
    return machine
  }

  @Test(
    "Each exception sets cause, value, and the state that mret restores",
    arguments: [
      (Encode.ecall, .environmentCallFromMachine, 0),
      (Encode.ebreak, .breakpoint, 0x8000_0000),
      (0xffff_ffff, .illegalInstruction, 0xffff_ffff),
      (0xffff_0000, .illegalInstruction, 0),
      (0x0001_9002, .breakpoint, 0x8000_0000),
      (Encode.csrrw(1, 0xc00, 2), .illegalInstruction, Encode.csrrw(1, 0xc00, 2)),
      (Encode.csrrs(1, 0x7c0, 0), .illegalInstruction, Encode.csrrs(1, 0x7c0, 0)),
      (Encode.lw(1, 1, 0), .loadAccessFault, 1),
      (Encode.sw(1, 2, 0), .storeAccessFault, 2),
      (Encode.atomic(2, 1, 2, 0), .loadAccessFault, 2),
      (Encode.atomic(3, 1, 2, 0), .storeAccessFault, 2),
      (Encode.atomic(0, 1, 2, 0), .storeAccessFault, 2),
    ] as [(UInt32, RISCVTrapCause, UInt32)])
  func exceptions(word: UInt32, cause: RISCVTrapCause, value: UInt32) throws {
    var machine = try machine([word])
    machine[2] = 2
    machine.core.setControlRegister(0x300, to: 8)
    #expect(machine.run(1) == .budgetSpent)
    let trap = RISCVTrap(cause: cause, pc: .init(TestMachine.base), value: value)
    #expect(machine.core.currentException == trap)
    #expect(machine.core.pc == .init(Self.handler))
    #expect(machine.control(0x341) == TestMachine.base)
    #expect(machine.control(0x342) == cause.rawValue)
    #expect(machine.control(0x343) == value)
    #expect(machine.control(0x300) == 0x1880)
    #expect(machine.core.instructionCount == 0)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine.core.currentException == nil)
    #expect(machine.core.pc == .init(TestMachine.base))
    #expect(machine.control(0x300) == 0x88)
    #expect(machine.core.instructionCount == 1)
    #expect(machine.core.stepCount == 2)
  }

  @Test("Fetching where no memory is names the part that failed")
  func fetchFaults() throws {
    var machine = try machine([Encode.jalr(0, 1)])
    machine[1] = 0x4000_0000
    #expect(machine.run(2) == .budgetSpent)
    var trap = RISCVTrap(
      cause: .instructionAccessFault, pc: .init(0x4000_0000), value: 0x4000_0000)
    #expect(machine.core.currentException == trap)
    // The first half of a full instruction is the last halfword of memory.
    let last = TestMachine.base + 0xfffe
    machine.window.store(3 as UInt16, at: 0xfffe)
    machine.core.pc = .init(last)
    #expect(machine.run(1) == .budgetSpent)
    trap = RISCVTrap(cause: .instructionAccessFault, pc: .init(last), value: last + 2)
    #expect(machine.core.currentException == trap)
    // Running into the end of memory.
    machine.window.store(1 as UInt16, at: 0xfffe)
    machine.core.pc = .init(last)
    #expect(machine.run(2) == .budgetSpent)
    #expect(machine.core.currentException?.value == last + 2)
  }

  @Test("A trap without a usable vector is fatal, changes nothing, and is reported again")
  func fatal() throws {
    for vector in [0, 1, 0x4000_0000] as [UInt32] {
      var machine = try TestMachine([Encode.addi(1, 0, 1), Encode.ebreak])
      machine.core.setControlRegister(0x305, to: vector)
      let trap = RISCVTrap(cause: .breakpoint, pc: .init(0x8000_0004), value: 0x8000_0004)
      for _ in 0..<2 {
        #expect(machine.run(100) == .fatalTrap(trap))
        #expect(machine.core.pc.rawValue == 0x8000_0004)
        #expect(machine.control(0x342) == 0)
        #expect(machine.core.currentException == trap)
      }
    }
  }

  @Test("A handler that traps at its first instruction uses up the budget, not the host's time")
  func trapLoop() throws {
    var machine = try TestMachine([Encode.ebreak])
    machine.core.setControlRegister(0x305, to: Self.handler)
    machine.place([0], at: Self.handler)
    #expect(machine.run(1000) == .budgetSpent)
    #expect(machine.core.stepCount == 1000)
    #expect(machine.core.instructionCount == 0)
  }

  @Test("User mode may not touch machine registers, return from traps, or wait if TW is set")
  func userMode() throws {
    let forbidden = [
      Encode.csrrs(1, 0x300, 0), Encode.csrrs(1, 0xf14, 0), Encode.mret, Encode.wfi,
      Encode.csrrs(1, 0xc00, 0), Encode.csrrs(1, 0xc02, 0),
    ]
    for word in forbidden {
      var machine = try machine([word])
      machine.core.setControlRegister(0x341, to: TestMachine.base)
      machine.core.setControlRegister(0x300, to: 1 << 21)
      machine.core.pc = .init(Self.handler)
      #expect(machine.run(2) == .budgetSpent)
      let trap = RISCVTrap(
        cause: .illegalInstruction, pc: .init(TestMachine.base), value: word)
      #expect(machine.core.currentException == trap)
      #expect(machine.core.privilege == .machine)
    }
  }

  @Test("User mode calls, counts if it may, and waits if TW is clear")
  func userModeAllowed() throws {
    var machine = try machine([Encode.csrrs(1, 0xc02, 0), Encode.wfi, Encode.ecall])
    machine.core.setControlRegister(0x341, to: TestMachine.base)
    machine.core.setControlRegister(0x306, to: .max)
    #expect(machine.control(0x306) == 7)
    machine.core.pc = .init(Self.handler)
    #expect(machine.run(9) == .waitForInterrupt)
    #expect(machine[1] == 1)
    #expect(machine.core.privilege == .user)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine.control(0x342) == 8)
    #expect(machine.control(0x300) == 0)
  }

  @Test("A jump to itself that nothing can end is a hang; with interrupts on it is not")
  func hang() throws {
    for word in [Encode.jal(0, 0), Encode.beq(0, 0, 0), 0xa001] {
      var machine = try TestMachine([Encode.nop, word])
      #expect(machine.run(100) == .hang(pc: .init(0x8000_0004)))
      #expect(machine.core.pc.rawValue == 0x8000_0004)
      machine.core.setControlRegister(0x300, to: 8)
      #expect(machine.run(100) == .hang(pc: .init(0x8000_0004)))
      machine.core.setControlRegister(0x304, to: 8)
      #expect(machine.run(100) == .budgetSpent)
    }
  }

  @Test("Reset forgets the exception, the registers and the program")
  func reset() throws {
    var machine = try machine([Encode.ebreak])
    #expect(machine.run(1) == .budgetSpent)
    machine[7] = 7
    machine.place([Encode.addi(1, 0, 5)], at: TestMachine.base)
    machine.core.reset(pc: .init(TestMachine.base))
    #expect(machine.core.currentException == nil)
    #expect(machine.core.instructionCount == 0)
    #expect(machine[7] == 0)
    #expect(machine.control(0x305) == 0)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine[1] == 5)
  }
}
