import RISCVCore
public import WireTypes

/// What a RISC-V core's registers hold, for a crash report or a dump.
public struct ChipRegisters: Equatable, Sendable {
  /// The next instruction.
  public var pc: DeviceAddress
  /// `x0` to `x31`.
  public var integers: [UInt32]
  /// `mstatus`: the mode of the core.
  public var status: UInt32
  /// `mcause`: why the last trap was taken.
  public var cause: UInt32
  /// `mepc`: where the last trap was taken.
  public var exceptionPC: UInt32
  /// `mtval`: the address or instruction of the last trap.
  public var trapValue: UInt32

  init(_ core: borrowing RISCVHart) {
    pc = core.pc
    integers = []
    for number in 0..<32 { integers.append(core.register(number)) }
    status = core.controlRegister(0x300) ?? 0
    exceptionPC = core.controlRegister(0x341) ?? 0
    cause = core.controlRegister(0x342) ?? 0
    trapValue = core.controlRegister(0x343) ?? 0
  }

  /// What the registers held at `crash`: when that is an exception, before its handler ran.
  init(_ core: borrowing RISCVHart, at crash: ChipCrash) {
    self.init(core)
    guard crash.cause != nil, core.currentException?.pc == crash.pc else { return }
    pc = crash.pc
    for number in 0..<32 { integers[number] = core.exceptionRegisters[number] }
  }
}
