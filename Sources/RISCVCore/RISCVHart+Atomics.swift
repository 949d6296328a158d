import CoreSupport
import Synchronization
import WireTypes

/// What `lr.w` left for `sc.w`.
struct Reservation: Sendable {
  let address: UInt32
  /// The word as it lay in memory.
  let value: UInt32
}

// The A extension by real atomics of the host. Source: [RISCV-UNPRIV] §8.
//
// ORDERING: all are sequentially consistent, which covers every combination of `aq` and `rl`.
extension RISCVHart {
  mutating func loadReserved(_ record: Record) -> Outcome {
    let address = registers[Int(record.rs1)]
    guard address & 3 == 0 else { return trap(.loadAccessFault, value: address) }
    let loaded = memory.window(containing: address, for: .read)?.withWord(address) {
      $0.load(ordering: .sequentiallyConsistent)
    }
    guard let loaded else { return accessFault(.loadAccessFault, value: address) }
    reservation = Reservation(address: address, value: loaded)
    registers[Int(record.rd)] = UInt32(littleEndian: loaded)
    return .next
  }

  mutating func storeConditional(_ record: Record, _ following: UInt32) -> Outcome {
    let address = registers[Int(record.rs1)]
    guard address & 3 == 0 else { return trap(.storeAccessFault, value: address) }
    guard let window = memory.window(containing: address, for: .write) else {
      return accessFault(.storeAccessFault, value: address)
    }
    let held = reservation
    reservation = nil
    guard let held, held.address == address else {
      registers[Int(record.rd)] = 1
      return .next
    }
    let value = registers[Int(record.rs2)].littleEndian
    let stored = window.withWord(address) {
      $0.compareExchange(
        expected: held.value, desired: value, ordering: .sequentiallyConsistent
      ).exchanged
    }
    registers[Int(record.rd)] = stored == true ? 0 : 1
    return stored == true ? wrote(window, address, following) : .next
  }

  mutating func modify(_ record: Record, _ following: UInt32) -> Outcome {
    let address = registers[Int(record.rs1)]
    guard address & 3 == 0 else { return trap(.storeAccessFault, value: address) }
    guard let window = memory.window(containing: address, for: [.read, .write]) else {
      return accessFault(.storeAccessFault, value: address)
    }
    let operand = registers[Int(record.rs2)]
    let old = window.withWord(address) { Self.apply(record.operation, operand, to: $0) } ?? 0
    registers[Int(record.rd)] = old
    return wrote(window, address, following)
  }

  private mutating func wrote(
    _ window: MemoryWindow, _ address: UInt32, _ following: UInt32
  ) -> Outcome {
    guard window.isCode(address &- window.base), forgetCode(address, 4) else { return .next }
    return .jump(following)
  }

  /// Applies one atomic operation to a word in memory order and gives its value before.
  private static func apply(
    _ operation: Operation, _ operand: UInt32, to word: borrowing Atomic<UInt32>
  ) -> UInt32 {
    var old = word.load(ordering: .relaxed)
    while true {
      let desired = result(operation, UInt32(littleEndian: old), operand).littleEndian
      let (exchanged, found) = word.weakCompareExchange(
        expected: old, desired: desired, ordering: .sequentiallyConsistent)
      if exchanged { return UInt32(littleEndian: old) }
      old = found
    }
  }

  private static func result(_ operation: Operation, _ old: UInt32, _ operand: UInt32) -> UInt32 {
    let first = Int32(bitPattern: old)
    let second = Int32(bitPattern: operand)
    return switch operation {
    case .amoaddW: old &+ operand
    case .amoxorW: old ^ operand
    case .amoandW: old & operand
    case .amoorW: old | operand
    case .amominW: UInt32(bitPattern: min(first, second))
    case .amomaxW: UInt32(bitPattern: max(first, second))
    case .amominuW: min(old, operand)
    case .amomaxuW: max(old, operand)
    default: operand
    }
  }
}
