import CoreSupport
import WireTypes

// Instructions that the hot loop leaves to the general path: one at a time, at the program counter.
extension RISCVHart {
  /// Executes `record`; `following` is the address behind it.
  mutating func execute(_ record: Record, _ following: UInt32) -> Outcome {
    switch record.operation {
    case .lb, .lh, .lw, .lbu, .lhu: load(record, following)
    case .sb, .sh, .sw: store(record, following)
    case .csrrw, .csrrs, .csrrc, .csrrwi, .csrrsi, .csrrci: accessControl(record, following)
    case .lrW: loadReserved(record)
    case .scW: storeConditional(record, following)
    case .amoswapW, .amoaddW, .amoxorW, .amoandW, .amoorW, .amominW, .amomaxW, .amominuW,
      .amomaxuW:
      modify(record, following)
    case .fenceI: fenceInstructions(following)
    case .wfi: wait(record, following)
    case .mret: returnFromTrap()
    case .ecall:
      trap(
        machine.privilege == .user ? .environmentCallFromUser : .environmentCallFromMachine,
        value: 0)
    case .ebreak: trap(.breakpoint, value: counter)
    case .illegal: trap(.illegalInstruction, value: record.target)
    default: preconditionFailure("an operation of the hot loop: \(record.operation)")
    }
  }

  /// An illegal-instruction exception for bits that decode well but may not run here.
  mutating func illegal() -> Outcome { trap(.illegalInstruction, value: bits(at: counter)) }

  /// The bits of the instruction at `address`; bytes outside memory are 0.
  private func bits(at address: UInt32) -> UInt32 {
    let half = UInt32(memory.fetchHalf(address) ?? 0)
    guard half & 3 == 3 else { return half }
    return half | UInt32(memory.fetchHalf(address &+ 2) ?? 0) << 16
  }

  private mutating func load(_ record: Record, _ following: UInt32) -> Outcome {
    let address = registers[Int(record.rs1)] &+ record.target
    let byteCount = record.operation.accessByteCount
    if let value = memory.load(address, byteCount: byteCount) {
      preferWindow(of: address)
      registers[Int(record.rd)] = record.operation.extended(value)
      return .next
    }
    guard address % byteCount == 0, let width = RISCVAccessWidth(rawValue: byteCount) else {
      return accessFault(.loadAccessFault, address, byteCount, for: .read)
    }
    pendingAccess = PendingAccess(
      operation: record.operation, rd: record.rd, address: address, following: following)
    return .exit(.load(address: DeviceAddress(rawValue: UInt64(address)), width: width))
  }

  private mutating func store(_ record: Record, _ following: UInt32) -> Outcome {
    let address = registers[Int(record.rs1)] &+ record.target
    let byteCount = record.operation.accessByteCount
    let value = registers[Int(record.rs2)]
    switch memory.store(value, at: address, byteCount: byteCount) {
    case .done:
      preferWindow(of: address)
      return .next
    case .doneNearCode: return forgetCode(address, byteCount) ? .jump(following) : .next
    case .missed: break
    }
    guard address % byteCount == 0, let width = RISCVAccessWidth(rawValue: byteCount) else {
      return accessFault(.storeAccessFault, address, byteCount, for: .write)
    }
    pendingAccess = PendingAccess(
      operation: record.operation, rd: RegisterFile.sink, address: address, following: following)
    return .exit(
      .store(
        address: DeviceAddress(rawValue: UInt64(address)), width: width,
        value: byteCount == 4 ? value : value & (1 << (8 * byteCount) - 1)))
  }

  private mutating func fenceInstructions(_ following: UInt32) -> Outcome {
    cache.forgetAll(memory)
    return .jump(following)
  }

  private mutating func wait(_ record: Record, _ following: UInt32) -> Outcome {
    if machine.privilege == .user, machine.status.trapsWait { return illegal() }
    if givesUp() { return .exit(.hang(pc: pc)) }
    if wakesFromWait { return .jump(following) }
    stepCount &+= 1
    counter = following
    return .exit(.waitForInterrupt)
  }

  /// Whether the `wfi` at the program counter is where the handler of a fault ends: interrupts are
  /// off, and it is in a loop of nothing but `wfi` and `nop`.
  ///
  /// Source: practice (default trap handlers, as compilers lay them out).
  private func givesUp() -> Bool {
    guard let trap = currentException, trap.cause.isFault, machine.interruptsAreOff,
      let (address, jump) = restEnd(from: counter), jump.operation == .jal, jump.rd == 0
    else { return false }
    return restEnd(from: address &+ UInt32(bitPattern: jump.immediate))?.address == address
  }

  /// The first instruction from `start` on that does something; `nil` when that is far.
  private func restEnd(from start: UInt32) -> (address: UInt32, instruction: Instruction)? {
    var address = start
    for _ in 0..<8 {
      let next = Instruction(decoding: bits(at: address))
      let isNop = next.operation == .addi && next.rd == 0
      guard next.operation == .wfi || isNop else { return (address, next) }
      address &+= UInt32(next.byteCount)
    }
    return nil
  }

  private mutating func returnFromTrap() -> Outcome {
    guard machine.privilege == .machine else { return illegal() }
    currentException = nil
    mustLook = true
    return .jump(machine.leaveTrap())
  }

  /// Reads and perhaps writes a control register.
  ///
  /// Source: [RISCV-UNPRIV] §9.1.
  private mutating func accessControl(_ record: Record, _ following: UInt32) -> Outcome {
    let number = record.target
    let source = record.rs1
    let isImmediate = record.operation.takesImmediateSource
    let operand = isImmediate ? UInt32(source) : registers[Int(source)]
    let replaces = record.operation == .csrrw || record.operation == .csrrwi
    let writes = replaces || source != 0
    guard machine.permits(number, writing: writes),
      let old = machine.read(number, counterInputs)
    else { return illegal() }
    if number == 0xc01 || number == 0xc81 {
      pendingAccess = PendingAccess(
        operation: record.operation, rd: record.rd, address: 0, following: following)
      return .exit(.readTime(upperHalf: number == 0xc81))
    }
    if writes {
      let value =
        switch record.operation {
        case .csrrs, .csrrsi: old | operand
        case .csrrc, .csrrci: old & ~operand
        default: operand
        }
      machine.write(number, value, counterInputs)
      mustLook = true
    }
    registers[Int(record.rd)] = old
    return .jump(following)
  }
}

extension Operation {
  /// Bytes a load or store touches.
  var accessByteCount: UInt32 {
    switch self {
    case .lb, .lbu, .sb: 1
    case .lh, .lhu, .sh: 2
    default: 4
    }
  }

  /// What a load makes of the bytes it got, zero-extended.
  func extended(_ value: UInt32) -> UInt32 {
    switch self {
    case .lb: UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: value)))
    case .lh: UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: value)))
    case .lbu: value & 0xff
    case .lhu: value & 0xffff
    default: value
    }
  }

  /// Whether `rs1` is a number, not a register.
  var takesImmediateSource: Bool {
    self == .csrrwi || self == .csrrsi || self == .csrrci
  }
}
