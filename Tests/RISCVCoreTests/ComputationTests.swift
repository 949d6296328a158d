import RISCVCore
import Testing
import WireTypes

@Suite("Computation")
struct ComputationTests {
  private static let low: UInt32 = 0x8000_0000
  private static let ones: UInt32 = .max

  /// Function codes of a register operation, its operands, its result.
  struct Case: CustomStringConvertible {
    let name: String
    let function3: UInt32
    let function7: UInt32
    let operands: (UInt32, UInt32)
    let result: UInt32

    init(_ name: String, _ f3: UInt32, _ f7: UInt32, _ a: UInt32, _ b: UInt32, _ result: UInt32) {
      (self.name, function3, function7, operands, self.result) = (name, f3, f7, (a, b), result)
    }

    var description: String { name }
  }

  @Test(
    "Register operations, with the corner cases of the specification",
    arguments: [
      Case("add", 0, 0, ones, 2, 1), Case("sub", 0, 0x20, 1, 2, ones),
      Case("sll", 1, 0, 1, 63, low), Case("slt", 2, 0, low, 1, 1), Case("slt", 2, 0, 1, low, 0),
      Case("sltu", 3, 0, low, 1, 0), Case("xor", 4, 0, 5, 3, 6),
      Case("srl", 5, 0, low, 33, 1 << 30),
      Case("sra", 5, 0x20, low, 33, 3 << 30), Case("or", 6, 0, 5, 3, 7), Case("and", 7, 0, 5, 3, 1),
      Case("mul", 0, 1, ones, 7, 0 &- 7), Case("mulh", 1, 1, ones, 7, ones),
      Case("mulh", 1, 1, low, low, 1 << 30), Case("mulhsu", 2, 1, ones, ones, ones),
      Case("mulhu", 3, 1, ones, ones, ones - 1), Case("div", 4, 1, 0 &- 7, 2, 0 &- 3),
      Case("div by 0", 4, 1, 7, 0, ones), Case("div overflow", 4, 1, low, ones, low),
      Case("divu", 5, 1, ones, 2, ones >> 1), Case("divu by 0", 5, 1, 7, 0, ones),
      Case("rem", 6, 1, 0 &- 7, 2, ones), Case("rem by 0", 6, 1, 7, 0, 7),
      Case("rem overflow", 6, 1, low, ones, 0), Case("remu", 7, 1, ones, 16, 15),
      Case("remu by 0", 7, 1, 7, 0, 7),
    ])
  func registerOperations(_ example: Case) throws {
    var machine = try TestMachine([
      Encode.r(0x33, example.function3, example.function7, 3, 1, 2),
      Encode.r(0x33, example.function3, example.function7, 0, 1, 2),
    ])
    (machine[1], machine[2]) = example.operands
    #expect(machine.run(2) == .budgetSpent)
    #expect(machine[3] == example.result)
    #expect(machine[0] == 0)
  }

  @Test("Immediate operations")
  func immediateOperations() throws {
    var machine = try TestMachine([
      Encode.addi(10, 1, -1), Encode.i(0x13, 2, 11, 1, -1), Encode.i(0x13, 3, 12, 1, -1),
      Encode.i(0x13, 4, 13, 1, -1), Encode.i(0x13, 6, 14, 1, 0x70), Encode.i(0x13, 7, 15, 1, -2),
      Encode.r(0x13, 1, 0, 16, 1, 4), Encode.r(0x13, 5, 0, 17, 1, 4),
      Encode.r(0x13, 5, 0x20, 18, 1, 4), Encode.lui(19, 0xabcd_e000), Encode.auipc(20, 0x1000),
    ])
    machine[1] = 0x8000_0005
    #expect(machine.run(11) == .budgetSpent)
    let expected: [UInt32] = [
      0x8000_0004, 1, 1, 0x7fff_fffa, 0x8000_0075, 0x8000_0004, 0x50, 0x0800_0000, 0xf800_0000,
      0xabcd_e000, 0x8000_1028,
    ]
    #expect((10...20).map { machine[$0] } == expected)
  }

  @Test(
    "Branches, taken and not",
    arguments: [
      (0, 5, 5, true), (0, 5, 6, false), (1, 5, 6, true), (1, 5, 5, false), (4, .max, 0, true),
      (4, 0, .max, false), (5, 0, .max, true), (5, .max, 0, false), (6, 0, .max, true),
      (6, .max, 0, false), (7, .max, 0, true), (7, 0, .max, false), (5, 3, 3, true),
    ] as [(UInt32, UInt32, UInt32, Bool)])
  func branches(function3: UInt32, first: UInt32, second: UInt32, taken: Bool) throws {
    var machine = try TestMachine([
      Encode.nop, Encode.b(function3, 1, 2, 12), Encode.addi(3, 0, 1), Encode.nop, Encode.nop,
    ])
    (machine[1], machine[2]) = (first, second)
    #expect(machine.run(3) == .budgetSpent)
    #expect(machine[3] == (taken ? 0 : 1))
    #expect(machine.core.pc.rawValue == (taken ? 0x8000_0014 : 0x8000_000c))
  }

  @Test("Jumps link behind themselves, compressed or not, and clear bit 0")
  func jumps() throws {
    var machine = try TestMachine([Encode.jal(1, 8), 0, Encode.jalr(1, 1, 13)])
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine[1] == 0x8000_0004)
    #expect(machine.run(1) == .budgetSpent)
    // The target was computed before the link was written.
    #expect(machine.core.pc.rawValue == 0x8000_0010)
    #expect(machine[1] == 0x8000_000c)
    // c.jalr x1
    machine.place([0x0000_9082], at: 0x8000_0010)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine.core.pc.rawValue == 0x8000_000c)
    #expect(machine[1] == 0x8000_0012)
  }

  @Test("A loop over chained blocks counts every instruction")
  func loop() throws {
    var machine = try TestMachine([
      Encode.addi(1, 1, 1), Encode.add(2, 2, 1), Encode.bne(1, 3, -8), Encode.ecall,
    ])
    machine[3] = 1000
    guard case .fatalTrap(let trap) = machine.run(1_000_000) else {
      Issue.record("no trap")
      return
    }
    #expect(trap == RISCVTrap(cause: .environmentCallFromMachine, pc: .init(0x8000_000c), value: 0))
    #expect(machine[2] == 500_500)
    #expect(machine.core.instructionCount == 3000)
  }
}
