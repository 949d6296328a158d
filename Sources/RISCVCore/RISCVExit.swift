public import WireTypes

/// Bytes of one load or store.
public enum RISCVAccessWidth: UInt32, Equatable, Sendable {
  /// One byte.
  case byte = 1
  /// Two bytes.
  case half = 2
  /// Four bytes.
  case word = 4
}

/// Why ``RISCVHart/run(upTo:)`` returned.
public enum RISCVExit: Equatable, Sendable {
  /// Exactly the given number of steps was taken.
  case budgetSpent
  /// Somebody called ``RISCVInterruptLines/requestAttention()``.
  case attention
  /// `wfi` was executed while no enabled interrupt was pending; the program counter already names
  /// the next instruction.
  case waitForInterrupt
  /// A load from outside the memory windows, aligned to its width. Answer with
  /// ``RISCVHart/completeLoad(_:)`` or ``RISCVHart/refuseAccess()``.
  case load(address: DeviceAddress, width: RISCVAccessWidth)
  /// A store outside the memory windows, aligned to its width; bits of `value` above the width are
  /// zero. Answer with ``RISCVHart/completeStore()`` or ``RISCVHart/refuseAccess()``.
  case store(address: DeviceAddress, width: RISCVAccessWidth, value: UInt32)
  /// The program reads the `time` register, or `timeh` when `upperHalf`. Answer with
  /// ``RISCVHart/completeLoad(_:)``, or with ``RISCVHart/refuseAccess()`` where there is no clock.
  case readTime(upperHalf: Bool)
  /// A trap whose vector is unusable: `mtvec` is 0 or points outside the memory windows. The
  /// program counter still names the instruction that trapped.
  case fatalTrap(RISCVTrap)
  /// The translation unit does not show what lies at the trap's value, or not for this access, which
  /// the cause names. No trap was taken: the program counter names the instruction, and running on
  /// would end here again.
  case translationFault(RISCVTrap)
  /// A jump to itself that no interrupt can end, or a loop of nothing but `wfi` and `nop` in the
  /// handler of a fault, with interrupts off. The program counter names it.
  case hang(pc: DeviceAddress)
}
