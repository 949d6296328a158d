import Coredump
import SimulatedSoC
import WireTypes

extension ProcessorRegisters {
  /// The registers of a simulated core.
  init(_ registers: ChipRegisters) {
    if let arm = registers.arm {
      let special: [(String, UInt32)] = [
        ("msp", arm.mainStack), ("psp", arm.processStack), ("control", arm.control),
        ("primask", arm.priorityMask), ("faultmask", arm.faultMask),
        ("basepri", arm.basePriority), ("cfsr", arm.configurableStatus),
        ("hfsr", arm.hardStatus), ("mmfar", arm.memManageAddress), ("bfar", arm.busAddress),
      ]
      self = .arm32(
        integers: registers.integers, status: registers.status,
        special: special.map { Register(name: $0.0, value: UInt64($0.1)) })
      return
    }
    // The core is one of 32 bits.
    let pc = UInt32(truncatingIfNeeded: registers.pc.rawValue)
    self = .riscv32(
      pc: pc, integers: registers.integers,
      special: [
        Register(name: "mstatus", value: UInt64(registers.status)),
        Register(name: "mcause", value: UInt64(registers.cause)),
        Register(name: "mepc", value: UInt64(registers.exceptionPC)),
        Register(name: "mtval", value: UInt64(registers.trapValue)),
      ])
  }
}
