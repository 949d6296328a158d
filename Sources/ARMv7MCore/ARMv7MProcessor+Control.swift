import CoreSupport
import Synchronization

// Instructions that talk to the system, and floating point that touches memory.
extension ARMv7MProcessor {
  mutating func control(_ i: ThumbInstruction) throws(Departure) {
    switch i.operation {
    case .svc: callSupervisor()
    case .bkpt: throw .fault(.breakpoint)
    case .wfi:
      sampleLines()
      mustLook = true
      waitsForEvent = false
      if !hasUrgentPending { throw .exit(.waitForInterrupt) }
    case .wfe:
      sampleLines()
      mustLook = true
      waitsForEvent = true
      if hasEvent { hasEvent = false } else if !wakesFromWait { throw .exit(.waitForInterrupt) }
    case .sev: hasEvent = true
    case .dmb, .dsb, .isb:
      // ORDERING: orders all accesses before against all after.
      atomicMemoryFence(ordering: .sequentiallyConsistent)
    case .cps: changeMasks(i)
    case .mrs: x[i.rd] = specialRegister(i.immediate)
    default: writeSpecialRegister(i.immediate, x[i.rn], i.amount)
    }
  }

  private mutating func callSupervisor() {
    // Escalates like a fault when its handler may not run now.
    itState = Self.advanced(itState)
    let number = ExceptionState.svCall
    let isTaken = exceptions.groupPriority(exceptions.priority(number)) < executionPriority
    if isTaken {
      let back = following
      enter(number, returnAddress: back)
      following = counter
      return
    }
    system.hardStatus |= 1 << 30
    guard executionPriority > -1 else {
      lockup = fault(ExceptionState.hardFault, access: nil)
      mustLook = true
      return
    }
    saveFaultRegisters()
    currentFault = fault(ExceptionState.hardFault, access: nil)
    enter(ExceptionState.hardFault, returnAddress: following)
    following = counter
  }

  private mutating func changeMasks(_ i: ThumbInstruction) {
    guard isPrivileged else { return }
    let disables = i.immediate & 0x10 != 0
    if i.immediate & 2 != 0 { masksInterrupts = disables }
    if i.immediate & 1 != 0, !disables || executionPriority > -1 { masksFaults = disables }
    mustLook = true
  }

  /// What `mrs` reads.
  ///
  /// Source: [ARMV7M] B5.2.2.
  private func specialRegister(_ number: UInt32) -> UInt32 {
    switch number {
    case 0...7:
      var value: UInt32 = 0
      if number & 1 != 0 { value |= exception }
      if number & 4 == 0 { value |= x.flags & (model.hasDSP ? .max : 0xf800_0000) }
      return value
    case 8: return isPrivileged ? stackPointers.main : 0
    case 9: return isPrivileged ? stackPointers.process : 0
    case 16: return isPrivileged && masksInterrupts ? 1 : 0
    case 17, 18: return isPrivileged ? basePriority : 0
    case 19: return isPrivileged && masksFaults ? 1 : 0
    case 20: return control
    default: return 0
    }
  }

  /// What `msr` writes.
  ///
  /// Source: [ARMV7M] B5.2.3.
  private mutating func writeSpecialRegister(_ number: UInt32, _ value: UInt32, _ mask: UInt8) {
    mustLook = true
    if number < 4 {
      if mask & 2 != 0 {
        x.setFlags(value)
        x[RegisterFile.q] = value >> 27 & 1
      }
      if mask & 1 != 0, model.hasDSP { x[RegisterFile.ge] = value >> 16 & 15 }
      return
    }
    guard isPrivileged else { return }
    let priority = value & UInt32(ExceptionState.priorityMask)
    switch number {
    case 8: if isProcessStackActive { otherStack = value & ~3 } else { x[13] = value & ~3 }
    case 9: if isProcessStackActive { x[13] = value & ~3 } else { otherStack = value & ~3 }
    case 16: masksInterrupts = value & 1 == 1
    case 17: basePriority = priority
    case 18:
      if priority != 0, basePriority == 0 || priority < basePriority { basePriority = priority }
    case 19: if value & 1 == 0 || executionPriority > -1 { masksFaults = value & 1 == 1 }
    case 20: writeControl(value)
    default: break
    }
  }

  private mutating func writeControl(_ value: UInt32) {
    if exception == 0 {
      let wanted = value & 2 != 0
      if wanted != usesProcessStack {
        let active = x[RegisterFile.sp]
        x[RegisterFile.sp] = otherStack
        otherStack = active
        usesProcessStack = wanted
      }
    }
    let unprivileged = value & 1 == 1
    if unprivileged != isThreadUnprivileged, protection.isOn { cache.forgetAll(memory) }
    isThreadUnprivileged = unprivileged
    if model.hasFloat { x[RegisterFile.floatActive] = value >> 2 & 1 }
  }

  // MARK: Floating point

  /// Whether the program may use the floating-point unit.
  var mayUseFloat: Bool {
    guard model.hasFloat else { return false }
    let access = system.coprocessorAccess >> 20 & 3
    return access == 3 || (access == 1 && isPrivileged)
  }

  /// Executes a floating-point instruction.
  mutating func float(_ i: ThumbInstruction) throws(Departure) {
    guard mayUseFloat else { throw .fault(.noCoprocessor) }
    if x[RegisterFile.floatActive] == 0, system.floatContext >> 31 == 1 {
      x[RegisterFile.floatActive] = 1
      // A context of its own starts with the default modes.
      x[RegisterFile.floatStatus] =
        x[RegisterFile.floatStatus] & ~0x07c0_0000 | system.floatDefault
    }
    switch i.operation {
    case .vload, .vstore: try floatAccess(i)
    case .vloadMultiple, .vstoreMultiple: try floatMultiple(i)
    default: FloatExecution.execute(i, x)
    }
  }

  private mutating func floatAccess(_ i: ThumbInstruction) throws(Departure) {
    let base = i.rn == 15 ? x[15] & ~3 : x[i.rn]
    let address = base &+ i.immediate
    if address & 3 != 0 { throw .fault(.unaligned) }
    for index in 0..<i.width {
      let register = RegisterFile.float &+ i.rd &+ index
      let place = address &+ 4 &* UInt32(index)
      if i.operation == .vload {
        let value = try read(place, 4)
        x[register] = value
      } else {
        try write(place, x[register], 4)
      }
    }
  }

  private mutating func floatMultiple(_ i: ThumbInstruction) throws(Departure) {
    let base = i.rn == 15 ? x[15] & ~3 : x[i.rn]
    let start = i.isIndexed ? base &- i.immediate : base
    if start & 3 != 0 { throw .fault(.unaligned) }
    for index in 0..<i.width {
      let register = RegisterFile.float &+ i.rd &+ index
      let place = start &+ 4 &* UInt32(index)
      if i.operation == .vloadMultiple {
        let value = try read(place, 4)
        x[register] = value
      } else {
        try write(place, x[register], 4)
      }
    }
    if i.writesBack { x[i.rn] = i.isIndexed ? start : base &+ i.immediate }
  }
}
