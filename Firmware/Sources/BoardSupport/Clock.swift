#if BOARD_VIRT_RV32
import CBoard
import _Volatile

/// The clock of the board, and its one alarm.
///
/// `mtime` counts at 10 MHz; `mtimecmp` ends a WFI when the time has come. Source: [RISCV-PRIV]
/// §3.2.1.
public enum Clock {
  private static let compare: UInt = 0x0200_4000
  private static let time: UInt = 0x0200_bff8
  private static let ticksInMicrosecond: UInt32 = 10

  private static func register(_ address: UInt) -> VolatileMappedRegister<UInt32> {
    // SAFETY: the board has its timer there.
    unsafe VolatileMappedRegister(unsafeBitPattern: address)
  }

  /// Ticks since the board was reset.
  private static var ticks: UInt64 {
    while true {
      let high = register(time + 4).load()
      let low = register(time).load()
      // The low half may have wrapped between the two.
      if register(time + 4).load() == high { return UInt64(high) << 32 | UInt64(low) }
    }
  }

  /// Microseconds since the board was reset.
  public static var microseconds: UInt64 {
    // By sixteen bits at a time, as nothing divides 64 bits here.
    let ticks = ticks
    let high = UInt32(truncatingIfNeeded: ticks >> 32)
    let low = UInt32(truncatingIfNeeded: ticks)
    var quotient: UInt64 = 0
    var rest: UInt32 = 0
    let parts: InlineArray<4, UInt32> = [high >> 16, high & 0xffff, low >> 16, low & 0xffff]
    for index in 0..<4 {
      let dividend = rest << 16 | parts[index]
      quotient = quotient << 16 | UInt64(dividend / ticksInMicrosecond)
      rest = dividend % ticksInMicrosecond
    }
    return quotient
  }

  /// Lets a WFI end at `time`, in microseconds since reset; `nil`: not by the clock.
  static func setAlarm(_ time: UInt64?) {
    let ticks = time.map { $0 &* UInt64(ticksInMicrosecond) } ?? .max
    // The order that [RISCV-PRIV] §3.2.1 gives: no alarm in between.
    register(compare).store(.max)
    register(compare + 4).store(UInt32(truncatingIfNeeded: ticks >> 32))
    register(compare).store(UInt32(truncatingIfNeeded: ticks))
    if time != nil { board_enable_timer_wakeup() }
  }
}
#endif
