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

/// Why a core could not be made.
public enum RISCVCoreError: Error, Equatable, Sendable {
  /// There is no memory at all.
  case noMemory
  /// Base or size of a window is no multiple of four, or its host memory is not so aligned.
  case misalignedWindow(base: DeviceAddress, byteCount: Int)
  /// A window is empty, has 4 GiB or more, or ends beyond the 32-bit address space.
  case windowOutsideAddressSpace(base: DeviceAddress, byteCount: Int)
  /// Two windows share an address; the windows are named by their bases.
  case overlappingWindows(DeviceAddress, DeviceAddress)
}

extension RISCVCoreError: CustomStringConvertible {
  /// One line for a person: which window is wrong and why.
  public var description: String {
    switch self {
    case .noMemory: "a RISC-V core needs at least one memory window"
    case .misalignedWindow(let base, let byteCount):
      "memory window at \(base) of \(byteCount) bytes is not aligned to 4 bytes"
    case .windowOutsideAddressSpace(let base, let byteCount):
      "memory window at \(base) of \(byteCount) bytes lies outside the 32-bit address space"
    case .overlappingWindows(let first, let second):
      "memory windows at \(first) and \(second) overlap"
    }
  }
}
