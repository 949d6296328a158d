public import WireTypes

/// Why a processor left its program: the value of `mcause` with its meaning.
///
/// Source: [RISCV-PRIV] §3.1.15.
public enum RISCVTrapCause: Equatable, Hashable, Sendable {
  /// The program counter reached memory that cannot be fetched.
  case instructionAccessFault
  /// The bits are no instruction, or none that this privilege may execute.
  case illegalInstruction
  /// `ebreak`.
  case breakpoint
  /// A load that must be aligned and is not; this core reports ``loadAccessFault`` in its place.
  case loadAddressMisaligned
  /// A load from an address where nothing answers, or `lr.w` at no multiple of four.
  case loadAccessFault
  /// A store that must be aligned and is not; this core reports ``storeAccessFault`` in its place.
  case storeAddressMisaligned
  /// A store or atomic operation to an address where nothing answers, or an atomic operation or
  /// `sc.w` at no multiple of four.
  case storeAccessFault
  /// `ecall` in user mode.
  case environmentCallFromUser
  /// `ecall` in machine mode.
  case environmentCallFromMachine
  /// An interrupt, not an exception.
  case interrupt(RISCVInterrupt)

  /// The number in `mcause`; bit 31 is set for interrupts.
  public var rawValue: UInt32 {
    switch self {
    case .instructionAccessFault: 1
    case .illegalInstruction: 2
    case .breakpoint: 3
    case .loadAddressMisaligned: 4
    case .loadAccessFault: 5
    case .storeAddressMisaligned: 6
    case .storeAccessFault: 7
    case .environmentCallFromUser: 8
    case .environmentCallFromMachine: 11
    case .interrupt(let line): 1 << 31 | line.rawValue
    }
  }
}

extension RISCVTrapCause {
  /// The access that failed; `nil` for what is no fault of an access.
  public var access: MemoryAccess? {
    switch self {
    case .instructionAccessFault: .fetch
    case .loadAccessFault, .loadAddressMisaligned: .read
    case .storeAccessFault, .storeAddressMisaligned: .write
    case .illegalInstruction, .breakpoint, .environmentCallFromUser, .environmentCallFromMachine,
      .interrupt:
      nil
    }
  }

  /// Whether an instruction could not be fetched, decoded or executed; a call is none.
  var isFault: Bool {
    switch self {
    case .instructionAccessFault, .illegalInstruction, .loadAddressMisaligned, .loadAccessFault,
      .storeAddressMisaligned, .storeAccessFault:
      true
    case .breakpoint, .environmentCallFromUser, .environmentCallFromMachine, .interrupt: false
    }
  }
}

/// One trap: why, where, and with what value.
public struct RISCVTrap: Equatable, Sendable {
  /// Why the program was left.
  public var cause: RISCVTrapCause
  /// The instruction that trapped, or for an interrupt the one that would have come next.
  public var pc: DeviceAddress
  /// `mtval`: the address of a failed access, the bits of an illegal instruction, the address of
  /// an `ebreak`, else 0.
  public var value: UInt32

  /// Makes a trap from its parts.
  public init(cause: RISCVTrapCause, pc: DeviceAddress, value: UInt32) {
    self.cause = cause
    self.pc = pc
    self.value = value
  }
}

/// The privilege a program runs with.
///
/// Source: [RISCV-PRIV] §1.2.
public enum RISCVPrivilege: UInt32, Equatable, Sendable {
  /// User mode.
  case user = 0
  /// Machine mode.
  case machine = 3
}
