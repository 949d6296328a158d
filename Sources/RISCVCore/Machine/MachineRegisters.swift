import WireTypes

/// The control and status registers of one core: a plain value.
///
/// Registers of features that this processor lacks but must or may show (performance counters,
/// memory protection, triggers) read as 0 and ignore writes; only `pmpaddr0` keeps its value, though
/// no mode but off can be chosen for it, and no access is checked. Source: [RISCV-PRIV] §2, §3.1.
struct MachineRegisters: Sendable {
  /// Interrupt bits that exist: software, timer, external.
  static let interruptMask: UInt32 = 1 << 3 | 1 << 7 | 1 << 11
  /// `misa`: RV32 with A, C, I, M and user mode.
  static let isa: UInt32 = 1 << 30 | 1 << 0 | 1 << 2 | 1 << 8 | 1 << 12 | 1 << 20

  let hartID: UInt32
  var privilege = RISCVPrivilege.machine
  var status = MachineStatus()
  /// `mie`.
  var enabledInterrupts: UInt32 = 0
  /// `mtvec`.
  var trapVector: UInt32 = 0
  /// `mcounteren`: counters that user mode may read, bits 0...2.
  var userCounters: UInt32 = 0
  /// `mscratch`.
  var scratch: UInt32 = 0
  /// `mepc`.
  var exceptionPC: UInt32 = 0
  /// `mcause`.
  var cause: UInt32 = 0
  /// `mtval`.
  var trapValue: UInt32 = 0
  /// `pmpaddr0`.
  var protectionAddress: UInt32 = 0
  /// What `mcycle` adds to the number of retired instructions.
  var cycleOffset: UInt64 = 0
  /// What `minstret` adds to the number of retired instructions.
  var instructionOffset: UInt64 = 0

  init(hartID: UInt32) { self.hartID = hartID }

  /// What the hart has done, for the counters, and its interrupt lines.
  struct Inputs {
    /// Instructions retired before the one that looks.
    var retired: UInt64
    /// Levels of the interrupt lines, as `mip` shows them.
    var pending: UInt32
  }

  /// Whether the present privilege may touch register `number`, and write it if `writing`.
  func permits(_ number: UInt32, writing: Bool) -> Bool {
    guard number >> 8 & 3 <= privilege.rawValue, !(writing && number >> 10 == 3) else {
      return false
    }
    let isUserCounter = number & 0xf60 == 0xc00
    guard isUserCounter, privilege == .user else { return true }
    return userCounters >> (number & 31) & 1 != 0
  }

  /// The value of register `number`, or `nil` when there is none of that number.
  ///
  /// `time` and `timeh` read as 0 here: the owner of the clock answers for them.
  func read(_ number: UInt32, _ inputs: Inputs) -> UInt32? {
    switch number {
    case 0x300: return status.rawValue
    case 0x301: return Self.isa
    case 0x304: return enabledInterrupts
    case 0x305: return trapVector
    case 0x306: return userCounters
    case 0x340: return scratch
    case 0x341: return exceptionPC
    case 0x342: return cause
    case 0x343: return trapValue
    case 0x344: return inputs.pending
    case 0x3b0: return protectionAddress
    case 0xf14: return hartID
    case 0xb00, 0xc00: return UInt32(truncatingIfNeeded: cycles(inputs))
    case 0xb80, 0xc80: return UInt32(truncatingIfNeeded: cycles(inputs) >> 32)
    case 0xb02, 0xc02: return UInt32(truncatingIfNeeded: instructions(inputs))
    case 0xb82, 0xc82: return UInt32(truncatingIfNeeded: instructions(inputs) >> 32)
    default: return Self.isZero(number) ? 0 : nil
    }
  }

  private func cycles(_ inputs: Inputs) -> UInt64 { inputs.retired &+ cycleOffset }

  /// The 64-bit value of `minstret`.
  func instructions(_ inputs: Inputs) -> UInt64 { inputs.retired &+ instructionOffset }

  /// Registers that exist and are always 0.
  private static func isZero(_ number: UInt32) -> Bool {
    switch number {
    case 0x310, 0x30a, 0x31a: true  // mstatush, menvcfg, menvcfgh
    case 0x320, 0x323...0x33f: true  // mcountinhibit, mhpmevent3...31
    case 0x3a0...0x3a3, 0x3b1...0x3bf: true  // pmpcfg, pmpaddr
    case 0x7a0...0x7a3, 0x7a5: true  // tselect, tdata1...3, tcontrol
    case 0xb03...0xb1f, 0xb83...0xb9f: true  // mhpmcounter3...31
    case 0xc01, 0xc81: true  // time, timeh
    case 0xc03...0xc1f, 0xc83...0xc9f: true  // hpmcounter3...31
    case 0xf11...0xf13, 0xf15: true  // mvendorid, marchid, mimpid, mconfigptr
    default: false
    }
  }

  /// Writes register `number`, which ``read(_:_:)`` knows; bits that do not exist are dropped.
  mutating func write(_ number: UInt32, _ value: UInt32, _ inputs: Inputs) {
    switch number {
    case 0x300: status.write(value)
    case 0x304: enabledInterrupts = value & Self.interruptMask
    case 0x305: trapVector = value & ~2
    case 0x306: userCounters = value & 7
    case 0x340: scratch = value
    case 0x341: exceptionPC = value & ~1
    case 0x342: cause = value
    case 0x343: trapValue = value
    case 0x3b0: protectionAddress = value
    case 0xb00, 0xb80:
      cycleOffset = Self.offset(cycles(inputs), value, upper: number == 0xb80, inputs)
    case 0xb02, 0xb82:
      instructionOffset = Self.offset(instructions(inputs), value, upper: number == 0xb82, inputs)
    default: break
    }
  }

  /// The offset that makes a counter with half of it replaced be seen by the next instruction: the
  /// write takes the place of its own instruction's increment.
  ///
  /// Source: [RISCV-PRIV] §3.1.10.
  private static func offset(
    _ counter: UInt64, _ value: UInt32, upper: Bool, _ inputs: Inputs
  ) -> UInt64 {
    let written =
      upper
      ? counter & 0xffff_ffff | UInt64(value) << 32 : counter & ~0xffff_ffff | UInt64(value)
    return written &- (inputs.retired &+ 1)
  }

  /// The interrupt to take now, if any: external before software before timer.
  ///
  /// Source: [RISCV-PRIV] §3.1.9.
  func deliverable(_ pending: UInt32) -> RISCVInterrupt? {
    let active = pending & enabledInterrupts
    guard active != 0, privilege == .user || status.interruptsEnabled else { return nil }
    if active & 1 << 11 != 0 { return .external }
    return active & 1 << 3 != 0 ? .software : .timer
  }

  /// Whether no interrupt line could ever be taken unless the program itself changes a register.
  var interruptsAreOff: Bool {
    enabledInterrupts == 0 || (privilege == .machine && !status.interruptsEnabled)
  }

  /// Enters a trap and gives the address of its handler.
  mutating func enter(_ trap: RISCVTrap) -> UInt32 {
    cause = trap.cause.rawValue
    exceptionPC = UInt32(truncatingIfNeeded: trap.pc.rawValue)
    trapValue = trap.value
    status.previousInterruptsEnabled = status.interruptsEnabled
    status.interruptsEnabled = false
    status.previousPrivilege = privilege
    privilege = .machine
    return vector(for: trap.cause)
  }

  /// Where the handler of `cause` begins.
  func vector(for cause: RISCVTrapCause) -> UInt32 {
    let base = trapVector & ~3
    guard trapVector & 1 == 1, case .interrupt(let line) = cause else { return base }
    return base &+ 4 &* line.rawValue
  }

  /// Leaves a trap (`mret`) and gives the address to go on at.
  mutating func leaveTrap() -> UInt32 {
    status.interruptsEnabled = status.previousInterruptsEnabled
    status.previousInterruptsEnabled = true
    privilege = status.previousPrivilege
    status.previousPrivilege = .user
    if privilege != .machine { status.clearOverride() }
    return exceptionPC
  }
}
