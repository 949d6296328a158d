/// Registers of the system control block, the memory protection unit and the rest of the private
/// peripheral bus, but for interrupts and SysTick: a plain value.
///
/// Source: [ARMV7M] B3.
struct SystemControl: Sendable {
  var vectorTable: UInt32 = 0
  /// `SCR`: sleep on exit, deep sleep, event on pending.
  var sleepControl: UInt32 = 0
  /// `CCR`.
  var configuration: UInt32 = 0x200
  var configurableStatus: UInt32 = 0
  var hardStatus: UInt32 = 0
  var memManageAddress: UInt32 = 0
  var busAddress: UInt32 = 0
  var auxiliaryStatus: UInt32 = 0
  /// `CPACR`.
  var coprocessorAccess: UInt32 = 0
  /// `FPCCR`: automatic and lazy preservation.
  var floatContext: UInt32 = 0xc000_0000
  var floatContextAddress: UInt32 = 0
  var floatDefault: UInt32 = 0
  /// `DEMCR` and the cycle counter's control, which programs use to measure time.
  var debugControl: UInt32 = 0
  var traceControl: UInt32 = 0
  /// What `DWT_CYCCNT` adds to the number of steps.
  var cycleOffset: UInt32 = 0

  /// Unaligned accesses fault (UNALIGN_TRP).
  var trapsUnaligned: Bool { configuration & 1 << 3 != 0 }
  /// Division by 0 faults (DIV_0_TRP).
  var trapsDivision: Bool { configuration & 1 << 4 != 0 }
  /// Bus faults of handlers below priority 0 are ignored (BFHFNMIGN).
  var ignoresBusFaults: Bool { configuration & 1 << 8 != 0 }
  /// A handler may return to thread mode while others are active (NONBASETHRDENA).
  var allowsNestedThread: Bool { configuration & 1 != 0 }
  /// Unprivileged programs may pend interrupts (USERSETMPEND).
  var allowsUserPend: Bool { configuration & 1 << 1 != 0 }
  /// Stacks are aligned to 8 bytes at an exception (STKALIGN).
  var alignsStack: Bool { configuration & 1 << 9 != 0 }
  /// Sleep again when the last handler returns (SLEEPONEXIT).
  var sleepsOnExit: Bool { sleepControl & 1 << 1 != 0 }
  /// An interrupt that becomes pending ends `wfe` (SEVONPEND).
  var wakesOnPend: Bool { sleepControl & 1 << 4 != 0 }
}

/// The memory protection unit: eight regions, the highest that contains an address decides.
///
/// Source: [ARMV7M] B3.5.
struct MemoryProtection: Sendable {
  static let regionCount = 8

  /// `MPU_CTRL`.
  var control: UInt32 = 0
  var selected: UInt32 = 0
  var bases = InlineArray<8, UInt32>(repeating: 0)
  var attributes = InlineArray<8, UInt32>(repeating: 0)

  var isOn: Bool { control & 1 != 0 }
  /// It also protects from HardFault and NMI handlers (HFNMIENA).
  var coversFaultHandlers: Bool { control & 2 != 0 }
  /// Privileged programs see the default map behind the regions (PRIVDEFENA).
  var hasBackground: Bool { control & 4 != 0 }

  /// What the region of `address` allows; `nil` where there is none.
  private func region(_ address: UInt32) -> UInt32? {
    for index in (0..<Self.regionCount).reversed() {
      let attribute = attributes[index]
      guard attribute & 1 == 1 else { continue }
      let size = attribute >> 1 & 31
      guard size >= 4 else { continue }
      let mask: UInt32 = size >= 31 ? .max : 1 << (size + 1) - 1
      guard address & ~mask == bases[index] & ~mask else { continue }
      if size >= 7 {
        let part = (address & mask) >> (size - 2)
        if attribute >> (8 + part) & 1 == 1 { continue }
      }
      return attribute
    }
    return nil
  }

  /// Whether a program may do that at `address`.
  func permits(_ address: UInt32, _ access: AccessKind, isPrivileged: Bool) -> Bool {
    guard let attribute = region(address) else { return isPrivileged && hasBackground }
    if access == .fetch, attribute >> 28 & 1 == 1 { return false }
    let isWrite = access == .write
    switch attribute >> 24 & 7 {
    case 1: return isPrivileged
    case 2: return isPrivileged || !isWrite
    case 3: return true
    case 5: return isPrivileged && !isWrite
    case 6, 7: return !isWrite
    default: return false
    }
  }
}

/// What a program wants of memory.
enum AccessKind: Equatable, Sendable {
  case read, write, fetch
}
