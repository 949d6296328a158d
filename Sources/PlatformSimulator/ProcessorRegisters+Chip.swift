import Coredump
import SimulatedSoC
import WireTypes

extension ProcessorRegisters {
  /// The registers of a simulated RISC-V core.
  init(_ registers: ChipRegisters) {
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
