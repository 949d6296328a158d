import ARMv7MCore
import RISCVCore
public import WireTypes

/// What a core's registers hold, for a crash report or a dump.
public struct ChipRegisters: Equatable, Sendable {
  /// The next instruction.
  public var pc: DeviceAddress
  /// `x0` to `x31`, or `r0` to `r15` of a Cortex-M.
  public var integers: [UInt32]
  /// `mstatus`: the mode of the core; xPSR of a Cortex-M.
  public var status: UInt32
  /// `mcause`: why the last trap was taken; 0 on a Cortex-M, as are the next two.
  public var cause: UInt32
  /// `mepc`: where the last trap was taken.
  public var exceptionPC: UInt32
  /// `mtval`: the address or instruction of the last trap.
  public var trapValue: UInt32

  /// What only a Cortex-M has.
  public var arm: ARMSpecialRegisters?

  init(_ core: borrowing ChipCore) {
    self.init()
    if let registers = core.arm?.core.chipRegisters { self = registers }
    if let registers = core.riscv?.core.chipRegisters { self = registers }
  }

  /// What the registers held at `crash`: when that is an exception, before its handler ran.
  init(_ core: borrowing ChipCore, at crash: ChipCrash) {
    self.init(core)
    guard crash.cause != nil else { return }
    if core.riscv?.core.currentException?.pc == crash.pc,
      let saved = core.riscv?.core.exceptionRegisters
    {
      pc = crash.pc
      for number in 0..<32 { integers[number] = saved[number] }
    }
    if crash.fault != nil, let saved = core.arm?.core.faultRegisters {
      for number in 0..<16 { integers[number] = saved[number] }
      status = saved[16]
      pc = crash.pc
    }
  }

  private init() {
    pc = DeviceAddress(rawValue: 0)
    integers = []
    (status, cause, exceptionPC, trapValue) = (0, 0, 0, 0)
  }

  fileprivate init(_ core: borrowing ARMv7MProcessor) {
    self.init()
    pc = core.pc
    integers = []
    for number in 0..<16 { integers.append(core.register(number)) }
    status = core.programStatus
    arm = ARMSpecialRegisters(core)
  }

  fileprivate init(_ core: borrowing RISCVHart) {
    pc = core.pc
    integers = []
    for number in 0..<32 { integers.append(core.register(number)) }
    status = core.controlRegister(0x300) ?? 0
    exceptionPC = core.controlRegister(0x341) ?? 0
    cause = core.controlRegister(0x342) ?? 0
    trapValue = core.controlRegister(0x343) ?? 0
  }
}

extension ARMv7MProcessor {
  fileprivate var chipRegisters: ChipRegisters { ChipRegisters(self) }
}

extension RISCVHart {
  fileprivate var chipRegisters: ChipRegisters { ChipRegisters(self) }
}

/// The special registers of a Cortex-M, and the fault registers of its system control block.
public struct ARMSpecialRegisters: Equatable, Sendable {
  /// MSP.
  public var mainStack: UInt32
  /// PSP.
  public var processStack: UInt32
  /// CONTROL.
  public var control: UInt32
  /// PRIMASK.
  public var priorityMask: UInt32
  /// FAULTMASK.
  public var faultMask: UInt32
  /// BASEPRI.
  public var basePriority: UInt32
  /// CFSR.
  public var configurableStatus: UInt32
  /// HFSR.
  public var hardStatus: UInt32
  /// MMFAR.
  public var memManageAddress: UInt32
  /// BFAR.
  public var busAddress: UInt32

  init(_ core: borrowing ARMv7MProcessor) {
    (mainStack, processStack) = core.stackPointers
    control = core.control
    let masks = core.masks
    priorityMask = masks.interrupts ? 1 : 0
    faultMask = masks.faults ? 1 : 0
    basePriority = masks.basePriority
    configurableStatus = core.systemRegister(0xe000_ed28) ?? 0
    hardStatus = core.systemRegister(0xe000_ed2c) ?? 0
    memManageAddress = core.systemRegister(0xe000_ed34) ?? 0
    busAddress = core.systemRegister(0xe000_ed38) ?? 0
  }
}
