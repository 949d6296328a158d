import CoreSupport
import RISCVCore
import SharedMemory
import Testing
import WireTypes

/// A core behind a translation unit that answers for the upper half of its addresses: 4 KiB of code,
/// 4 KiB of data, and what a test adds.
private struct TranslatedMachine: ~Copyable {
  static let code: UInt32 = 0x8000_0000
  static let data: UInt32 = 0x9000_0000

  let memory: SharedWindow
  var core: RISCVHart

  init(
    _ program: [UInt32], code: MemoryPermissions = [.read, .execute],
    data: MemoryPermissions = [.read, .write]
  ) throws {
    let memory = try SharedRegion(byteCount: 0x4000).window
    let upper = try #require(AddressRange(start: DeviceAddress(Self.code), byteCount: 1 << 31))
    let parts = try (0..<2).map { index in
      try #require(memory.window(at: UInt64(index) * 0x1000, byteCount: 0x1000))
    }
    var core = try RISCVHart(translated: upper)
    try core.setMemory([
      RISCVMemory(base: DeviceAddress(Self.code), window: parts[0], permissions: code),
      RISCVMemory(base: DeviceAddress(Self.data), window: parts[1], permissions: data),
    ])
    self.memory = memory
    self.core = core
    start(program)
  }

  private mutating func start(_ program: [UInt32]) {
    core.reset(pc: DeviceAddress(Self.code))
    for (index, word) in program.enumerated() { memory.store(word, at: 4 * index) }
    core.setRegister(1, to: Self.data)
    core.setRegister(5, to: 0xdead_0000)
  }

  /// The page at `index` of the memory.
  func part(_ index: UInt64) throws -> SharedWindow {
    try #require(memory.window(at: index * 0x1000, byteCount: 0x1000))
  }

  /// Runs into the fault that `run` must end with.
  mutating func expectFault(
    _ cause: RISCVTrapCause, at address: UInt32, pc: UInt32,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let expected = RISCVExit.translationFault(
      RISCVTrap(cause: cause, pc: DeviceAddress(pc), value: address))
    let exit = run(100)
    #expect(exit == expected, sourceLocation: sourceLocation)
    let program = core.pc
    #expect(program == DeviceAddress(pc), sourceLocation: sourceLocation)
  }

  /// Runs, and refuses what the core asks its owner for, as a chip without devices does.
  mutating func run(_ steps: UInt64) -> RISCVExit {
    while true {
      let exit = core.run(upTo: steps)
      switch exit {
      case .load, .store: core.refuseAccess()
      default: return exit
      }
    }
  }
}

@Suite("Behind a translation unit")
struct TranslationTests {
  private static let code: UInt32 = TranslatedMachine.code
  private static let data: UInt32 = TranslatedMachine.data

  @Test("What is shown works as memory does")
  func shown() throws {
    var machine = try TranslatedMachine([
      Encode.sw(5, 8, 1), Encode.lw(6, 8, 1), Encode.i(0x03, 1, 7, 1, 10), Encode.s(0, 5, 9, 1),
      Encode.lw(8, 0, 0),
    ])
    let exit = machine.core.run(upTo: 4)
    #expect(exit == .budgetSpent)
    #expect(machine.core.register(6) == 0xdead_0000)
    #expect(machine.core.register(7) == 0xffff_dead)
    #expect(machine.memory.loadUInt32(at: 0x1008) == 0xdead_0000)
    // Outside of what is translated the owner answers.
    let own = machine.core.run(upTo: 1)
    #expect(own == .load(address: DeviceAddress(rawValue: 0), width: .word))
  }

  @Test(
    "Loads and stores of what is not shown, of every width",
    arguments: [
      (Encode.i(0x03, 0, 3, 5, 1), .loadAccessFault, 0xdead_0001),
      (Encode.i(0x03, 1, 3, 5, 2), .loadAccessFault, 0xdead_0002),
      (Encode.lw(3, 4, 5), .loadAccessFault, 0xdead_0004),
      (Encode.s(0, 5, 3, 5), .storeAccessFault, 0xdead_0003),
      (Encode.s(1, 5, 4, 5), .storeAccessFault, 0xdead_0004),
      (Encode.sw(5, 8, 5), .storeAccessFault, 0xdead_0008),
      (Encode.atomic(2, 3, 5, 0), .loadAccessFault, 0xdead_0000),
      (Encode.atomic(3, 3, 5, 5), .storeAccessFault, 0xdead_0000),
      (Encode.atomic(0, 3, 5, 5), .storeAccessFault, 0xdead_0000),
      (Encode.jalr(0, 5), .instructionAccessFault, 0xdead_0000),
    ] as [(UInt32, RISCVTrapCause, UInt32)])
  func notShown(instruction: UInt32, cause: RISCVTrapCause, address: UInt32) throws {
    var machine = try TranslatedMachine([instruction])
    let pc = cause == .instructionAccessFault ? address : Self.code
    machine.expectFault(cause, at: address, pc: pc)
    // Nobody handles it, and it is there again.
    machine.expectFault(cause, at: address, pc: pc)
    #expect(machine.core.stepCount == (cause == .instructionAccessFault ? 1 : 0))
  }

  @Test("Handlers of the program do not see it")
  func handlers() throws {
    var machine = try TranslatedMachine([
      Encode.csrrw(0, 0x305, 2), Encode.lw(3, 0, 5), Encode.nop, Encode.nop,
    ])
    machine.core.setRegister(2, to: Self.code + 8)
    machine.expectFault(.loadAccessFault, at: 0xdead_0000, pc: Self.code + 4)
    #expect(machine.core.controlRegister(0x342) == 0)
    // A fault elsewhere is the program's own affair.
    machine.core.setRegister(5, to: 0x10)
    let exit = machine.run(2)
    #expect(exit == .budgetSpent)
    // The exception, which is a step of its own, and two of the handler.
    #expect(machine.core.pc == DeviceAddress(Self.code + 16))
  }

  @Test("Read-only memory takes no store, of any kind")
  func readOnly() throws {
    let stores = [
      Encode.sw(5, 0, 1), Encode.s(0, 5, 0, 1), Encode.s(1, 5, 0, 1), Encode.atomic(0, 3, 1, 5),
    ]
    for store in stores {
      var machine = try TranslatedMachine([Encode.lw(3, 0, 1), store], data: [.read])
      machine.memory.store(77 as UInt32, at: 0x1000)
      machine.expectFault(.storeAccessFault, at: Self.data, pc: Self.code + 4)
      #expect(machine.core.register(3) == 77)
      #expect(machine.memory.loadUInt32(at: 0x1000) == 77)
    }
    var reserve = try TranslatedMachine(
      [Encode.atomic(2, 3, 1, 0), Encode.atomic(3, 4, 1, 5)], data: [.read])
    reserve.expectFault(.storeAccessFault, at: Self.data, pc: Self.code + 4)
    // The code, too, which no program may rewrite here.
    var code = try TranslatedMachine([Encode.auipc(2, 0), Encode.sw(5, 0, 2)])
    code.expectFault(.storeAccessFault, at: Self.code, pc: Self.code + 4)
  }

  @Test("Write-only memory gives nothing")
  func writeOnly() throws {
    var machine = try TranslatedMachine(
      [Encode.sw(5, 0, 1), Encode.lw(3, 0, 1)], data: [.write])
    machine.expectFault(.loadAccessFault, at: Self.data, pc: Self.code + 4)
    #expect(machine.memory.loadUInt32(at: 0x1000) == 0xdead_0000)
  }

  @Test("Data cannot be executed, code that cannot be read can")
  func execution() throws {
    var data = try TranslatedMachine([Encode.jalr(0, 1)])
    data.memory.store(Encode.nop, at: 0x1000)
    data.expectFault(.instructionAccessFault, at: Self.data, pc: Self.data)
    var code = try TranslatedMachine(
      [Encode.nop, Encode.auipc(2, 0), Encode.lw(3, 0, 2)], code: [.execute])
    code.expectFault(.loadAccessFault, at: Self.code + 4, pc: Self.code + 8)
  }

  @Test("An access that is not aligned names the first byte that is not shown")
  func misaligned() throws {
    var load = try TranslatedMachine([Encode.lw(3, -2, 2)])
    load.core.setRegister(2, to: Self.data + 0x1000)
    load.expectFault(.loadAccessFault, at: Self.data + 0x1000, pc: Self.code)
    var store = try TranslatedMachine([Encode.sw(5, -1, 1)])
    store.expectFault(.storeAccessFault, at: Self.data - 1, pc: Self.code)
    #expect(store.memory.loadUInt32(at: 0x1000) == 0)
    // A misaligned atomic operation on what is shown is the program's own mistake.
    var atomic = try TranslatedMachine([Encode.addi(1, 1, 2), Encode.atomic(0, 3, 1, 5)])
    let exit = atomic.run(10)
    #expect(
      exit
        == .fatalTrap(
          RISCVTrap(
            cause: .storeAccessFault, pc: DeviceAddress(Self.code + 4), value: Self.data + 2)))
  }

  @Test("The second half of an instruction may be what is not shown")
  func halfInstruction() throws {
    var machine = try TranslatedMachine([Encode.jal(0, 0xffe)])
    machine.memory.store(UInt16(0x0003), at: 0xffe)
    machine.expectFault(
      .instructionAccessFault, at: Self.code + 0x1000, pc: Self.code + 0xffe)
  }

  @Test("Two windows may show the same bytes, and memory changes while the core stands")
  func remapped() throws {
    var machine = try TranslatedMachine([Encode.lw(3, 0, 1), Encode.lw(4, 0, 5), Encode.nop])
    machine.expectFault(.loadAccessFault, at: 0xdead_0000, pc: Self.code + 4)
    try machine.core.setMemory([
      RISCVMemory(base: DeviceAddress(Self.code), window: machine.part(0)),
      RISCVMemory(base: DeviceAddress(0xdead_0000), window: machine.part(1)),
      RISCVMemory(base: DeviceAddress(Self.data), window: machine.part(1)),
    ])
    machine.memory.store(5 as UInt32, at: 0x1000)
    let exit = machine.core.run(upTo: 2)
    #expect(exit == .budgetSpent)
    #expect(machine.core.register(4) == 5)
    try machine.core.setMemory([])
    machine.expectFault(
      .instructionAccessFault, at: Self.code + 12, pc: Self.code + 12)
  }

  @Test("Memory that makes no map is refused, and what was there stays")
  func refused() throws {
    var machine = try TranslatedMachine([Encode.nop, Encode.nop])
    let window = try machine.part(2)
    let bad: [RISCVMemory] = [
      RISCVMemory(base: DeviceAddress(0xa000_0000), window: window),
      RISCVMemory(base: DeviceAddress(0xa000_0ffc), window: window),
    ]
    var error: RISCVCoreError?
    do throws(RISCVCoreError) { try machine.core.setMemory(bad) } catch let found {
      error = found
    }
    #expect(
      error == .overlappingWindows(DeviceAddress(0xa000_0000), DeviceAddress(0xa000_0ffc)))
    let exit = machine.core.run(upTo: 2)
    #expect(exit == .budgetSpent)
  }

  @Test("Memory by the stack is found in every window, fast or not")
  func stackWindow() throws {
    // Data in the third window, with the stack; the second is tried first.
    var machine = try TranslatedMachine([
      Encode.sw(5, 0, 2), Encode.lw(3, 0, 2), Encode.addi(3, 3, 1), Encode.sw(3, 0, 2),
      Encode.addi(4, 4, -1), Encode.bne(4, 0, -16), Encode.lw(6, 0, 1),
    ])
    try machine.core.setMemory([
      RISCVMemory(base: DeviceAddress(Self.code), window: machine.part(0)),
      RISCVMemory(
        base: DeviceAddress(Self.data), window: machine.part(1), permissions: [.read, .write]),
      RISCVMemory(
        base: DeviceAddress(0xf000_0000), window: machine.part(2), permissions: [.read, .write]),
    ])
    machine.core.setRegister(2, to: 0xf000_0800)
    machine.core.setRegister(4, to: 1000)
    machine.core.setRegister(5, to: 0)
    machine.memory.store(9 as UInt32, at: 0x1000)
    let exit = machine.core.run(upTo: 1 + 5 * 1000 + 1)
    #expect(exit == .budgetSpent)
    #expect(machine.memory.loadUInt32(at: 0x2800) == 1000)
    #expect(machine.core.register(6) == 9)
  }
}
