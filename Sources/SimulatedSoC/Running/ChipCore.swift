package import ARMv7MCore
import CoreSupport
package import RISCVCore
import SharedMemory
import WireTypes

/// The core of a chip, of either instruction set.
///
/// One of the two is there. What differs between them is asked of the core itself; here is only
/// what a chip needs of both.
struct ChipCore: ~Copyable {
  /// Why a core stopped executing.
  enum Exit {
    case riscv(RISCVExit)
    case arm(ARMv7MExit)
  }

  /// A place for a value that cannot be copied, so that there may be none.
  final class Place<Core: ~Copyable>: @unchecked Sendable {
    // SAFETY (unchecked Sendable): only the one owner of the chip's core reaches it.
    var core: Core

    init(_ core: consuming Core) { self.core = core }
  }

  let riscv: Place<RISCVHart>?
  let arm: Place<ARMv7MProcessor>?

  init(_ hart: consuming RISCVHart) {
    riscv = Place(hart)
    arm = nil
  }

  init(_ processor: consuming ARMv7MProcessor) {
    riscv = nil
    arm = Place(processor)
  }

  var stepCount: UInt64 {
    if let count = riscv?.core.stepCount { return count }
    return arm?.core.stepCount ?? 0
  }

  var pc: DeviceAddress { riscv?.core.pc ?? arm?.core.pc ?? DeviceAddress(rawValue: 0) }

  var wakesFromWait: Bool { riscv?.core.wakesFromWait ?? arm?.core.wakesFromWait ?? false }

  mutating func run(upTo budget: UInt64) -> Exit {
    if let exit = riscv?.core.run(upTo: budget) { return .riscv(exit) }
    return .arm(arm?.core.run(upTo: budget) ?? .budgetSpent)
  }

  /// Takes the core through reset: to `pc`, or on a Cortex-M to what the vector table at `vectors`
  /// says.
  mutating func reset(pc: DeviceAddress, vectors: DeviceAddress) {
    riscv?.core.reset(pc: pc)
    arm?.core.reset(vectors: vectors)
  }

  mutating func completeLoad(_ value: UInt32) {
    riscv?.core.completeLoad(value)
    arm?.core.completeLoad(value)
  }

  mutating func completeStore() {
    riscv?.core.completeStore()
    arm?.core.completeStore()
  }

  mutating func refuseAccess() {
    riscv?.core.refuseAccess()
    arm?.core.refuseAccess()
  }

  mutating func setMemory(_ windows: [CoreWindow]) throws(CoreWindowError) {
    try riscv?.core.setMemory(windows)
    try arm?.core.setMemory(windows)
  }
}

/// The interrupt lines of a chip's core.
package enum ChipLines: Sendable {
  case riscv(RISCVInterruptLines)
  case arm(ARMv7MInterruptLines)

  /// Makes the core come to its owner soon.
  func requestAttention() {
    switch self {
    case .riscv(let lines): lines.requestAttention()
    case .arm(let lines): lines.requestAttention()
    }
  }

  /// All lines low.
  func reset() {
    switch self {
    case .riscv(let lines): for line in RISCVInterrupt.allCases { lines.lower(line) }
    case .arm(let lines): lines.reset()
    }
  }

  /// Moves the line of the doorbell: the external interrupt, or line 0 of a Cortex-M.
  func setDoorbell(_ level: Bool) {
    switch self {
    case .riscv(let lines): if level { lines.raise(.external) } else { lines.lower(.external) }
    case .arm(let lines): if level { lines.raise(0) } else { lines.lower(0) }
    }
  }

  /// Brings a RISC-V core's timer line to `level`; a Cortex-M has SysTick.
  func setTimer(_ level: Bool) {
    guard case .riscv(let lines) = self else { return }
    if level { lines.raise(.timer) } else { lines.lower(.timer) }
  }

  func setSoftware(_ level: Bool) {
    guard case .riscv(let lines) = self else { return }
    if level { lines.raise(.software) } else { lines.lower(.software) }
  }

  /// Makes the SysTick exception of a Cortex-M pending.
  func tick() {
    if case .arm(let lines) = self { lines.tick() }
  }
}
