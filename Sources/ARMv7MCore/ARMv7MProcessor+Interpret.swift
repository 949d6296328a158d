import CoreSupport
import Synchronization
import WireTypes

// One instruction at a time, at the program counter: every instruction there is. The hot loop does
// the common ones faster and leaves all others to this. Source: [ARMV7M] A7.7.
extension ARMv7MProcessor {
  /// Executes the instruction at the program counter, or takes its fault.
  mutating func step() -> ARMv7MExit? {
    usedAnswers = 0
    hasNewState = false
    do throws(Departure) {
      guard isThumb else { throw .fault(.invalidState) }
      let instruction = try fetch()
      following = counter &+ UInt32(instruction.byteCount)
      let state = itState
      if state == 0 || x.holds(state >> 4) { try interpret(instruction) }
      finish(instruction, state)
      return nil
    } catch {
      switch error {
      case .fault(let cause):
        take(cause)
        return nil
      case .exit(.attention):
        // A handler was chained to the one that returned, or the core is locked up.
        stepCount &+= 1
        abandonAccess()
        return nil
      case .exit(.waitForInterrupt):
        counter = following
        stepCount &+= 1
        abandonAccess()
        return .waitForInterrupt
      case .exit(.systemReset):
        counter = following
        stepCount &+= 1
        abandonAccess()
        return .systemReset
      case .exit(let exit): return exit
      }
    }
  }

  private mutating func finish(_ instruction: ThumbInstruction, _ state: UInt8) {
    counter = following
    stepCount &+= 1
    if !answers.isEmpty { abandonAccess() }
    // An exception return has brought its own state.
    if state != 0, !hasNewState { itState = Self.advanced(state) }
  }

  /// ITSTATE behind an instruction.
  ///
  /// Source: [ARMV7M] A7.3.3.
  static func advanced(_ state: UInt8) -> UInt8 {
    state & 7 == 0 ? 0 : state & 0xe0 | state << 1 & 0x1f
  }

  /// The instruction at the program counter.
  private func fetch() throws(Departure) -> ThumbInstruction {
    let first = try fetchHalf(counter)
    guard ThumbInstruction.isWide(first) else {
      return ThumbInstruction(decoding: first, 0, inIT: itState != 0)
    }
    return ThumbInstruction(decoding: first, try fetchHalf(counter &+ 2), inIT: itState != 0)
  }

  private func fetchHalf(_ address: UInt32) throws(Departure) -> UInt16 {
    guard mayFetch(address) else {
      throw .fault(.protection(1 << 0, .fetch, address: nil))
    }
    guard let half = memory.fetchHalf(address) else {
      throw .fault(.bus(1 << 0, .fetch, address: nil))
    }
    return half
  }

  /// Whether the protection unit lets the program execute what lies at `address`.
  func mayFetch(_ address: UInt32) -> Bool {
    if address >> 29 == 7 { return false }
    return !protectionApplies || protection.permits(address, .fetch, isPrivileged: isPrivileged)
  }

  mutating func interpret(_ i: ThumbInstruction) throws(Departure) {
    let x = x
    x[RegisterFile.pc] = counter &+ 4
    if !model.hasDSP, i.needsDSP { throw .fault(.undefined) }
    switch i.operation {
    case .dataImmediate, .dataRegister, .shiftRegister:
      DataProcessing.execute(i, x)
      if i.rd == 15, !i.isComparison { following = x[15] & ~1 }
      x[RegisterFile.sp] &= ~3
    case .adr: x[i.rd] = (x[15] & ~3) &+ i.immediate
    case .sdiv, .udiv:
      if x[i.rm] == 0, system.trapsDivision { throw .fault(.divisionByZero) }
      x[i.rd] = DataProcessing.divide(x[i.rn], x[i.rm], isSigned: i.operation == .sdiv)
    case .load, .store, .loadDual, .storeDual, .loadMultiple, .storeMultiple, .tableBranch:
      try access(i)
    case .loadExclusive, .storeExclusive: try exclusive(i)
    case .clrex: reservation = nil
    case .branch:
      if x.holds(i.condition) { following = x[15] &+ i.immediate }
    case .branchLink:
      x[RegisterFile.lr] = following | 1
      following = x[15] &+ i.immediate
    case .bx: try branch(to: x[i.rm])
    case .blx:
      let target = x[i.rm]
      x[RegisterFile.lr] = following | 1
      branchWithState(target)
    case .cbz, .cbnz:
      if (x[i.rn] == 0) == (i.operation == .cbz) { following = x[15] &+ i.immediate }
    case .it: itState = UInt8(truncatingIfNeeded: i.immediate)
    case .nop: break
    case .undefined:
      throw .fault(i.width == 0 ? .noCoprocessor : .undefined)
    case .vfp, .vload, .vstore, .vloadMultiple, .vstoreMultiple: try float(i)
    case .svc, .bkpt, .wfi, .wfe, .sev, .dmb, .dsb, .isb, .cps, .mrs, .msr: try control(i)
    default:
      guard DataProcessing.executeOther(i, x) else { throw .fault(.undefined) }
    }
  }

  /// Jumps to what `bx`, a load or a pop gives: perhaps back from an exception.
  mutating func branch(to target: UInt32) throws(Departure) {
    if isExceptionReturn(target) { return try returnFromException(target) }
    branchWithState(target)
  }

  private mutating func branchWithState(_ target: UInt32) {
    following = target & ~1
    // The fault comes with the instruction there.
    isThumb = target & 1 == 1
    if !isThumb { mustLook = true }
  }

  // MARK: Memory

  private mutating func access(_ i: ThumbInstruction) throws(Departure) {
    switch i.operation {
    case .load: try load(i)
    case .store: try store(i)
    case .loadDual, .storeDual: try dual(i)
    case .loadMultiple: try loadMultiple(i)
    case .storeMultiple: try storeMultiple(i)
    default:
      let isByte = i.width == 1
      let index = isByte ? x[i.rm] : x[i.rm] << 1
      let entry = try read(x[i.rn] &+ index, UInt32(i.width))
      following = x[15] &+ entry << 1
    }
  }

  private func offset(_ i: ThumbInstruction) -> UInt32 {
    i.hasRegisterOffset ? x[i.rm] << UInt32(i.amount) : i.immediate
  }

  private mutating func load(_ i: ThumbInstruction) throws(Departure) {
    let base = i.rn == 15 ? x[15] & ~3 : x[i.rn]
    let end = base &+ offset(i)
    let address = i.isIndexed ? end : base
    if i.rd == 15, address & 3 != 0 { throw .fault(.unaligned) }
    let value = try read(address, UInt32(i.width), unprivileged: i.isUnprivileged)
    if i.writesBack { x[i.rn] = end }
    if i.rd == 15 { return try branch(to: value) }
    x[i.rd] = i.isSigned ? signExtended(value, UInt32(i.width) * 8) : value
    x[RegisterFile.sp] &= ~3
  }

  private mutating func store(_ i: ThumbInstruction) throws(Departure) {
    let base = x[i.rn]
    let end = base &+ offset(i)
    try write(
      i.isIndexed ? end : base, x[i.rd], UInt32(i.width), unprivileged: i.isUnprivileged)
    if i.writesBack { x[i.rn] = end }
  }

  private mutating func dual(_ i: ThumbInstruction) throws(Departure) {
    let base = i.rn == 15 ? x[15] & ~3 : x[i.rn]
    let end = base &+ i.immediate
    let address = i.isIndexed ? end : base
    if address & 3 != 0 { throw .fault(.unaligned) }
    if i.operation == .loadDual {
      let first = try read(address, 4)
      let second = try read(address &+ 4, 4)
      if i.writesBack { x[i.rn] = end }
      x[i.rd] = first
      x[i.ra] = second
    } else {
      try write(address, x[i.rd], 4)
      try write(address &+ 4, x[i.ra], 4)
      if i.writesBack { x[i.rn] = end }
    }
  }

  private mutating func loadMultiple(_ i: ThumbInstruction) throws(Departure) {
    let base = x[i.rn]
    let size = UInt32(i.immediate.nonzeroBitCount) * 4
    var address = i.isIndexed ? base &- size : base
    if address & 3 != 0 { throw .fault(.unaligned) }
    // All are read before any register changes, so that a fault leaves them as they were.
    var values: [UInt32] = []
    for number in 0..<16 as Range<UInt8> where i.immediate >> UInt32(number) & 1 == 1 {
      values.append(try read(address, 4))
      address = address &+ 4
    }
    var index = 0
    for number in 0..<15 as Range<UInt8> where i.immediate >> UInt32(number) & 1 == 1 {
      x[number] = values[index]
      index += 1
    }
    if i.writesBack { x[i.rn] = i.isIndexed ? base &- size : base &+ size }
    if i.immediate >> 15 & 1 == 1 { try branch(to: values[index]) }
  }

  private mutating func storeMultiple(_ i: ThumbInstruction) throws(Departure) {
    let base = x[i.rn]
    let size = UInt32(i.immediate.nonzeroBitCount) * 4
    var address = i.isIndexed ? base &- size : base
    if address & 3 != 0 { throw .fault(.unaligned) }
    for number in 0..<15 as Range<UInt8> where i.immediate >> UInt32(number) & 1 == 1 {
      try write(address, x[number], 4)
      address = address &+ 4
    }
    if i.writesBack { x[i.rn] = i.isIndexed ? base &- size : base &+ size }
  }

  // MARK: Exclusives

  /// ORDERING: sequentially consistent, as programs put barriers around them anyway.
  private mutating func exclusive(_ i: ThumbInstruction) throws(Departure) {
    let address = x[i.rn] &+ i.immediate
    let width = UInt32(i.width)
    if address & (width - 1) != 0 { throw .fault(.unaligned) }
    guard i.operation == .storeExclusive else {
      let value = try read(address, width)
      reservation = Reservation(address: address, width: width, value: value)
      x[i.rd] = value
      return
    }
    let held = reservation
    reservation = nil
    guard let held, held.address == address, held.width == width else {
      x[i.rd] = 1
      return
    }
    guard let window = memory.window(containing: address, for: [.read, .write]),
      !protectionApplies
    else {
      try write(address, x[i.ra], width)
      x[i.rd] = 0
      return
    }
    let stored = exchange(window, held, x[i.ra])
    if stored, window.isCode(address &- window.base) { forgetCode(address, width) }
    x[i.rd] = stored ? 0 : 1
  }

  /// Stores the low bytes of `value` if the bytes are what they were.
  private func exchange(_ window: MemoryWindow, _ held: Reservation, _ value: UInt32) -> Bool {
    let shift = 8 * (held.address & 3)
    let mask: UInt32 = held.width == 4 ? .max : (1 << (8 * held.width) - 1) << shift
    return window.withWord(held.address & ~3) { word in
      var old = UInt32(littleEndian: word.load(ordering: .sequentiallyConsistent))
      while old & mask == held.value << shift & mask {
        let desired = old & ~mask | value << shift & mask
        let (exchanged, found) = word.compareExchange(
          expected: old.littleEndian, desired: desired.littleEndian,
          ordering: .sequentiallyConsistent)
        if exchanged { return true }
        old = UInt32(littleEndian: found)
      }
      return false
    } ?? false
  }
}

extension ThumbInstruction {
  /// Whether a Cortex-M3 lacks it.
  var needsDSP: Bool {
    switch operation {
    case .sel, .parallel, .qadd, .qdadd, .qsub, .qdsub, .pkhbt, .pkhtb, .smlaxy, .smlaw, .smlad,
      .smlsd, .smmla, .smmls, .usada8, .smlalxy, .smlald, .smlsld, .umaal, .ssat16, .usat16,
      .sxtb16, .uxtb16:
      true
    case .sxtb, .sxth, .uxtb, .uxth: rn != 15
    default: false
    }
  }
}
