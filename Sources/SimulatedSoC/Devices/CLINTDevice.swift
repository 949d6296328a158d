/// The timer and software interrupt of core 0, as SiFive's CLINT lays them out; only the core
/// touches it.
///
/// | Offset | Register | |
/// |-------:|----------|-|
/// | 0x0000 | `msip` | bit 0 raises the software interrupt |
/// | 0x4000 | `mtimecmp` | 64 bits; the timer interrupt is raised while `mtime >= mtimecmp` |
/// | 0xBFF8 | `mtime` | 64 bits at 10 MHz |
///
/// Every access is one word. Source: [RISCV-PRIV] §3.2.1 for the registers; practice for offsets.
package struct CLINTDevice: Equatable, Sendable {
  /// Nanoseconds in one tick of `mtime`.
  package static let tickInNanoseconds: UInt64 = 100

  /// Bit 0 of `msip`.
  package private(set) var softwareInterrupt = false
  /// No interrupt until the firmware sets a time.
  package private(set) var compare = UInt64.max
  package init() {}

  // What the firmware's writes to mtime added to the clock.
  private var adjustment: UInt64 = 0

  /// `mtime` when the chip runs for `nanoseconds`.
  package func time(at nanoseconds: UInt64) -> UInt64 {
    nanoseconds / Self.tickInNanoseconds &+ adjustment
  }

  /// Whether the timer interrupt is raised.
  package func isTimerDue(at nanoseconds: UInt64) -> Bool { time(at: nanoseconds) >= compare }

  /// Nanoseconds of the chip's run at which the timer is due; `nil` if far beyond any run.
  package func dueTime(at nanoseconds: UInt64) -> UInt64? {
    let now = time(at: nanoseconds)
    guard compare > now else { return nanoseconds }
    let (left, overflow) = (compare - now).multipliedReportingOverflow(by: Self.tickInNanoseconds)
    // Counted from the start of the current tick, so that the due time is the tick's first.
    let base = nanoseconds - nanoseconds % Self.tickInNanoseconds
    let (due, carry) = base.addingReportingOverflow(left)
    return overflow || carry ? nil : due
  }

  /// What a load of the word at `offset` gives; `nil` where there is no register.
  package func load(at offset: UInt32, nanoseconds: UInt64) -> UInt32? {
    switch offset {
    case 0x0000: softwareInterrupt ? 1 : 0
    case 0x4000: UInt32(truncatingIfNeeded: compare)
    case 0x4004: UInt32(truncatingIfNeeded: compare >> 32)
    case 0xBFF8: UInt32(truncatingIfNeeded: time(at: nanoseconds))
    case 0xBFFC: UInt32(truncatingIfNeeded: time(at: nanoseconds) >> 32)
    default: nil
    }
  }

  /// Stores the word at `offset`; false where there is no register.
  package mutating func store(_ value: UInt32, at offset: UInt32, nanoseconds: UInt64) -> Bool {
    let now = time(at: nanoseconds)
    switch offset {
    case 0x0000: softwareInterrupt = value & 1 != 0
    case 0x4000: compare = compare & ~0xffff_ffff | UInt64(value)
    case 0x4004: compare = UInt64(value) << 32 | compare & 0xffff_ffff
    case 0xBFF8: adjustment &+= (now & ~0xffff_ffff | UInt64(value)) &- now
    case 0xBFFC: adjustment &+= (UInt64(value) << 32 | now & 0xffff_ffff) &- now
    default: return false
    }
    return true
  }
}
