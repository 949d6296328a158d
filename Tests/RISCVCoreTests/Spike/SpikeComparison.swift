import RISCVCore
import SharedMemory
import TestSupport
import WireTypes

/// One random program on this core, beside what Spike says about it.
struct SpikeComparison: ~Copyable {
  private let end: UInt32
  private var machine: TestMachine
  /// The registers as Spike has them.
  private var expected = [UInt32](repeating: 0, count: 32)

  var stepCount: UInt64 { machine.core.stepCount }

  init(_ program: RandomProgram) throws {
    end = program.end
    machine = try TestMachine(program)
  }

  /// Steps along `events`; gives the first difference.
  mutating func run(_ events: [SpikeEvent]) -> String? {
    for event in events {
      if event.pc < RandomProgram.base {
        // Spike's own start-up code sets registers before it jumps to the program.
        note(event)
        if let (number, value) = event.register { machine[number] = value }
      } else if event.pc == end {
        return nil
      } else if let difference = step(event) {
        return difference
      }
    }
    return nil
  }

  private mutating func note(_ event: SpikeEvent) {
    if let (number, value) = event.register, number != 0 { expected[number] = value }
  }

  private mutating func step(_ event: SpikeEvent) -> String? {
    let pc = machine.core.pc
    guard pc == DeviceAddress(event.pc) else { return "at \(pc), Spike at \(hex(event.pc))" }
    machine.advance(1)
    if let exception = event.exception { return compare(exception, event) }
    note(event)
    for number in 0..<32 where machine[number] != expected[number] {
      return "after \(pc) x\(number) is \(hex(machine[number])), Spike \(hex(expected[number]))"
    }
    guard let (address, value, byteCount) = event.store else { return nil }
    let found = (0..<byteCount).reduce(0 as UInt32) { sum, index in
      let offset = Int(address - RandomProgram.base) + index
      return sum | UInt32(machine.window.loadUInt8(at: offset)) << (8 * UInt32(index))
    }
    return found == value
      ? nil : "\(pc) stored \(hex(found)) at \(hex(address)), Spike \(hex(value))"
  }

  private func compare(_ exception: String, _ event: SpikeEvent) -> String? {
    let at = hex(event.pc)
    guard let trap = machine.core.currentException, trap.pc == DeviceAddress(event.pc) else {
      return "no exception at \(at), Spike \(exception)"
    }
    guard Self.name(trap.cause) == exception else {
      return "\(trap.cause) at \(at), Spike \(exception)"
    }
    return trap.value == event.trapValue
      ? nil : "\(exception) at \(at) has value \(hex(trap.value)), Spike \(hex(event.trapValue))"
  }

  private static func name(_ cause: RISCVTrapCause) -> String {
    switch cause {
    case .instructionAccessFault: "trap_instruction_access_fault"
    case .illegalInstruction: "trap_illegal_instruction"
    case .breakpoint: "trap_breakpoint"
    case .loadAddressMisaligned: "trap_load_address_misaligned"
    case .loadAccessFault: "trap_load_access_fault"
    case .storeAddressMisaligned: "trap_store_address_misaligned"
    case .storeAccessFault: "trap_store_access_fault"
    case .environmentCallFromUser: "trap_user_ecall"
    case .environmentCallFromMachine: "trap_machine_ecall"
    case .interrupt: "interrupt"
    }
  }

  /// Runs the same program in chunks of random length, in which blocks are chained and left in the
  /// middle; gives how that differs from the single steps.
  func differenceInChunks(_ program: RandomProgram, _ seed: UInt64) throws -> String? {
    var other = try TestMachine(program)
    for number in 1..<32 { other[number] = [5: 0x8000_0000, 11: 0x1020][number] ?? 0 }
    var random = SeededGenerator(seed: ~seed)
    while other.core.stepCount < stepCount {
      let left = stepCount - other.core.stepCount
      other.advance(min(left, random.next() % (random.next() % 8 == 0 ? 500 : 20)))
    }
    guard other.core.pc == machine.core.pc else {
      return "in chunks at \(other.core.pc), in steps at \(machine.core.pc)"
    }
    for number in 0..<32 where other[number] != machine[number] {
      return "x\(number) is \(hex(other[number])), in steps \(hex(machine[number]))"
    }
    for number in [0x300, 0x304, 0x306, 0x340, 0x341, 0x342, 0x343, 0xb02, 0xb82] as [UInt16]
    where other.control(number) != machine.control(number) {
      return "register \(hex(UInt32(number))) differs in chunks"
    }
    for offset in stride(from: 0, to: RandomProgram.byteCount, by: 4)
    where other.window.loadUInt32(at: offset) != machine.window.loadUInt32(at: offset) {
      return "memory at offset \(offset) differs in chunks"
    }
    return nil
  }
}

extension TestMachine {
  fileprivate init(_ program: RandomProgram) throws {
    try self.init([], byteCount: RandomProgram.byteCount)
    window.copyIn(program.bytes.span.bytes, at: 0)
  }

  /// Runs `steps` steps; refuses what lies outside memory.
  fileprivate mutating func advance(_ steps: UInt64) {
    let end = core.stepCount + steps
    while core.stepCount < end {
      switch core.run(upTo: end - core.stepCount) {
      case .load, .store, .readTime: core.refuseAccess()
      case .budgetSpent: break
      default: return
      }
    }
  }
}

private func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
