import CoreSupport

// The private peripheral bus: interrupt controller, system control block, protection unit.
// Source: [ARMV7M] B3.2 to B3.5.
extension ARMv7MProcessor {
  mutating func readPrivate(
    _ address: UInt32, _ width: UInt32, _ unprivileged: Bool
  ) throws(Departure) -> UInt32 {
    guard isPrivileged, !unprivileged else {
      throw .fault(.bus(1 << 1, .read, address: address))
    }
    if address &- ARMv7MSysTick.base < ARMv7MSysTick.byteCount {
      return try askForLoad(address, width)
    }
    let word = readSystem(address & ~3) ?? 0
    let value = word >> (8 * (address & 3))
    return width == 4 ? value : value & (1 << (8 * width) - 1)
  }

  mutating func writePrivate(
    _ address: UInt32, _ value: UInt32, _ width: UInt32, _ unprivileged: Bool
  ) throws(Departure) {
    let isTrigger = address == 0xe000_ef00 && system.allowsUserPend
    guard isTrigger || (isPrivileged && !unprivileged) else {
      throw .fault(.bus(1 << 1, .write, address: address))
    }
    if address &- ARMv7MSysTick.base < ARMv7MSysTick.byteCount {
      return try askForStore(address, value, width)
    }
    let shift = 8 * (address & 3)
    let mask: UInt32 = width == 4 ? .max : (1 << (8 * width) - 1) << shift
    if try writeSystem(address & ~3, value << shift & mask, mask) { mustLook = true }
  }

  /// The word at `address`; `nil` where there is no register.
  func readSystem(_ address: UInt32) -> UInt32? {
    switch address {
    case 0xe000_1000: return system.traceControl
    case 0xe000_1004: return UInt32(truncatingIfNeeded: stepCount) &+ system.cycleOffset
    case 0xe000_e004: return UInt32(ARMv7MInterruptLines.count / 32 - 1)
    case 0xe000_e100...0xe000_e13f, 0xe000_e180...0xe000_e1bf:
      return word(exceptions.enabledLines, address)
    case 0xe000_e200...0xe000_e23f, 0xe000_e280...0xe000_e2bf:
      return word(exceptions.pendingLines | sampledLines, address)
    case 0xe000_e300...0xe000_e33f: return word(exceptions.activeLines, address)
    case 0xe000_e400...0xe000_e43f: return priorityWord(16 + (address & 0x3f))
    case 0xe000_ed18...0xe000_ed23: return priorityWord(address &- 0xe000_ed14)
    case 0xe000_ed90...0xe000_edb8: return readProtection(address)
    default: return readControl(address)
    }
  }

  /// Lines that the next look will make pending.
  private var sampledLines: UInt64 {
    lines.rises | lines.levels & ~exceptions.activeLines
  }

  private func word(_ bits: UInt64, _ address: UInt32) -> UInt32 {
    let index = address >> 2 & 15
    return index < 2 ? UInt32(truncatingIfNeeded: bits >> (32 * UInt64(index))) : 0
  }

  private func priorityWord(_ first: UInt32) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 as Range<UInt32> where first + index < 80 {
      value |= UInt32(exceptions.priorities[Int(first + index)]) << (8 * index)
    }
    return value
  }

  private func readControl(_ address: UInt32) -> UInt32? {
    switch address {
    case 0xe000_ed00: return model.identification
    case 0xe000_ed04: return interruptControl
    case 0xe000_ed08: return system.vectorTable
    case 0xe000_ed0c: return 0xfa05_0000 | exceptions.group << 8
    case 0xe000_ed10: return system.sleepControl
    case 0xe000_ed14: return system.configuration
    case 0xe000_ed24: return handlerControl
    case 0xe000_ed28: return system.configurableStatus
    case 0xe000_ed2c: return system.hardStatus
    case 0xe000_ed34: return system.memManageAddress
    case 0xe000_ed38: return system.busAddress
    case 0xe000_ed3c: return system.auxiliaryStatus
    case 0xe000_ed88: return model.hasFloat ? system.coprocessorAccess : 0
    case 0xe000_edfc: return system.debugControl
    case 0xe000_ef34 where model.hasFloat: return system.floatContext
    case 0xe000_ef38 where model.hasFloat: return system.floatContextAddress
    case 0xe000_ef3c where model.hasFloat: return system.floatDefault
    case 0xe000_ef40 where model.hasFloat: return 0x1011_0021
    case 0xe000_ef44 where model.hasFloat: return 0x1100_0011
    case 0xe000_ed40...0xe000_ed7f: return identification(address)
    default: return nil
    }
  }

  /// ID_PFR0 and its kin.
  private func identification(_ address: UInt32) -> UInt32 {
    switch address {
    case 0xe000_ed40: 0x0000_0030
    case 0xe000_ed44: 0x0000_0200
    case 0xe000_ed48: 0x0010_0000
    case 0xe000_ed50: 0x0010_0030
    case 0xe000_ed58: 0x0100_0000
    case 0xe000_ed60: model.hasDSP ? 0x0114_1110 : 0x0110_1110
    case 0xe000_ed64: model.hasDSP ? 0x0211_2000 : 0x0211_1000
    case 0xe000_ed68: model.hasDSP ? 0x2123_2231 : 0x2111_2231
    case 0xe000_ed6c: 0x0111_1110 | (model.hasDSP ? 0x0000_0021 : 0)
    case 0xe000_ed70: 0x0131_0132
    default: 0
    }
  }

  /// ICSR.
  private var interruptControl: UInt32 {
    var merged = exceptions
    merged.pendingLines |= sampledLines
    var value = exception
    if merged.activeCount <= 1 { value |= 1 << 11 }
    if let best = merged.mostUrgent { value |= best.number << 12 }
    if merged.pendingLines != 0 { value |= 1 << 22 }
    let pending = merged.pendingSystem
    value |= (pending >> 15 & 1) << 26 | (pending >> 14 & 1) << 28 | (pending >> 2 & 1) << 31
    return value
  }

  /// SHCSR.
  private var handlerControl: UInt32 {
    let (active, pending) = (exceptions.activeSystem, exceptions.pendingSystem)
    var value = exceptions.enabledFaults
    let places: [(UInt32, UInt32)] = [(4, 0), (5, 1), (6, 3), (11, 7), (12, 8), (14, 10), (15, 11)]
    for (number, bit) in places { value |= (active >> number & 1) << bit }
    for (number, bit) in [(6, 12), (4, 13), (5, 14), (11, 15)] as [(UInt32, UInt32)] {
      value |= (pending >> number & 1) << bit
    }
    return value
  }

  private func readProtection(_ address: UInt32) -> UInt32 {
    let number = Int(protection.selected)
    switch address {
    case 0xe000_ed90: return UInt32(MemoryProtection.regionCount) << 8
    case 0xe000_ed94: return protection.control
    case 0xe000_ed98: return protection.selected
    default:
      let isBase = address >> 2 & 1 == 1
      return isBase ? protection.bases[number] | protection.selected : protection.attributes[number]
    }
  }
}

// Writes.
extension ARMv7MProcessor {
  /// Writes the bits of `mask` in the word at `address`; whether anything may be affected.
  private mutating func writeSystem(
    _ address: UInt32, _ value: UInt32, _ mask: UInt32
  ) throws(Departure) -> Bool {
    let shift = 32 * UInt64(address >> 2 & 15)
    let bits = shift < 64 ? UInt64(value) << shift : 0
    switch address {
    case 0xe000_1000: system.traceControl = value & 1
    case 0xe000_1004: system.cycleOffset = value &- UInt32(truncatingIfNeeded: stepCount)
    case 0xe000_e100...0xe000_e13f: exceptions.enabledLines |= bits
    case 0xe000_e180...0xe000_e1bf: exceptions.enabledLines &= ~bits
    case 0xe000_e200...0xe000_e23f: exceptions.pendingLines |= bits
    case 0xe000_e280...0xe000_e2bf:
      exceptions.pendingLines |= lines.takeRises()
      exceptions.pendingLines &= ~bits
    case 0xe000_e400...0xe000_e43f: writePriorities(16 + (address & 0x3f), value, mask)
    case 0xe000_ed18...0xe000_ed23: writePriorities(address &- 0xe000_ed14, value, mask)
    case 0xe000_ed90...0xe000_edb8: writeProtection(address, value)
    case 0xe000_ef00: exceptions.pend(16 + (value & 0x1ff) % UInt32(ARMv7MInterruptLines.count))
    default: try writeControl(address, value, mask)
    }
    return true
  }

  private mutating func writePriorities(_ first: UInt32, _ value: UInt32, _ mask: UInt32) {
    for index in 0..<4 as Range<UInt32> where mask >> (8 * index) & 0xff != 0 && first + index < 80
    {
      let byte = UInt8(truncatingIfNeeded: value >> (8 * index)) & ExceptionState.priorityMask
      exceptions.priorities[Int(first + index)] = byte
    }
  }

  private mutating func writeControl(
    _ address: UInt32, _ value: UInt32, _ mask: UInt32
  ) throws(Departure) {
    switch address {
    case 0xe000_ed04: writeInterruptControl(value)
    case 0xe000_ed08: system.vectorTable = value & 0xffff_ff80
    case 0xe000_ed0c: try writeReset(value)
    case 0xe000_ed10: system.sleepControl = value & 0x16
    case 0xe000_ed14: system.configuration = value & 0x31b
    case 0xe000_ed24: writeHandlerControl(value)
    case 0xe000_ed28: system.configurableStatus &= ~value
    case 0xe000_ed2c: system.hardStatus &= ~value
    case 0xe000_ed34: system.memManageAddress = value
    case 0xe000_ed38: system.busAddress = value
    case 0xe000_ed3c: system.auxiliaryStatus &= ~value
    case 0xe000_ed88 where model.hasFloat:
      system.coprocessorAccess = value & 0x00f0_0000
      cache.forgetAll(memory)
    case 0xe000_edfc: system.debugControl = value & 0x0101_07f1
    case 0xe000_ef34 where model.hasFloat: system.floatContext = value & 0xc000_0000
    case 0xe000_ef38 where model.hasFloat: system.floatContextAddress = value & ~7
    case 0xe000_ef3c where model.hasFloat: system.floatDefault = value & 0x07c0_0000
    default: break
    }
  }

  private mutating func writeReset(_ value: UInt32) throws(Departure) {
    guard value >> 16 == 0x05fa else { return }
    exceptions.group = value >> 8 & 7
    if value & 4 != 0 { throw .exit(.systemReset) }
  }

  private mutating func writeInterruptControl(_ value: UInt32) {
    if value >> 31 & 1 == 1 { exceptions.pend(ExceptionState.nmi) }
    if value >> 28 & 1 == 1 { exceptions.pend(ExceptionState.pendSV) }
    if value >> 27 & 1 == 1 { exceptions.pendingSystem &= ~(1 << ExceptionState.pendSV) }
    if value >> 26 & 1 == 1 { exceptions.pend(ExceptionState.sysTick) }
    if value >> 25 & 1 == 1 {
      _ = lines.takeTick()
      exceptions.pendingSystem &= ~(1 << ExceptionState.sysTick)
    }
  }

  private mutating func writeHandlerControl(_ value: UInt32) {
    exceptions.enabledFaults = value & 0x7_0000
    var (active, pending) = (exceptions.activeSystem, exceptions.pendingSystem)
    let places: [(UInt32, UInt32)] = [(4, 0), (5, 1), (6, 3), (11, 7), (12, 8), (14, 10), (15, 11)]
    for (number, bit) in places { active = active & ~(1 << number) | (value >> bit & 1) << number }
    for (number, bit) in [(6, 12), (4, 13), (5, 14), (11, 15)] as [(UInt32, UInt32)] {
      pending = pending & ~(1 << number) | (value >> bit & 1) << number
    }
    (exceptions.activeSystem, exceptions.pendingSystem) = (active, pending)
  }

  private mutating func writeProtection(_ address: UInt32, _ value: UInt32) {
    switch address {
    case 0xe000_ed90: return
    case 0xe000_ed94: protection.control = value & 7
    case 0xe000_ed98: protection.selected = value & 7
    default:
      if address >> 2 & 1 == 1 {
        if value & 1 << 4 != 0 { protection.selected = value & 7 }
        protection.bases[Int(protection.selected)] = value & ~31
      } else {
        protection.attributes[Int(protection.selected)] = value & 0x173f_ff3f
      }
    }
    // What may be fetched has changed.
    cache.forgetAll(memory)
  }
}
