import RISCVCore
import SharedMemory
import Testing
import WireTypes

@Suite("Atomic operations and other threads")
struct AtomicTests {
  @Test(
    "Each operation gives the old word and stores the new one",
    arguments: [
      (1, 5, 7, 7), (0, .max, 3, 2), (4, 6, 3, 5), (0xc, 6, 3, 2), (8, 6, 3, 7),
      (0x10, .max, 3, .max), (0x14, .max, 3, 3), (0x18, .max, 3, 3), (0x1c, .max, 3, .max),
    ] as [(UInt32, UInt32, UInt32, UInt32)])
  func operations(function: UInt32, old: UInt32, operand: UInt32, new: UInt32) throws {
    var machine = try TestMachine([Encode.atomic(function, 3, 1, 2)])
    machine[1] = TestMachine.base + 0x1000
    machine[2] = operand
    machine.window.store(old, at: 0x1000)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine[3] == old)
    #expect(machine.word(TestMachine.base + 0x1000) == new)
  }

  @Test("A conditional store needs a reservation for its address and the value of it")
  func reservations() throws {
    let program = [
      Encode.atomic(2, 3, 1, 0), Encode.atomic(3, 4, 1, 2), Encode.atomic(3, 5, 1, 2),
      Encode.atomic(2, 3, 1, 0), Encode.atomic(3, 6, 7, 2), Encode.atomic(3, 8, 1, 2),
      Encode.atomic(2, 3, 1, 0), Encode.atomic(3, 9, 1, 0),
    ]
    var machine = try TestMachine(program)
    (machine[1], machine[2], machine[7]) = (0x8000_1000, 42, 0x8000_1004)
    #expect(machine.run(7) == .budgetSpent)
    #expect([4, 5, 6, 8].map { machine[$0] } == [0, 1, 1, 1])
    #expect(machine.word(0x8000_1000) == 42)
    #expect(machine.word(0x8000_1004) == 0)
    // Another processor stores in between.
    machine.window.store(43 as UInt32, at: 0x1000)
    #expect(machine.run(1) == .budgetSpent)
    #expect(machine[9] == 1)
    #expect(machine.word(0x8000_1000) == 43)
  }

  @Test("Additions of two cores on two threads all count")
  func sharedCounter() async throws {
    let window = try SharedRegion(byteCount: 8192).window
    // Ten thousand atomic additions, then as many by lr.w and sc.w.
    let program =
      Encode.li(7, 10_000) + [
        Encode.atomic(0, 0, 1, 2), Encode.addi(6, 6, 1), Encode.bne(6, 7, -8),
        Encode.atomic(2, 3, 1, 0), Encode.addi(3, 3, 1), Encode.atomic(3, 4, 1, 3),
        Encode.bne(4, 0, -12), Encode.addi(6, 6, -1), Encode.bne(6, 0, -20), Encode.ebreak,
      ]
    for (index, word) in program.enumerated() { window.store(word, at: 4 * index) }
    try await withThrowingTaskGroup(of: RISCVExit.self) { group in
      for _ in 0..<2 {
        group.addTask {
          var core = try RISCVHart(windows: [(.init(TestMachine.base), window)])
          core.reset(pc: .init(TestMachine.base))
          core.setRegister(1, to: TestMachine.base + 0x1000)
          core.setRegister(2, to: 1)
          return core.run(upTo: 100_000_000)
        }
      }
      for try await exit in group {
        let end = TestMachine.base + 44
        #expect(exit == .fatalTrap(RISCVTrap(cause: .breakpoint, pc: .init(end), value: end)))
      }
    }
    #expect(window.loadUInt32(at: 0x1000) == 40_000)
  }

  @Test("A core that spins for ever is interrupted by another thread", arguments: [false, true])
  func spinning(asksForAttention: Bool) async throws {
    let window = try SharedRegion(byteCount: 4096).window
    let lines = RISCVInterruptLines()
    let program = [Encode.sw(0, 0, 0), Encode.addi(1, 1, 1), Encode.jal(0, -4)]
    for (index, word) in program.enumerated() { window.store(word, at: 4 * index) }
    async let exit = Self.spin(window, lines)
    if asksForAttention { lines.requestAttention() } else { lines.raise(.external) }
    let zero = DeviceAddress(0 as UInt32)
    #expect(
      try await exit
        == (asksForAttention ? .attention : .store(address: zero, width: .word, value: 0)))
  }

  @concurrent
  private static func spin(
    _ window: SharedWindow, _ lines: RISCVInterruptLines
  ) async throws -> RISCVExit {
    var core = try RISCVHart(windows: [(.init(TestMachine.base), window)], lines: lines)
    core.reset(pc: .init(TestMachine.base + 4))
    core.setControlRegister(0x300, to: 8)
    core.setControlRegister(0x304, to: 0x800)
    core.setControlRegister(0x305, to: TestMachine.base)
    return core.run(upTo: .max)
  }
}
