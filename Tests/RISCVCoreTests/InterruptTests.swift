import RISCVCore
import Testing
import WireTypes

@Suite("Interrupts")
struct InterruptTests {
  private static let handler = TestMachine.base + 0x100

  /// A machine with all interrupts on that counts in `x1`, with a handler that does nothing.
  private func machine(_ program: [UInt32], vectored: Bool = false) throws -> TestMachine {
    var machine = try TestMachine(program)
    machine.core.setControlRegister(0x305, to: Self.handler | (vectored ? 1 : 0))
    machine.core.setControlRegister(0x304, to: 0x888)
    machine.core.setControlRegister(0x300, to: 8)
    return machine
  }

  private static let counting = [Encode.addi(1, 1, 1), Encode.jal(0, -4)]

  @Test("External comes before software before timer", arguments: [false, true])
  func priorities(vectored: Bool) throws {
    var machine = try machine(Self.counting, vectored: vectored)
    machine.place(Array(repeating: Encode.nop, count: 16), at: Self.handler)
    for line in RISCVInterrupt.allCases { machine.lines.raise(line) }
    #expect(machine.lines.pending == 0x888)
    for line in [.external, .software, .timer] as [RISCVInterrupt] {
      #expect(machine.run(1) == .budgetSpent)
      #expect(machine.control(0x342) == 1 << 31 | line.rawValue)
      #expect(machine.control(0x341) == TestMachine.base)
      // One instruction of the handler was executed.
      let start = Self.handler + (vectored ? 4 * line.rawValue : 0)
      #expect(machine.core.pc == .init(start + 4))
      machine.lines.lower(line)
      machine.core.setControlRegister(0x300, to: 8)
      machine.core.pc = .init(TestMachine.base)
    }
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine.core.pc.rawValue == 0x8000_0004)
  }

  @Test("An interrupt is taken before the next instruction and returns to it")
  func precise() throws {
    var machine = try machine(Self.counting)
    machine.place([Encode.csrrw(0, 0x304, 0), Encode.mret], at: Self.handler)
    #expect(machine.run(3) == .budgetSpent)
    machine.lines.raise(.timer)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine.control(0x341) == 0x8000_0004)
    #expect(machine.control(0x343) == 0)
    #expect(machine.core.currentException == nil)
    #expect(machine.control(0x344) == 0x80)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine.core.pc.rawValue == 0x8000_0004)
    #expect(machine[1] == 2)
    #expect(machine.core.instructionCount == 5)
  }

  @Test("A pending interrupt is taken as soon as a register write or mret lets it")
  func unmasking() throws {
    let enable = [Encode.csr(6, 0, 0x300, 8), Encode.addi(1, 1, 1)]
    var machine = try machine(enable)
    machine.place([Encode.nop], at: Self.handler)
    machine.core.setControlRegister(0x300, to: 0)
    machine.lines.raise(.software)
    #expect(machine.run(2) == .budgetSpent)
    #expect(machine[1] == 0)
    #expect(machine.control(0x341) == 0x8000_0004)
    // By mret, into user mode, where they are always on.
    machine.place([Encode.mret], at: TestMachine.base)
    machine.core.reset(pc: .init(TestMachine.base))
    machine.core.setControlRegister(0x305, to: Self.handler)
    machine.core.setControlRegister(0x304, to: 8)
    machine.core.setControlRegister(0x341, to: TestMachine.base + 4)
    #expect(machine.run(2) == .budgetSpent)
    #expect(machine[1] == 0)
    #expect(machine.control(0x341) == 0x8000_0004)
    #expect(machine.control(0x300) == 0)
  }

  @Test("Masked interrupts are not taken", arguments: [(0, 0x888), (8, 0)] as [(UInt32, UInt32)])
  func masked(status: UInt32, enabled: UInt32) throws {
    var machine = try machine(Self.counting)
    machine.core.setControlRegister(0x300, to: status)
    machine.core.setControlRegister(0x304, to: enabled)
    for line in RISCVInterrupt.allCases { machine.lines.raise(line) }
    #expect(machine.run(100) == .budgetSpent)
    #expect(machine[1] == 50)
  }

  @Test("An interrupt without a usable vector is fatal")
  func fatal() throws {
    var machine = try machine(Self.counting)
    machine.core.setControlRegister(0x305, to: 0)
    machine.lines.raise(.external)
    let trap = RISCVTrap(
      cause: .interrupt(.external), pc: .init(TestMachine.base), value: 0)
    #expect(machine.run(9) == .fatalTrap(trap))
  }

  @Test("Waiting ends the run once, and not at all while an enabled interrupt is pending")
  func wait() throws {
    var machine = try machine([Encode.wfi, Encode.addi(1, 1, 1), Encode.jal(0, -8)])
    machine.core.setControlRegister(0x300, to: 0)
    #expect(machine.run(9) == .waitForInterrupt)
    #expect(machine.core.pc.rawValue == 0x8000_0004)
    #expect(machine.core.stepCount == 1)
    #expect(machine.core.wakesFromWait == false)
    // Interrupts are off altogether, yet one that is enabled by itself wakes.
    machine.lines.raise(.timer)
    #expect(machine.core.wakesFromWait == true)
    #expect(machine.run(8) == .budgetSpent)
    #expect(machine[1] == 3)
    machine.core.setControlRegister(0x304, to: 8)
    #expect(machine.run(3) == .waitForInterrupt)
  }

  @Test("A request for attention ends one run")
  func attention() throws {
    var machine = try machine(Self.counting)
    machine.lines.requestAttention()
    machine.lines.requestAttention()
    #expect(machine.run(100) == .attention)
    #expect(machine.core.stepCount == 0)
    #expect(machine.run(100) == .budgetSpent)
  }
}
