import CoreSupport
import Synchronization
import WireTypes

/// What became of an access that the owner was asked for.
enum AccessAnswer: Sendable {
  /// Done; of a load, what was read.
  case done(UInt32)
  case refused
}

/// An access that waits for the owner's answer.
struct PendingAccess: Sendable {
  let isStore: Bool
}

/// Why an instruction was not finished.
enum Departure: Error {
  /// Somebody outside is needed; the instruction is tried again afterwards.
  case exit(ARMv7MExit)
  /// It faulted.
  case fault(FaultCause)
}

/// Why an instruction faulted, with the bits of the fault status registers.
enum FaultCause {
  /// A memory access that the protection unit refuses; the bit of MMFSR.
  case protection(UInt32, AccessKind, address: UInt32?)
  /// A memory access that nothing answers; the bit of BFSR.
  case bus(UInt32, AccessKind, address: UInt32?)
  /// The bit of UFSR.
  case usage(UInt32)
  /// `bkpt` without a debugger.
  case breakpoint
}

extension FaultCause {
  static let undefined = FaultCause.usage(1 << 0)
  static let invalidState = FaultCause.usage(1 << 1)
  static let invalidReturn = FaultCause.usage(1 << 2)
  static let noCoprocessor = FaultCause.usage(1 << 3)
  static let unaligned = FaultCause.usage(1 << 8)
  static let divisionByZero = FaultCause.usage(1 << 9)
}

// Loads and stores of one instruction at a time. Source: [ARMV7M] B2.
extension ARMv7MProcessor {
  /// Loads `width` bytes, zero-extended.
  mutating func read(
    _ address: UInt32, _ width: UInt32, unprivileged: Bool = false
  ) throws(Departure) -> UInt32 {
    guard address & (width - 1) == 0 else {
      return try readUnaligned(address, width, unprivileged)
    }
    if address >> 20 == 0xe00 { return try readPrivate(address, width, unprivileged) }
    try check(address, .read, unprivileged)
    if let value = memory.load(address, byteCount: width) {
      preferWindow(of: address)
      return value
    }
    if let target = BitBandTarget(address) {
      return try read(target.byte, 1, unprivileged: unprivileged) >> target.bit & 1
    }
    return try askForLoad(address, width)
  }

  /// Stores the low `width` bytes of `value`.
  mutating func write(
    _ address: UInt32, _ value: UInt32, _ width: UInt32, unprivileged: Bool = false
  ) throws(Departure) {
    guard address & (width - 1) == 0 else {
      return try writeUnaligned(address, value, width, unprivileged)
    }
    if address >> 20 == 0xe00 { return try writePrivate(address, value, width, unprivileged) }
    try check(address, .write, unprivileged)
    switch memory.store(value, at: address, byteCount: width) {
    case .done: preferWindow(of: address)
    case .doneNearCode: forgetCode(address, width)
    case .missed:
      if let target = BitBandTarget(address) { return try writeBit(target, value, unprivileged) }
      try askForStore(address, value, width)
    }
  }

  private mutating func readUnaligned(
    _ address: UInt32, _ width: UInt32, _ unprivileged: Bool
  ) throws(Departure) -> UInt32 {
    try checkUnaligned(address, .read)
    var value: UInt32 = 0
    for index in 0..<width {
      value |= try read(address &+ index, 1, unprivileged: unprivileged) << (8 * index)
    }
    return value
  }

  private mutating func writeUnaligned(
    _ address: UInt32, _ value: UInt32, _ width: UInt32, _ unprivileged: Bool
  ) throws(Departure) {
    try checkUnaligned(address, .write)
    for index in 0..<width {
      try write(address &+ index, value >> (8 * index), 1, unprivileged: unprivileged)
    }
  }

  private func checkUnaligned(_ address: UInt32, _ kind: AccessKind) throws(Departure) {
    if system.trapsUnaligned { throw .fault(.unaligned) }
    // Devices take aligned accesses only, wherever they are.
    guard memory.window(containing: address) != nil else {
      throw .fault(.bus(1 << 1, kind, address: address))
    }
  }

  /// Refuses what the protection unit does not permit.
  private func check(
    _ address: UInt32, _ kind: AccessKind, _ unprivileged: Bool
  ) throws(Departure) {
    guard protectionApplies else { return }
    let isPrivileged = isPrivileged && !unprivileged
    guard protection.permits(address, kind, isPrivileged: isPrivileged) else {
      throw .fault(.protection(1 << 1, kind, address: address))
    }
  }

  /// Whether accesses are checked by the protection unit now.
  var protectionApplies: Bool {
    guard protection.isOn else { return false }
    return protection.coversFaultHandlers || executionPriority >= 0
  }

  private mutating func writeBit(
    _ target: BitBandTarget, _ value: UInt32, _ unprivileged: Bool
  ) throws(Departure) {
    let mask = 1 << target.bit as UInt32
    if let word = memory.window(containing: target.byte, for: [.read, .write]) {
      try check(target.byte, .write, unprivileged)
      // Atomic against the host.
      let aligned = target.byte & ~3
      let wide = mask << (8 * (target.byte & 3))
      _ = word.withWord(aligned) {
        value & 1 == 1
          ? $0.bitwiseOr(wide.littleEndian, ordering: .sequentiallyConsistent).newValue
          : $0.bitwiseAnd((~wide).littleEndian, ordering: .sequentiallyConsistent).newValue
      }
      if word.isCode(target.byte &- word.base) { forgetCode(target.byte, 1) }
      return
    }
    let old = try read(target.byte & ~3, 4, unprivileged: unprivileged)
    let wide = mask << (8 * (target.byte & 3))
    try write(
      target.byte & ~3, value & 1 == 1 ? old | wide : old & ~wide, 4, unprivileged: unprivileged)
  }

  // MARK: Accesses that the owner answers

  private mutating func nextAnswer(
    _ address: UInt32, _ kind: AccessKind
  ) throws(Departure) -> UInt32? {
    guard usedAnswers < answers.count else { return nil }
    usedAnswers += 1
    guard case .done(let value) = answers[usedAnswers - 1] else {
      throw .fault(.bus(1 << 1, kind, address: address))
    }
    return value
  }

  mutating func askForLoad(_ address: UInt32, _ width: UInt32) throws(Departure) -> UInt32 {
    if let value = try nextAnswer(address, .read) {
      return width == 4 ? value : value & (1 << (8 * width) - 1)
    }
    pendingAccess = PendingAccess(isStore: false)
    let place = DeviceAddress(rawValue: UInt64(address))
    throw .exit(.load(address: place, width: ARMv7MAccessWidth(rawValue: width) ?? .word))
  }

  mutating func askForStore(
    _ address: UInt32, _ value: UInt32, _ width: UInt32
  ) throws(Departure) {
    if try nextAnswer(address, .write) != nil { return }
    pendingAccess = PendingAccess(isStore: true)
    let place = DeviceAddress(rawValue: UInt64(address))
    throw .exit(
      .store(
        address: place, width: ARMv7MAccessWidth(rawValue: width) ?? .word,
        value: width == 4 ? value : value & (1 << (8 * width) - 1)))
  }

  /// Answers ``ARMv7MExit/load(address:width:)``; the next run finishes the instruction.
  ///
  /// - Parameter value: What was read; bits above the width are dropped.
  /// - Precondition: the last run ended with such an exit, and this is its first answer.
  public mutating func completeLoad(_ value: UInt32) {
    guard let access = pendingAccess, !access.isStore else {
      preconditionFailure("no load waits for an answer")
    }
    pendingAccess = nil
    answers.append(.done(value))
  }

  /// Answers ``ARMv7MExit/store(address:width:value:)``: the store is done.
  ///
  /// - Precondition: the last run ended with such an exit, and this is its first answer.
  public mutating func completeStore() {
    guard let access = pendingAccess, access.isStore else {
      preconditionFailure("no store waits for an answer")
    }
    pendingAccess = nil
    answers.append(.done(0))
  }

  /// Answers either: nothing is there.
  ///
  /// The program gets a precise bus fault.
  ///
  /// - Precondition: the last run ended with such an exit, and this is its first answer.
  public mutating func refuseAccess() {
    precondition(pendingAccess != nil, "no access waits for an answer")
    pendingAccess = nil
    answers.append(.refused)
  }

  /// Forgets what was translated from bytes that the program has just written.
  mutating func forgetCode(_ address: UInt32, _ byteCount: UInt32) {
    // The block that runs may be among it.
    if cache.forget(address, byteCount: byteCount, memory) { mustLook = true }
  }
}

/// The bit that a word of a bit-band alias stands for.
///
/// Source: [ARMV7M] B3.1.1 and the cores' manuals.
struct BitBandTarget {
  let byte: UInt32
  let bit: UInt32

  /// `nil` for an address in no alias.
  init?(_ address: UInt32) {
    let region = address >> 25
    guard region == 0x22 >> 1 || region == 0x42 >> 1 else { return nil }
    let offset = address & 0x01ff_ffff
    byte = address & 0xe000_0000 | offset >> 5
    bit = offset >> 2 & 7
  }
}
