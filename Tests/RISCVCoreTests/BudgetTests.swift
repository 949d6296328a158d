import RISCVCore
import TestSupport
import Testing
import WireTypes

@Suite("Budgets and rewritten code")
struct BudgetTests {
  @Test("A run takes exactly its budget, wherever that ends")
  func exact() throws {
    // A block longer than the longest, with a branch that is taken now and then.
    var program = [Encode.addi(1, 1, 1), Encode.i(0x13, 7, 2, 1, 3), Encode.beq(2, 0, 16)]
    program += Array(repeating: Encode.addi(3, 3, 1), count: 150) + [Encode.jal(0, -4 * 153)]
    for seed in 1...20 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      var machine = try TestMachine(program)
      var total: UInt64 = 0
      for _ in 0..<200 {
        let budget = random.next() % (random.next() & 1 == 0 ? 7 : 700)
        total += budget
        #expect(machine.core.run(upTo: budget) == .budgetSpent)
        #expect(machine.core.stepCount == total, "seed \(seed)")
      }
      var whole = try TestMachine(program)
      #expect(whole.core.run(upTo: total) == .budgetSpent)
      #expect(whole.core.pc == machine.core.pc, "seed \(seed)")
      #expect((0..<32).allSatisfy { whole[$0] == machine[$0] }, "seed \(seed)")
    }
  }

  @Test("No budget does nothing, the largest one does not overflow")
  func extremes() throws {
    var machine = try TestMachine([Encode.nop, Encode.ebreak])
    #expect(machine.core.run(upTo: 0) == .budgetSpent)
    #expect(machine.core.stepCount == 0)
    guard case .fatalTrap = machine.core.run(upTo: .max) else {
      Issue.record("no trap")
      return
    }
    #expect(machine.core.stepCount == 1)
  }

  @Test("A program sees its own stores to code at once, even within the block that stores")
  func ownStores() throws {
    // Rewrites the word at +20 on each round, in turn to add 1 and to add 16.
    var machine = try TestMachine([
      Encode.sw(10, 20, 5), Encode.addi(12, 10, 0), Encode.addi(10, 11, 0),
      Encode.addi(11, 12, 0), Encode.addi(6, 6, 1), Encode.nop, Encode.bne(6, 7, -24),
      Encode.ebreak,
    ])
    machine[5] = TestMachine.base
    machine[7] = 100
    machine[10] = Encode.addi(8, 8, 1)
    machine[11] = Encode.addi(8, 8, 16)
    guard case .fatalTrap(let trap) = machine.run(10_000) else {
      Issue.record("no trap")
      return
    }
    #expect(trap.cause == .breakpoint)
    #expect(machine[8] == 50 * 17)
  }

  @Test("Byte, misaligned and atomic stores to code are seen too")
  func otherStores() throws {
    let target = TestMachine.base + 32
    let add5 = Encode.addi(8, 8, 5)
    let back = Encode.jalr(0, 1)
    let stores: [(UInt32, UInt32)] = [
      (Encode.s(0, 10, 2, 5), add5 >> 16), (Encode.s(1, 10, 2, 5), add5 >> 16),
      (Encode.s(2, 10, 1, 5), add5 >> 8 | back << 24), (Encode.atomic(1, 0, 5, 10), add5),
    ]
    for (store, value) in stores {
      var machine = try TestMachine([Encode.jalr(1, 5), store, Encode.jalr(1, 5), Encode.ebreak])
      machine.place([Encode.addi(8, 8, 1), back], at: target)
      (machine[5], machine[10]) = (target, value)
      _ = machine.run(100)
      #expect(machine[8] == 6, "store \(store)")
    }
  }

  @Test("What the host stores is seen after fence.i")
  func hostStores() throws {
    var machine = try TestMachine([
      Encode.fenceI, Encode.addi(1, 1, 1), Encode.jal(0, -8),
    ])
    #expect(machine.run(6) == .budgetSpent)
    #expect(machine[1] == 2)
    // The core may go on with what it has translated until it is told to look again.
    machine.place([Encode.addi(1, 1, 100)], at: TestMachine.base + 4)
    #expect(machine.run(3) == .budgetSpent)
    #expect(machine[1] == 102)
  }

  @Test("More code than the cache holds runs all the same")
  func largeProgram() throws {
    let count = 60_000
    var program = (0..<count).map { $0 % 5 == 4 ? Encode.jal(0, 4) : Encode.addi(1, 1, 1) }
    program += [Encode.lui(3, 0x100_0000), Encode.addi(2, 2, 1), Encode.jalr(0, 4)]
    var machine = try TestMachine(program, byteCount: 1 << 20)
    machine[4] = TestMachine.base
    #expect(machine.run(3 * (count + 3)) == .budgetSpent)
    #expect(machine[1] == 3 * UInt32(count) * 4 / 5)
    #expect(machine[2] == 3)
  }
}
