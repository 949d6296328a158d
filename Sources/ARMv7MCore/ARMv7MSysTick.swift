/// The system timer of a core, clocked by its owner: a plain value.
///
/// | Address | Register | |
/// |--------:|----------|-|
/// | 0xE000E010 | `SYST_CSR` | bit 0 on, bit 1 raises the exception, bit 2 always 1, bit 16 wrapped |
/// | 0xE000E014 | `SYST_RVR` | 24 bits: what the counter starts from again |
/// | 0xE000E018 | `SYST_CVR` | the counter; any write clears it |
/// | 0xE000E01C | `SYST_CALIB` | 0: no reference clock |
///
/// Source: [ARMV7M] B3.3.
public struct ARMv7MSysTick: Equatable, Sendable {
  /// The first register.
  public static let base: UInt32 = 0xe000_e010
  /// Bytes of its registers.
  public static let byteCount: UInt32 = 16

  private var control: UInt32 = 0
  private var reload: UInt32 = 0
  /// The counter at ``mark``; while the timer is off it keeps its value.
  private var count: UInt32 = 0
  private var mark: UInt64 = 0
  private var hasWrapped = false
  private var isPending = false

  /// A timer that is off.
  public init() {}

  private var isOn: Bool { control & 1 != 0 }
  private var raises: Bool { control & 3 == 3 }

  /// Cycles from ``mark`` until the counter reaches 0; `nil` when it never does.
  private var cyclesToZero: UInt64? {
    guard isOn else { return nil }
    if count > 0 { return UInt64(count) }
    // From 0 the counter first takes the reload value, which lasts one cycle.
    return reload > 0 ? UInt64(reload) + 1 : nil
  }

  /// Lets the counter run on to `cycles`.
  private mutating func advance(to cycles: UInt64) {
    guard cycles > mark else { return }
    var passed = cycles - mark
    mark = cycles
    guard let first = cyclesToZero else { return }
    guard passed >= first else {
      // A counter of 0 takes its reload value in the first cycle.
      count = count > 0 ? count - UInt32(passed) : reload - UInt32(passed - 1)
      return
    }
    hasWrapped = true
    if raises { isPending = true }
    passed -= first
    let period = UInt64(reload) + 1
    let rest = passed % period
    count = rest == 0 || reload == 0 ? 0 : UInt32(period - rest)
  }

  /// The cycle at which the exception is next raised; `nil` when it is not.
  public func dueCycle() -> UInt64? {
    guard raises, let left = cyclesToZero else { return nil }
    return mark + left
  }

  /// Whether the exception has become pending since the last call.
  public mutating func takeTick(at cycles: UInt64) -> Bool {
    advance(to: cycles)
    defer { isPending = false }
    return isPending
  }

  /// What a load of the word at `offset` gives; `nil` where there is no register.
  public mutating func load(at offset: UInt32, cycles: UInt64) -> UInt32? {
    advance(to: cycles)
    switch offset {
    case 0:
      defer { hasWrapped = false }
      return control | 1 << 2 | (hasWrapped ? 1 << 16 : 0)
    case 4: return reload
    case 8: return count
    // The owner's clock is the processor's; there is no other.
    case 12: return 1 << 31
    default: return nil
    }
  }

  /// Stores the word at `offset`; false where there is no register.
  public mutating func store(_ value: UInt32, at offset: UInt32, cycles: UInt64) -> Bool {
    advance(to: cycles)
    mark = cycles
    switch offset {
    case 0: control = value & 3
    case 4: reload = value & 0xff_ffff
    case 8:
      count = 0
      hasWrapped = false
    case 12: break
    default: return false
    }
    return true
  }
}
