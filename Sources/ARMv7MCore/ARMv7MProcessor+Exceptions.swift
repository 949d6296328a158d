import CoreSupport
import WireTypes

// Exceptions. Source: [ARMV7M] B1.5.
extension ARMv7MProcessor {
  /// The priority of what runs now; only exceptions below it are taken.
  var executionPriority: Int {
    let priority = unmaskedPriority
    return masksInterrupts ? min(priority, 0) : priority
  }

  /// The same as if PRIMASK were 0, as waiting for interrupts sees it.
  private var unmaskedPriority: Int {
    var priority = exceptions.activePriority
    if basePriority != 0 { priority = min(priority, exceptions.groupPriority(Int(basePriority))) }
    return masksFaults ? min(priority, -1) : priority
  }

  /// Takes over what the lines say.
  mutating func sampleLines() {
    let before = exceptions.pendingLines
    exceptions.pendingLines |= lines.takeRises() | lines.levels & ~exceptions.activeLines
    if system.wakesOnPend, exceptions.pendingLines & ~before != 0 { hasEvent = true }
    if lines.takeTick() { exceptions.pend(ExceptionState.sysTick) }
    if lines.takeNMI() { exceptions.pend(ExceptionState.nmi) }
    if lines.takeEvent() { hasEvent = true }
  }

  /// The exception to take now, if any.
  var takeable: UInt32? {
    let hasAny =
      exceptions.pendingSystem != 0 || exceptions.pendingLines & exceptions.enabledLines != 0
    guard hasAny, let best = exceptions.mostUrgent,
      exceptions.groupPriority(best.priority) < executionPriority
    else { return nil }
    return best.number
  }

  /// Whether the present wait would end at once: an exception is pending that would be taken if
  /// PRIMASK were 0, or in a wait of `wfe` an event has happened.
  public var wakesFromWait: Bool {
    if waitsForEvent, hasEvent || lines.hasEvent { return true }
    var merged = exceptions
    merged.pendingLines |= lines.rises | lines.levels & ~exceptions.activeLines
    if waitsForEvent, system.wakesOnPend, merged.pendingLines & ~exceptions.pendingLines != 0 {
      return true
    }
    if lines.hasTick { merged.pend(ExceptionState.sysTick) }
    if lines.hasNMI { merged.pend(ExceptionState.nmi) }
    guard let best = merged.mostUrgent else { return false }
    return merged.groupPriority(best.priority) < unmaskedPriority
  }

  /// The same of what was sampled already, without events, which do not end `wfi`.
  var hasUrgentPending: Bool {
    guard let best = exceptions.mostUrgent else { return false }
    return exceptions.groupPriority(best.priority) < unmaskedPriority
  }

  // MARK: Entry

  /// Enters the handler of `number`, which returns to `returnAddress`.
  mutating func enter(_ number: UInt32, returnAddress: UInt32) {
    let hasFloatFrame = model.hasFloat && x[RegisterFile.floatActive] != 0
    var target = number
    if let failure = pushFrame(returnAddress, hasFloat: hasFloatFrame) {
      let derived = note(failure)
      // A failed stack of a fault handler does not keep it from running.
      if exceptions.priority(derived) < exceptions.priority(number) {
        exceptions.pend(number)
        target = derived
        currentFault = fault(derived, access: .write)
      }
    }
    let isThread = exception == 0
    var link: UInt32 = 0xffff_fff1
    if isThread { link = isProcessStackActive ? 0xffff_fffd : 0xffff_fff9 }
    if hasFloatFrame { link &= ~(1 << 4) }
    if isProcessStackActive { swapStacks() }
    enterHandler(target, link: link)
  }

  /// Begins the handler of `number`; registers are on a stack already.
  mutating func enterHandler(_ number: UInt32, link: UInt32) {
    x[RegisterFile.lr] = link
    x[RegisterFile.floatActive] = 0
    let wasPrivileged = isPrivileged
    exception = number
    itState = 0
    hasNewState = true
    reservation = nil
    hasEvent = true
    exceptions.activate(number)
    mustLook = true
    if protection.isOn, !wasPrivileged { cache.forgetAll(memory) }
    guard let vector = memory.load(system.vectorTable &+ 4 &* number, byteCount: 4) else {
      system.hardStatus |= 1 << 1
      guard number != ExceptionState.hardFault, number != ExceptionState.nmi else {
        lockup = fault(ExceptionState.hardFault, access: .read)
        return
      }
      exceptions.deactivate(number)
      currentFault = fault(ExceptionState.hardFault, access: .read)
      return enterHandler(ExceptionState.hardFault, link: link)
    }
    counter = vector & ~1
    isThumb = vector & 1 == 1
  }

  private mutating func swapStacks() {
    let active = x[RegisterFile.sp]
    x[RegisterFile.sp] = otherStack
    otherStack = active
  }

  /// Pushes registers on the stack in use; gives what went wrong.
  private mutating func pushFrame(_ returnAddress: UInt32, hasFloat: Bool) -> FaultCause? {
    let old = x[RegisterFile.sp]
    let aligns = system.alignsStack || hasFloat
    let size: UInt32 = hasFloat ? 104 : 32
    let start = (old &- size) & (aligns ? ~7 : ~3)
    let padding: UInt32 = aligns && old & 4 != 0 ? 1 << 9 : 0
    x[RegisterFile.sp] = start
    let status = programStatus | padding
    let words: [UInt32] = [
      x[0], x[1], x[2], x[3], x[12], x[RegisterFile.lr], returnAddress, status,
    ]
    do throws(Departure) {
      for (index, word) in words.enumerated() { try push(start &+ 4 &* UInt32(index), word) }
      guard hasFloat else { return nil }
      for index in 0..<16 as Range<UInt8> {
        try push(start &+ 32 &+ 4 &* UInt32(index), x[RegisterFile.float &+ index])
      }
      try push(start &+ 96, floatStatus)
      system.floatContextAddress = start &+ 32
    } catch {
      guard case .fault(let cause) = error else { return .bus(1 << 4, .write, address: nil) }
      if case .protection = cause { return .protection(1 << 4, .write, address: nil) }
      return .bus(1 << 4, .write, address: nil)
    }
    return nil
  }

  /// Stacks lie in memory: no device is asked.
  private mutating func push(_ address: UInt32, _ value: UInt32) throws(Departure) {
    guard memory.window(containing: address, for: .write) != nil else {
      throw .fault(.bus(1 << 4, .write, address: nil))
    }
    try write(address, value, 4)
  }

  private mutating func pop(_ address: UInt32) throws(Departure) -> UInt32 {
    guard memory.window(containing: address, for: .read) != nil else {
      throw .fault(.bus(1 << 3, .read, address: nil))
    }
    return try read(address, 4)
  }

  // MARK: Return

  /// Whether a jump to `target` is a return from an exception.
  func isExceptionReturn(_ target: UInt32) -> Bool { exception != 0 && target >> 28 == 0xf }

  /// Returns from the handler that runs by jumping to `value`.
  mutating func returnFromException(_ value: UInt32) throws(Departure) {
    let number = exception
    let isThread = value & 8 != 0
    let isNested = exceptions.activeCount > 1
    let isValid =
      [0xf1, 0xf9, 0xfd].contains(value & 0xef | 0x10) && value | 0x1f == .max
      && (value & 0x10 != 0 || model.hasFloat) && exceptions.isActive(number)
      && (isThread ? !isNested || system.allowsNestedThread : isNested)
    exceptions.deactivate(number)
    if number != ExceptionState.nmi { masksFaults = false }
    if number >= 3, number <= 6 { currentFault = nil }
    mustLook = true
    guard isValid else { return try chainFault(.invalidReturn, value) }
    sampleLines()
    if let next = takeable {
      enterHandler(next, link: value)
      throw .exit(.attention)
    }
    try popFrame(value)
    guard system.sleepsOnExit, exception == 0 else { return }
    waitsForEvent = false
    throw .exit(.waitForInterrupt)
  }

  /// A fault while returning: its handler runs without anything being stacked again.
  private mutating func chainFault(_ cause: FaultCause, _ value: UInt32) throws(Departure) {
    let report = note(cause)
    guard exceptions.groupPriority(exceptions.priority(report)) < executionPriority else {
      lockup = fault(report, access: nil)
      throw .exit(.attention)
    }
    saveFaultRegisters()
    currentFault = fault(report, access: nil)
    enterHandler(report, link: value)
    throw .exit(.attention)
  }

  private mutating func popFrame(_ value: UInt32) throws(Departure) {
    let toProcess = value & 4 != 0
    let start = toProcess ? otherStack : x[RegisterFile.sp]
    let hasFloat = value & 0x10 == 0
    var words: [UInt32] = []
    do throws(Departure) {
      for index in 0..<(hasFloat ? 25 : 8) as Range<UInt32> {
        words.append(try pop(start &+ 4 &* index))
      }
    } catch {
      guard case .fault(.protection) = error else {
        return try chainFault(.bus(1 << 3, .read, address: nil), value)
      }
      return try chainFault(.protection(1 << 3, .read, address: nil), value)
    }
    let status = words[7]
    guard (value & 8 != 0) == (status & 0x1ff == 0) else {
      return try chainFault(.invalidReturn, value)
    }
    for index in 0..<4 { registers[index] = words[index] }
    registers[12] = words[4]
    x[RegisterFile.lr] = words[5]
    if hasFloat { restoreFloat(words) }
    var end = start &+ (hasFloat ? 104 : 32)
    if system.alignsStack || hasFloat, status & 1 << 9 != 0 { end |= 4 }
    leave(toProcess: toProcess, stack: end, status)
    x[RegisterFile.floatActive] = hasFloat ? 1 : 0
    following = words[6] & ~1
  }

  private func restoreFloat(_ words: [UInt32]) {
    for index in 0..<16 { registers[Int(RegisterFile.float) + index] = words[8 + index] }
    x[RegisterFile.floatFlags] = words[24] & 0xf000_0000
    x[RegisterFile.floatStatus] = words[24] & FloatExecution.writableStatus
  }

  private mutating func leave(toProcess: Bool, stack: UInt32, _ status: UInt32) {
    exception = status & 0x1ff
    if toProcess {
      otherStack = x[RegisterFile.sp]
      usesProcessStack = true
    } else if exception == 0 {
      usesProcessStack = false
    }
    x[RegisterFile.sp] = stack
    x.flags = status
    isThumb = status & 1 << 24 != 0
    itState = UInt8(truncatingIfNeeded: status >> 25 & 3 | (status >> 10 & 0x3f) << 2)
    hasNewState = true
    reservation = nil
    hasEvent = true
    if protection.isOn, !isPrivileged { cache.forgetAll(memory) }
  }

  // MARK: Faults

  /// Sets the fault registers for `cause`; gives the exception that stands for it.
  mutating func note(_ cause: FaultCause) -> UInt32 {
    let number: UInt32
    switch cause {
    case .protection(let bit, _, let address):
      number = ExceptionState.memManage
      system.configurableStatus |= bit
      if let address {
        system.memManageAddress = address
        system.configurableStatus |= 1 << 7
      }
    case .bus(let bit, _, let address):
      number = ExceptionState.busFault
      system.configurableStatus |= bit << 8
      if let address {
        system.busAddress = address
        system.configurableStatus |= 1 << 15
      }
    case .usage(let bit):
      number = ExceptionState.usageFault
      system.configurableStatus |= bit << 16
    case .breakpoint:
      if system.debugControl & 1 << 16 != 0,
        exceptions.priority(ExceptionState.debugMonitor) < executionPriority
      {
        return ExceptionState.debugMonitor
      }
      system.hardStatus |= 1 << 31
      return ExceptionState.hardFault
    }
    let isTaken =
      exceptions.isEnabled(fault: number)
      && exceptions.groupPriority(exceptions.priority(number)) < executionPriority
    if isTaken { return number }
    system.hardStatus |= 1 << 30
    return ExceptionState.hardFault
  }

  /// Takes the fault of the instruction at the program counter; it takes one step.
  mutating func take(_ cause: FaultCause) {
    stepCount &+= 1
    abandonAccess()
    let number = note(cause)
    let report = fault(number, access: cause.access)
    guard exceptions.groupPriority(exceptions.priority(number)) < executionPriority else {
      lockup =
        currentFault.map { first in
          // The first fault is the one that matters; its handler did not survive.
          var both = report
          both.pc = first.pc
          return both
        } ?? report
      if currentFault == nil { saveFaultRegisters() }
      return
    }
    saveFaultRegisters()
    currentFault = report
    enter(number, returnAddress: counter)
  }

  mutating func saveFaultRegisters() {
    for index in 0..<16 { faultRegisters[index] = register(index) }
    faultRegisters[16] = programStatus
  }

  /// A report of the fault registers as they are.
  func fault(_ number: UInt32, access: MemoryAccess?) -> ARMv7MFault {
    ARMv7MFault(
      exception: number, pc: pc, configurableStatus: system.configurableStatus,
      hardStatus: system.hardStatus, memManageAddress: system.memManageAddress,
      busAddress: system.busAddress, access: access)
  }
}

extension FaultCause {
  /// The access that failed.
  var access: MemoryAccess? {
    switch self {
    case .protection(_, let kind, _), .bus(_, let kind, _):
      switch kind {
      case .read: .read
      case .write: .write
      case .fetch: .fetch
      }
    case .usage, .breakpoint: nil
    }
  }
}
