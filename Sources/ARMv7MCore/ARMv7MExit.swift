public import WireTypes

/// Bytes of one load or store.
public enum ARMv7MAccessWidth: UInt32, Equatable, Sendable {
  /// One byte.
  case byte = 1
  /// Two bytes.
  case half = 2
  /// Four bytes.
  case word = 4
}

/// Why ``ARMv7MProcessor/run(upTo:)`` returned.
public enum ARMv7MExit: Equatable, Sendable {
  /// Exactly the given number of steps was taken.
  case budgetSpent
  /// Somebody called ``ARMv7MInterruptLines/requestAttention()``.
  case attention
  /// `wfi`, `wfe` or a return with sleep-on-exit found nothing to do; the program counter already
  /// names the next instruction.
  case waitForInterrupt
  /// A load from outside the memory windows, aligned to its width. Answer with
  /// ``ARMv7MProcessor/completeLoad(_:)`` or ``ARMv7MProcessor/refuseAccess()``.
  ///
  /// Addresses from 0xE000E010 to 0xE000E01F are those of SysTick, whose clock is the owner's; see
  /// ``ARMv7MSysTick``.
  case load(address: DeviceAddress, width: ARMv7MAccessWidth)
  /// A store outside the memory windows, aligned to its width; bits of `value` above the width are
  /// zero. Answer with ``ARMv7MProcessor/completeStore()`` or ``ARMv7MProcessor/refuseAccess()``.
  case store(address: DeviceAddress, width: ARMv7MAccessWidth, value: UInt32)
  /// The program wrote `SYSRESETREQ` to `AIRCR`.
  case systemReset
  /// A fault while no handler could run for it: the processor is locked up until it is reset.
  case lockup(ARMv7MFault)
  /// A jump to itself that nothing ends: in the handler of a fault, or with all interrupts masked.
  case hang(pc: DeviceAddress)
}

/// Why a program was left for the handler of a fault, with the fault registers of that moment.
public struct ARMv7MFault: Equatable, Sendable {
  /// The exception whose handler was entered, or would have been: 3 HardFault, 4 MemManage,
  /// 5 BusFault, 6 UsageFault.
  public var exception: UInt32
  /// The instruction that faulted.
  public var pc: DeviceAddress
  /// `CFSR`.
  public var configurableStatus: UInt32
  /// `HFSR`.
  public var hardStatus: UInt32
  /// `MMFAR`; valid when bit 7 of ``configurableStatus`` is set.
  public var memManageAddress: UInt32
  /// `BFAR`; valid when bit 15 of ``configurableStatus`` is set.
  public var busAddress: UInt32
  /// The access that failed, if it was one.
  public var access: MemoryAccess?

  /// Makes a report from its parts.
  public init(
    exception: UInt32, pc: DeviceAddress, configurableStatus: UInt32, hardStatus: UInt32,
    memManageAddress: UInt32 = 0, busAddress: UInt32 = 0, access: MemoryAccess? = nil
  ) {
    self.exception = exception
    self.pc = pc
    self.configurableStatus = configurableStatus
    self.hardStatus = hardStatus
    self.memManageAddress = memManageAddress
    self.busAddress = busAddress
    self.access = access
  }

  /// The address of the failed access, if it is known.
  public var address: DeviceAddress? {
    if configurableStatus & 1 << 7 != 0 { return DeviceAddress(rawValue: UInt64(memManageAddress)) }
    if configurableStatus & 1 << 15 != 0 { return DeviceAddress(rawValue: UInt64(busAddress)) }
    return nil
  }
}
