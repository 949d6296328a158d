/// Which exceptions are pending, active and enabled, and how urgent each is: a plain value.
///
/// Numbers are those of IPSR: 1 reset, 2 NMI, 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault,
/// 11 SVCall, 12 DebugMonitor, 14 PendSV, 15 SysTick, 16 and up the interrupt lines.
/// Source: [ARMV7M] B1.5.
struct ExceptionState: Sendable {
  static let nmi: UInt32 = 2
  static let hardFault: UInt32 = 3
  static let memManage: UInt32 = 4
  static let busFault: UInt32 = 5
  static let usageFault: UInt32 = 6
  static let svCall: UInt32 = 11
  static let debugMonitor: UInt32 = 12
  static let pendSV: UInt32 = 14
  static let sysTick: UInt32 = 15
  static let firstLine: UInt32 = 16
  /// Bits of a priority that exist, the upper ones.
  static let priorityMask: UInt8 = 0xf0
  /// The priority of no exception at all.
  static let threadPriority = 256

  /// Pending system exceptions, by number.
  var pendingSystem: UInt32 = 0
  var activeSystem: UInt32 = 0
  /// Lines, line 0 in bit 0.
  var pendingLines: UInt64 = 0
  var activeLines: UInt64 = 0
  var enabledLines: UInt64 = 0
  /// By number of the exception.
  var priorities = InlineArray<80, UInt8>(repeating: 0)
  /// `AIRCR.PRIGROUP`.
  var group: UInt32 = 0
  /// MemManage, BusFault and UsageFault have handlers of their own: bits 16 to 18 of SHCSR.
  var enabledFaults: UInt32 = 0

  /// The priority of exception `number`; lower is more urgent.
  func priority(_ number: UInt32) -> Int {
    switch number {
    case 1: -3
    case 2: -2
    case 3: -1
    default: Int(priorities[Int(number)])
    }
  }

  /// A priority without the bits that only order exceptions which wait.
  func groupPriority(_ priority: Int) -> Int {
    guard priority > 0, priority < Self.threadPriority else { return priority }
    return priority & ~((2 << Int(group)) - 1)
  }

  /// Whether MemManage, BusFault or UsageFault has its own handler switched on.
  func isEnabled(fault number: UInt32) -> Bool { enabledFaults >> (12 + number) & 1 == 1 }

  /// The most urgent group priority among active exceptions.
  var activePriority: Int {
    var lowest = Self.threadPriority
    for number in 1..<16 as Range<UInt32> where activeSystem >> number & 1 == 1 {
      lowest = min(lowest, groupPriority(priority(number)))
    }
    var lines = activeLines
    while lines != 0 {
      let line = UInt32(lines.trailingZeroBitCount)
      lines &= lines - 1
      lowest = min(lowest, groupPriority(priority(Self.firstLine + line)))
    }
    return lowest
  }

  /// The most urgent exception that is pending and may be taken, lowest number first.
  var mostUrgent: (number: UInt32, priority: Int)? {
    var best: (number: UInt32, priority: Int)?
    func consider(_ number: UInt32) {
      let priority = priority(number)
      if let found = best, found.priority <= priority { return }
      best = (number, priority)
    }
    var system = pendingSystem
    while system != 0 {
      consider(UInt32(system.trailingZeroBitCount))
      system &= system - 1
    }
    var lines = pendingLines & enabledLines
    while lines != 0 {
      consider(Self.firstLine + UInt32(lines.trailingZeroBitCount))
      lines &= lines - 1
    }
    return best
  }

  /// Makes `number` pending.
  mutating func pend(_ number: UInt32) {
    if number < 16 {
      pendingSystem |= 1 << number
    } else {
      pendingLines |= 1 << UInt64(number - 16)
    }
  }

  /// The handler of `number` begins.
  mutating func activate(_ number: UInt32) {
    if number < 16 {
      pendingSystem &= ~(1 << number)
      activeSystem |= 1 << number
    } else {
      pendingLines &= ~(1 << UInt64(number - 16))
      activeLines |= 1 << UInt64(number - 16)
    }
  }

  mutating func deactivate(_ number: UInt32) {
    if number < 16 {
      activeSystem &= ~(1 << number)
    } else {
      activeLines &= ~(1 << UInt64(number - 16))
    }
  }

  func isActive(_ number: UInt32) -> Bool {
    number < 16 ? activeSystem >> number & 1 == 1 : activeLines >> UInt64(number - 16) & 1 == 1
  }

  /// How many exceptions are active.
  var activeCount: Int { activeSystem.nonzeroBitCount + activeLines.nonzeroBitCount }
}
