/// Called by the trap vector for a synchronous exception: says what happened and reports a crash.
///
/// - Parameters:
///   - cause: the exception code of `mcause` [RISCV-PRIV] §3.1.15.
///   - programCounter: address of the instruction that failed.
///   - value: the address it accessed, or its encoding.
@c(board_exception)
public func handleException(cause: UInt32, programCounter: UInt32, value: UInt32) {
  Trace.line("exception \(cause) at \(hex: programCounter), value \(hex: value)")
  DoorbellDevice().reportFatal(UInt16(truncatingIfNeeded: cause & 0xff))
}
