import CoreSupport
import WireTypes

/// What executing one instruction on the general path came to.
enum Outcome {
  /// Done; the next record follows.
  case next
  /// Done; the program goes on at an address.
  case jump(UInt32)
  /// A trap was entered; the program counter names its handler.
  case trapped
  /// Somebody outside is needed.
  case exit(RISCVExit)

  var exit: RISCVExit? {
    if case .exit(let exit) = self { exit } else { nil }
  }
}

extension RISCVHart {
  /// Raises an exception at the program counter; it takes one step.
  mutating func trap(_ cause: RISCVTrapCause, value: UInt32) -> Outcome {
    let trap = RISCVTrap(cause: cause, pc: pc, value: value)
    currentException = trap
    for number in 0..<32 { exceptionRegisters[number] = registers[number] }
    guard enter(trap) else { return .exit(.fatalTrap(trap)) }
    stepCount &+= 1
    trapCount &+= 1
    return .trapped
  }

  /// Raises the exception of an access that nothing answered at `value`.
  ///
  /// What a translation unit refuses is none: the program does not get to see it.
  mutating func accessFault(_ cause: RISCVTrapCause, value: UInt32) -> Outcome {
    guard memory.isTranslated(value) else { return trap(cause, value: value) }
    return .exit(.translationFault(RISCVTrap(cause: cause, pc: pc, value: value)))
  }

  /// The same for an access of several bytes that is not aligned; a translation unit names the
  /// first byte that it refuses.
  mutating func accessFault(
    _ cause: RISCVTrapCause, _ address: UInt32, _ byteCount: UInt32, for need: MemoryPermissions
  ) -> Outcome {
    let miss = memory.firstMiss(address, byteCount, for: need) ?? address
    return memory.isTranslated(miss)
      ? accessFault(cause, value: miss) : trap(cause, value: address)
  }

  /// Enters the handler of `trap`; tells whether there is one.
  ///
  /// Without a handler nothing changes, so that a dump shows the program as it was.
  mutating func enter(_ trap: RISCVTrap) -> Bool {
    let vector = machine.vector(for: trap.cause)
    guard machine.trapVector & ~3 != 0, memory.fetchHalf(vector) != nil else { return false }
    counter = machine.enter(trap)
    return true
  }
}
