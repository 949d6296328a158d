import ARMv7MCore
package import RISCVCore
import WireTypes

extension CoreState {
  /// Executes at most `budget` steps, devices included; says how it ended and how many it took.
  mutating func execute(_ budget: UInt64) -> (outcome: Outcome, steps: UInt64) {
    let first = core.stepCount
    var left = budget
    while left > 0 {
      let before = core.stepCount
      let exit = core.run(upTo: left)
      let executed = core.stepCount &- before
      clock.advance(cycles: executed)
      let outcome = serve(exit)
      // With the access that was just answered.
      let steps = core.stepCount &- before
      clock.advance(cycles: steps &- executed)
      counters.add(steps, to: counters.instructions)
      // An exit without a step must not go on for ever.
      left -= min(left, max(steps, 1))
      if let outcome { return (outcome, core.stepCount &- first) }
    }
    return (.budgetSpent, core.stepCount &- first)
  }

  /// Answers the core's exit; `nil` when it can go on at once.
  private mutating func serve(_ exit: ChipCore.Exit) -> Outcome? {
    switch exit {
    case .riscv(let exit): serve(exit)
    case .arm(let exit): serve(exit)
    }
  }

  private mutating func serve(_ exit: RISCVExit) -> Outcome? {
    switch exit {
    case .budgetSpent: return nil
    case .attention: return .attention
    case .waitForInterrupt:
      fallAsleep(.untilInterrupt)
      return .asleep
    case .load(let address, let width):
      serveLoad(UInt32(truncatingIfNeeded: address.rawValue), isWord: width == .word)
      return nil
    case .store(let address, let width, let value):
      return serveStore(
        UInt32(truncatingIfNeeded: address.rawValue), isWord: width == .word, value)
    case .readTime(let upperHalf):
      guard hasTimer else {
        core.refuseAccess()
        return nil
      }
      let time = clint.time(at: clock.nanoseconds)
      core.completeLoad(UInt32(truncatingIfNeeded: upperHalf ? time >> 32 : time))
      return nil
    case .fatalTrap(let trap):
      end(.crashed(ChipCrash(trap, fatalCode: nil)))
      return .ended
    case .translationFault(let trap):
      end(.crashed(ChipCrash(refused: trap)))
      return .ended
    case .hang(let pc):
      end(.crashed(crash(.hang, pc: pc)))
      return .ended
    }
  }

  mutating func serveLoad(_ address: UInt32, isWord: Bool) {
    counters.add(1, to: counters.deviceAccesses)
    guard isWord, let (target, offset) = map.find(address) else {
      core.refuseAccess()
      return
    }
    let value =
      switch target {
      case .doorbell: doorbell.load(at: offset)
      case .clint: clint.load(at: offset, nanoseconds: clock.nanoseconds)
      }
    if let value { core.completeLoad(value) } else { core.refuseAccess() }
  }

  mutating func serveStore(
    _ address: UInt32, isWord: Bool, _ value: UInt32
  ) -> Outcome? {
    counters.add(1, to: counters.deviceAccesses)
    switch map.find(address) {
    case (.doorbell, let offset)?: return act(on: doorbell.store(value, at: offset))
    case (.clint, let offset)? where isWord:
      let now = clock.nanoseconds
      guard clint.store(value, at: offset, nanoseconds: now) else { break }
      core.completeStore()
      updateTimer(at: now)
      lines.setSoftware(clint.softwareInterrupt)
      // How long to run until the timer is due was found out before this store.
      return clint.dueTime(at: now) == nil ? nil : .attention
    default: break
    }
    core.refuseAccess()
    return nil
  }

  private mutating func act(on effect: DoorbellDevice.Effect) -> Outcome? {
    if effect == .refused {
      core.refuseAccess()
      return nil
    }
    core.completeStore()
    switch effect {
    case .none, .refused: return nil
    case .kick(let id):
      counters.add(1, to: counters.kicksToHost)
      let before = clock.nanoseconds
      sink.kicked(id)
      sinkTime &+= clock.nanoseconds &- before
      return nil
    case .watchdog(let milliseconds):
      watchdog.feed(milliseconds: milliseconds, at: clock.nanoseconds)
      return nil
    case .idle:
      guard !doorbell.endsIdle else { return nil }
      fallAsleep(.untilPending)
      return .asleep
    case .console(let byte):
      guard let line = console.add(byte) else { return nil }
      send(.console(line))
      return throttle()
    case .state(let word):
      guard word >> 16 == 0xdead else {
        send(.stateWord(word))
        return throttle()
      }
      end(.crashed(crash(.fatalError, pc: core.pc, fatalCode: UInt16(truncatingIfNeeded: word))))
      return .ended
    case .exit(let code):
      end(.exited(code: code))
      return .ended
    }
  }

  /// Counts what was executed until `now`, and ends a core that did not feed its watchdog.
  mutating func checkWatchdog(at now: UInt64) {
    guard phase == .running, watchdog.advance(to: now) else { return }
    end(.crashed(crash(.watchdog, pc: core.pc)))
  }

  private func throttle() -> Outcome? {
    let now = clock.nanoseconds
    return events.nextTime(at: now) > now ? .throttled : nil
  }

  /// A report of `kind`, or of the exception whose handler the core is in.
  func crash(_ kind: ChipCrash.Kind, pc: DeviceAddress, fatalCode: UInt16? = nil) -> ChipCrash {
    if kind != .watchdog, let trap = core.riscv?.core.currentException {
      return ChipCrash(trap, fatalCode: fatalCode)
    }
    if kind != .watchdog, let fault = core.arm?.core.currentFault {
      return ChipCrash(fault, fatalCode: fatalCode)
    }
    return ChipCrash(kind: kind, pc: pc, fatalCode: fatalCode)
  }
}

extension ChipCrash {
  /// The report of an access that the IOMMU refused.
  init(refused trap: RISCVTrap) {
    self.init(
      kind: .mmuFault, pc: trap.pc, address: DeviceAddress(rawValue: UInt64(trap.value)),
      access: trap.cause.access)
  }

  /// The report of an exception that the firmware did not survive.
  package init(_ trap: RISCVTrap, fatalCode: UInt16?) {
    let address = DeviceAddress(rawValue: UInt64(trap.value))
    self.init(
      kind: .unhandledCall, pc: trap.pc, fatalCode: fatalCode, cause: trap.cause.rawValue,
      value: trap.value)
    switch trap.cause {
    case .instructionAccessFault, .loadAccessFault, .storeAccessFault:
      kind = .busFault
      self.address = address
      access = trap.cause.access
    case .loadAddressMisaligned, .storeAddressMisaligned:
      kind = .misalignedAccess
      self.address = address
      access = trap.cause.access
    case .illegalInstruction: kind = .illegalInstruction
    case .breakpoint, .environmentCallFromUser, .environmentCallFromMachine, .interrupt: break
    }
  }
}
