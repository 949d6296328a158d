import RISCVCore
import SharedMemory
import Testing
import WireTypes

/// Two instructions that translation may fuse do what they do one by one.
@Suite("Pairs of instructions")
struct PairTests {
  private static let firsts = [
    Encode.addi(1, 2, -3), Encode.i(0x13, 7, 1, 2, 12), Encode.add(1, 2, 3),
    Encode.r(0x13, 1, 0, 1, 2, 3), Encode.r(0x13, 5, 0, 1, 2, 3), Encode.addi(0, 2, 5),
  ]
  private static let seconds =
    ([0, 1, 4, 5, 6, 7] as [UInt32]).flatMap { [Encode.b($0, 1, 3, 16), Encode.b($0, 3, 1, 16)] }
    + [
      Encode.add(4, 1, 1), Encode.addi(1, 1, 7), Encode.r(0x33, 4, 0, 5, 1, 2), Encode.lw(6, 8, 1),
      Encode.i(0x03, 4, 6, 1, 9), Encode.sw(3, 8, 1), Encode.jal(5, 16), Encode.jal(0, 0),
    ]
  /// Values of x2 that make the pointer of the second hit memory, code, a device, nothing.
  private static let pointers: [UInt32] = [
    0x8000_0100, 0x8000_0101, 0x8000_0008 - 8 + 3, 0x1000_0003, 0x1000_0001, 0, 12, .max,
  ]

  private static func machine(_ first: UInt32, _ second: UInt32, _ pointer: UInt32) throws
    -> TestMachine
  {
    var machine = try TestMachine([first, second, Encode.addi(9, 9, 1), Encode.addi(9, 9, 1)])
    machine.core.setControlRegister(0x305, to: TestMachine.base + 0x200)
    machine.window.store(0x8182_8384 as UInt32, at: 0x108)
    (machine[1], machine[2], machine[3]) = (0x55, pointer, 12)
    return machine
  }

  @Test("Together as one by one", arguments: pointers)
  func sameResult(pointer: UInt32) throws {
    for first in Self.firsts {
      for second in Self.seconds {
        var pair = try Self.machine(first, second, pointer)
        var single = try Self.machine(first, second, pointer)
        let exit = pair.run(2)
        #expect(single.run(1) == .budgetSpent)
        #expect(single.run(1) == exit)
        let text = "\(first) \(second)"
        #expect(pair.core.pc == single.core.pc, "\(text)")
        #expect(pair.core.stepCount == single.core.stepCount, "\(text)")
        #expect(pair.core.currentException == single.core.currentException, "\(text)")
        #expect((0..<32).allSatisfy { pair[$0] == single[$0] }, "\(text)")
        #expect(pair.word(0x8000_0108) == single.word(0x8000_0108), "\(text)")
      }
    }
  }
}
