/// The fields of `mstatus` that this processor has: machine and user mode, no paging.
///
/// Source: [RISCV-PRIV] §3.1.6.
struct MachineStatus: Equatable, Sendable {
  private static let writable: UInt32 = 1 << 3 | 1 << 7 | 3 << 11 | 1 << 17 | 1 << 21

  /// The register as `csrr` shows it.
  private(set) var rawValue: UInt32 = 0

  /// Interrupts are on in machine mode (MIE).
  var interruptsEnabled: Bool {
    get { rawValue & 1 << 3 != 0 }
    set { set(3, newValue) }
  }

  /// What `mret` makes of ``interruptsEnabled`` (MPIE).
  var previousInterruptsEnabled: Bool {
    get { rawValue & 1 << 7 != 0 }
    set { set(7, newValue) }
  }

  /// The privilege `mret` returns to (MPP).
  var previousPrivilege: RISCVPrivilege {
    get { rawValue & 3 << 11 == 0 ? .user : .machine }
    set { rawValue = rawValue & ~(3 << 11) | newValue.rawValue << 11 }
  }

  /// User mode may not wait for interrupts (TW).
  var trapsWait: Bool { rawValue & 1 << 21 != 0 }

  /// Clears the privilege override of loads and stores (MPRV), which has no effect here as no
  /// memory is protected.
  mutating func clearOverride() { set(17, false) }

  /// Writes the register; MPP keeps its value unless the new one names user or machine mode.
  mutating func write(_ value: UInt32) {
    var legal = value & Self.writable
    let privilege = legal >> 11 & 3
    if privilege == 1 || privilege == 2 { legal = legal & ~(3 << 11) | rawValue & 3 << 11 }
    rawValue = legal
  }

  private mutating func set(_ bit: UInt32, _ value: Bool) {
    rawValue = rawValue & ~(1 << bit) | (value ? 1 << bit : 0)
  }
}
