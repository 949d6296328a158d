import ARMv7MCore
import WireTypes

// What a Cortex-M needs of its chip: SysTick, a reset by itself, and its faults as crashes.
extension CoreState {
  /// Answers the exit of a Cortex-M; `nil` when it can go on at once.
  mutating func serve(_ exit: ARMv7MExit) -> Outcome? {
    switch exit {
    case .budgetSpent: return nil
    case .attention: return .attention
    case .waitForInterrupt:
      fallAsleep(.untilInterrupt)
      return .asleep
    case .load(let address, let width):
      let place = UInt32(truncatingIfNeeded: address.rawValue)
      if place &- ARMv7MSysTick.base < ARMv7MSysTick.byteCount {
        return loadSysTick(place &- ARMv7MSysTick.base, width)
      }
      serveLoad(place, isWord: width == .word)
      return nil
    case .store(let address, let width, let value):
      let place = UInt32(truncatingIfNeeded: address.rawValue)
      if place &- ARMv7MSysTick.base < ARMv7MSysTick.byteCount {
        return storeSysTick(place &- ARMv7MSysTick.base, width, value)
      }
      return serveStore(place, isWord: width == .word, value)
    case .systemReset:
      start(at: bootAddress, clock: clock)
      return .attention
    case .lockup(let fault):
      end(.crashed(ChipCrash(fault, fatalCode: nil)))
      return .ended
    case .hang(let pc):
      end(.crashed(crash(.hang, pc: pc)))
      return .ended
    }
  }

  private mutating func loadSysTick(_ offset: UInt32, _ width: ARMv7MAccessWidth) -> Outcome? {
    let now = clock.nanoseconds
    guard width == .word, let value = sysTick.load(at: offset, cycles: cycles(at: now)) else {
      core.refuseAccess()
      return nil
    }
    core.completeLoad(value)
    updateTimer(at: now)
    return nil
  }

  private mutating func storeSysTick(
    _ offset: UInt32, _ width: ARMv7MAccessWidth, _ value: UInt32
  ) -> Outcome? {
    let now = clock.nanoseconds
    guard width == .word, sysTick.store(value, at: offset, cycles: cycles(at: now)) else {
      core.refuseAccess()
      return nil
    }
    core.completeStore()
    updateTimer(at: now)
    // How long to run until the timer is due was found out before this store.
    return sysTick.dueCycle() == nil ? nil : .attention
  }

  /// Cycles of the core's nominal clock since its start.
  func cycles(at nanoseconds: UInt64) -> UInt64 {
    UInt64(clamping: UInt128(nanoseconds) * UInt128(frequencyInHertz) / 1_000_000_000)
  }

  /// When `cycle` has been reached, in nanoseconds since the start.
  func nanoseconds(ofCycle cycle: UInt64) -> UInt64 {
    let frequency = UInt128(frequencyInHertz)
    return UInt64(clamping: (UInt128(cycle) * 1_000_000_000 + frequency - 1) / frequency)
  }
}

extension ChipCrash {
  /// The report of a fault that the firmware of a Cortex-M did not survive.
  init(_ fault: ARMv7MFault, fatalCode: UInt16?) {
    self.init(
      kind: .busFault, pc: fault.pc, address: fault.address, access: fault.access,
      fatalCode: fatalCode, cause: fault.exception)
    self.fault = fault
    let status = fault.configurableStatus
    if status & 0x0000_ff00 != 0 { kind = .busFault; return }
    if status & 0x0000_00ff != 0 { kind = .mmuFault; return }
    if status & 1 << 24 != 0 { kind = .misalignedAccess; return }
    if status & 0xffff_0000 != 0 { kind = .illegalInstruction; return }
    if fault.hardStatus & 1 << 31 != 0 { kind = .unhandledCall }
  }
}
