/// Finds the fastest record for one instruction.
struct Specializer {
  private let placed: Translation.Placed
  private let i: ThumbInstruction
  private let context: TranslationContext

  init(_ placed: Translation.Placed, _ context: TranslationContext) {
    self.placed = placed
    i = placed.instruction
    self.context = context
  }

  private func make(
    _ operation: HotOperation, rd: UInt8 = RegisterFile.sink, _ rs1: UInt8 = RegisterFile.zero,
    _ rs2: UInt8 = RegisterFile.zero, _ immediate: UInt32 = 0
  ) -> Record {
    Record(
      operation: operation, rd: rd, rs1: rs1, rs2: rs2, immediate: immediate, pc: placed.pc)
  }

  private var general: Record { make(.general) }

  /// The record; ``HotOperation/general`` when there is none that is faster.
  func record() -> Record {
    if i.needsDSP, !context.hasDSP { return general }
    switch i.operation {
    case .dataImmediate: return dataImmediate()
    case .dataRegister: return dataRegister()
    case .shiftRegister: return shiftRegister()
    case .adr: return make(.movI, rd: i.rd, 0, 0, ((placed.pc &+ 4) & ~3) &+ i.immediate)
    case .load, .store: return single()
    case .loadDual, .storeDual: return dual()
    case .loadMultiple, .storeMultiple: return multiple()
    case .branch, .branchLink, .bx, .blx, .cbz, .cbnz, .tableBranch: return branch()
    case .nop, .it: return make(.nop)
    case .dmb, .dsb: return make(.fence)
    case .vfp, .vload, .vstore: return float()
    default: return other()
    }
  }

  private var usesPC: Bool { i.rd == 15 || i.rn == 15 || i.rm == 15 }

  // MARK: Data processing

  private func dataImmediate() -> Record {
    let live = i.setsFlags ? placed.live : 0
    let rd = i.isComparison ? RegisterFile.sink : i.rd
    let hasSource = i.alu != .mov && i.alu != .mvn
    guard rd != 15, rd != 13 || i.rn == 13 && i.immediate & 3 == 0, !(hasSource && i.rn == 15)
    else {
      return general
    }
    if i.carry < 2, live & 2 != 0, i.alu.isLogical { return make(.helper) }
    if live == 0 { return plainImmediate(rd) }
    let value = i.immediate
    if i.isComparison, live == 4 {
      // Only whether it is 0 is asked: the result itself is the flag.
      return plainImmediate(RegisterFile.z)
    }
    switch i.alu {
    case .add:
      return make(live & 3 == 0 ? .addNZI : .addsI, rd: rd, i.rn, 0, value)
    case .sub:
      if live & 3 == 0, !i.isComparison { return make(.addNZI, rd: rd, i.rn, 0, 0 &- value) }
      return make(i.isComparison ? .cmpI : .subsI, rd: rd, i.rn, 0, value)
    case .rsb: return make(.rsbsI, rd: rd, i.rn, 0, value)
    case .mov: return make(.movsI, rd: rd, 0, 0, value)
    case .mvn: return make(.movsI, rd: rd, 0, 0, ~value)
    case .and: return make(.andsI, rd: rd, i.rn, 0, value)
    case .bic: return make(.andsI, rd: rd, i.rn, 0, ~value)
    case .orr: return make(.orrsI, rd: rd, i.rn, 0, value)
    case .orn: return make(.orrsI, rd: rd, i.rn, 0, ~value)
    case .eor: return make(.eorsI, rd: rd, i.rn, 0, value)
    case .adc, .sbc: return make(.helper)
    }
  }

  private func plainImmediate(_ rd: UInt8) -> Record {
    let value = i.immediate
    return switch i.alu {
    case .add: make(.addI, rd: rd, i.rn, 0, value)
    case .sub: make(.addI, rd: rd, i.rn, 0, 0 &- value)
    case .rsb: make(.rsbI, rd: rd, i.rn, 0, value)
    case .mov: make(.movI, rd: rd, 0, 0, value)
    case .mvn: make(.movI, rd: rd, 0, 0, ~value)
    case .and: make(.andI, rd: rd, i.rn, 0, value)
    case .bic: make(.andI, rd: rd, i.rn, 0, ~value)
    case .orr: make(.orrI, rd: rd, i.rn, 0, value)
    case .orn: make(.orrI, rd: rd, i.rn, 0, ~value)
    case .eor: make(.eorI, rd: rd, i.rn, 0, value)
    case .adc: make(.adcI, rd: rd, i.rn, 0, value)
    case .sbc: make(.adcI, rd: rd, i.rn, 0, ~value)
    }
  }

  private func dataRegister() -> Record {
    let hasSource = i.alu != .mov && i.alu != .mvn
    let rd = i.isComparison ? RegisterFile.sink : i.rd
    if i.rm == 15, i.alu == .mov, rd < 13, i.amount == 0 {
      return make(.movI, rd: rd, 0, 0, placed.pc &+ 4)
    }
    // The stack pointer loses its low bits, so the interpreter writes it.
    guard rd != 15, rd != 13, i.rm != 15, !(hasSource && i.rn == 15) else { return general }
    let live = i.setsFlags ? placed.live : 0
    if i.amount == 0, i.shift == .ror { return make(.helper) }
    let isPlain = i.amount == 0
    if live == 0 { return plainRegister(rd) }
    if i.isComparison, live == 4 { return plainRegister(RegisterFile.z) }
    guard isPlain else { return shiftWithFlags(rd, live) }
    switch i.alu {
    case .add: return make(live & 3 == 0 ? .addNZR : .addsR, rd: rd, i.rn, i.rm)
    case .sub:
      if live & 3 == 0, !i.isComparison { return make(.subNZR, rd: rd, i.rn, i.rm) }
      return make(i.isComparison ? .cmpR : .subsR, rd: rd, i.rn, i.rm)
    case .and: return make(.andsR, rd: rd, i.rn, i.rm)
    case .bic: return make(.bicsR, rd: rd, i.rn, i.rm)
    case .orr: return make(.orrsR, rd: rd, i.rn, i.rm)
    case .eor: return make(.eorsR, rd: rd, i.rn, i.rm)
    case .mov: return make(.movsR, rd: rd, i.rm)
    case .mvn: return make(.mvnsR, rd: rd, i.rm)
    case .orn, .rsb, .adc, .sbc: return make(.helper)
    }
  }

  private func shiftWithFlags(_ rd: UInt8, _ live: UInt8) -> Record {
    guard i.alu == .mov, i.amount < 32 else { return make(.helper) }
    let hasCarry = live & 2 != 0
    let amount = UInt32(i.amount)
    switch i.shift {
    case .lsl: return make(hasCarry ? .lslsI : .lslNZI, rd: rd, i.rm, 0, amount)
    case .lsr: return make(hasCarry ? .lsrsI : .lsrNZI, rd: rd, i.rm, 0, amount)
    case .asr: return make(hasCarry ? .asrsI : .asrNZI, rd: rd, i.rm, 0, amount)
    case .ror: return make(.helper)
    }
  }

  private func plainRegister(_ rd: UInt8) -> Record {
    let amount = UInt32(i.amount)
    if i.alu == .mov, amount == 0 { return make(.movR, rd: rd, i.rm) }
    if i.alu == .mov, amount < 32 {
      let operation: HotOperation =
        switch i.shift {
        case .lsl: .lslI
        case .lsr: .lsrI
        case .asr: .asrI
        case .ror: .rorI
        }
      return make(operation, rd: rd, i.rm, 0, amount)
    }
    guard let operation = amount == 0 ? i.alu.plain : i.alu.shifted(i.shift), amount < 32 else {
      return make(.helper)
    }
    if operation == .mvnR { return make(.mvnR, rd: rd, i.rm) }
    return make(operation, rd: rd, i.rn, i.rm, amount)
  }

  private func shiftRegister() -> Record {
    guard !usesPC, i.rd != 13 else { return general }
    if i.setsFlags, placed.live != 0 { return make(.helper) }
    switch i.shift {
    case .lsl: return make(.lslR, rd: i.rd, i.rn, i.rm)
    case .lsr: return make(.lsrR, rd: i.rd, i.rn, i.rm)
    case .asr: return make(.asrR, rd: i.rd, i.rn, i.rm)
    case .ror: return make(.helper)
    }
  }

  private func other() -> Record {
    let low = i.immediate & 0xff
    let width = i.immediate >> 8
    guard i.rd != 15, i.rd != 13 else { return general }
    switch i.operation {
    case .mul:
      let setsFlags = i.setsFlags && placed.live & 12 != 0
      return make(setsFlags ? .muls : .mul, rd: i.rd, i.rn, i.rm)
    case .mla: return make(.mla, rd: i.rd, i.rn, i.rm, UInt32(i.ra))
    case .mls: return make(.mls, rd: i.rd, i.rn, i.rm, UInt32(i.ra))
    case .umull: return make(.umull, rd: i.rd, i.rn, i.rm, UInt32(i.ra))
    case .smull: return make(.smull, rd: i.rd, i.rn, i.rm, UInt32(i.ra))
    case .umlal: return make(.umlal, rd: i.rd, i.rn, i.rm, UInt32(i.ra))
    case .udiv: return make(.udiv, rd: i.rd, i.rn, i.rm)
    case .sdiv: return make(.sdiv, rd: i.rd, i.rn, i.rm)
    case .ubfx, .sbfx:
      let operation: HotOperation = i.operation == .ubfx ? .ubfx : .sbfx
      return make(operation, rd: i.rd, i.rn, 0, (32 - width) | (32 - low - width) << 8)
    case .bfi:
      let mask: UInt32 = width >= 32 ? .max : (1 << width - 1) << low
      return make(
        .bfi, rd: i.rd, i.rn == 15 ? RegisterFile.zero : i.rn, UInt8(low), mask)
    case .uxtb where i.rn == 15 && low == 0: return make(.uxtb, rd: i.rd, i.rm)
    case .uxth where i.rn == 15 && low == 0: return make(.uxth, rd: i.rd, i.rm)
    case .sxtb where i.rn == 15 && low == 0: return make(.sxtb, rd: i.rd, i.rm)
    case .sxth where i.rn == 15 && low == 0: return make(.sxth, rd: i.rd, i.rm)
    case .clz: return make(.clz, rd: i.rd, i.rm)
    case .rev: return make(.rev, rd: i.rd, i.rm)
    case .movt: return make(.movt, rd: i.rd, 0, 0, i.immediate << 16)
    case .smlal, .umaal, .ssat, .usat, .ssat16, .usat16, .sxtb, .sxth, .uxtb, .uxth, .sxtb16,
      .uxtb16, .rbit, .rev16, .revsh, .sel, .parallel, .qadd, .qdadd, .qsub, .qdsub, .pkhbt,
      .pkhtb, .smlaxy, .smlaw, .smlad, .smlsd, .smmla, .smmls, .usada8, .smlalxy, .smlald,
      .smlsld:
      return make(.helper)
    default: return general
    }
  }

  // MARK: Memory

  private func single() -> Record {
    guard i.rd != 15, i.rd != 13 || i.operation == .store, !i.isUnprivileged else {
      return general
    }
    let isLoad = i.operation == .load
    var base = i.rn
    var offset = i.immediate
    if base == 15 {
      guard isLoad, !i.hasRegisterOffset else { return general }
      base = RegisterFile.zero
      offset = ((placed.pc &+ 4) & ~3) &+ offset
    }
    if i.hasRegisterOffset {
      guard i.rm != 15 else { return general }
      return make(
        Self.access(isLoad, i.width, i.isSigned).register, rd: i.rd, base, i.rm, UInt32(i.amount))
    }
    guard i.writesBack else {
      return make(Self.access(isLoad, i.width, i.isSigned).offset, rd: i.rd, base, 0, offset)
    }
    guard !i.isSigned, base != 13 || offset & 3 == 0 else { return general }
    let back = Self.writeBack(isLoad, i.width)
    return make(i.isIndexed ? back.pre : back.post, rd: i.rd, base, 0, offset)
  }

  private static func access(
    _ isLoad: Bool, _ width: UInt8, _ isSigned: Bool
  ) -> (offset: HotOperation, register: HotOperation) {
    switch (isLoad, width, isSigned) {
    case (true, 1, false): (.ldrbI, .ldrbR)
    case (true, 1, true): (.ldrsbI, .ldrsbR)
    case (true, 2, false): (.ldrhI, .ldrhR)
    case (true, 2, true): (.ldrshI, .ldrshR)
    case (true, _, _): (.ldrI, .ldrR)
    case (false, 1, _): (.strbI, .strbR)
    case (false, 2, _): (.strhI, .strhR)
    case (false, _, _): (.strI, .strR)
    }
  }

  private static func writeBack(
    _ isLoad: Bool, _ width: UInt8
  ) -> (pre: HotOperation, post: HotOperation) {
    switch (isLoad, width) {
    case (true, 1): (.ldrbPre, .ldrbPost)
    case (true, 2): (.ldrhPre, .ldrhPost)
    case (true, _): (.ldrPre, .ldrPost)
    case (false, 1): (.strbPre, .strbPost)
    case (false, 2): (.strhPre, .strhPost)
    case (false, _): (.strPre, .strPost)
    }
  }

  private func dual() -> Record {
    guard i.rn != 15, i.rd < 13, i.ra < 13 || i.ra == 14, i.isIndexed, !i.writesBack else {
      return general
    }
    return make(i.operation == .loadDual ? .ldrd : .strd, rd: i.rd, i.rn, i.ra, i.immediate)
  }

  private func multiple() -> Record {
    let list = i.immediate
    let isReturn = i.operation == .loadMultiple && list >> 15 & 1 == 1
    // A base that is loaded or stored as well has rules of its own.
    guard i.rn != 15, list >> 13 & 1 == 0, list >> UInt32(i.rn) & 1 == 0 || !i.writesBack else {
      return general
    }
    let flags: UInt8 = (i.writesBack ? 1 : 0) | (i.isIndexed ? 2 : 0)
    let size = UInt8(list.nonzeroBitCount * 4)
    if isReturn { return make(.popReturn, rd: flags, i.rn, size, list & 0x7fff) }
    return make(i.operation == .loadMultiple ? .ldm : .stm, rd: flags, i.rn, size, list)
  }

  // MARK: Branches

  private func branch() -> Record {
    let target = placed.pc &+ 4 &+ i.immediate
    switch i.operation {
    case .branch:
      let condition = HotCondition(rawValue: i.condition)
      return make(condition?.branch ?? .b, 0, 0, target)
    case .branchLink: return make(.bl, 0, 0, target)
    case .cbz: return make(.cbz, i.rn, 0, target)
    case .cbnz: return make(.cbnz, i.rn, 0, target)
    case .bx: return i.rm == 15 ? general : make(.bx, i.rm)
    case .blx: return i.rm == 15 ? general : make(.blx, i.rm)
    default:
      guard i.rm != 15 else { return general }
      let isPC = i.rn == 15
      return make(
        i.width == 1 ? .tbb : .tbh, isPC ? RegisterFile.zero : i.rn, i.rm,
        isPC ? placed.pc &+ 4 : 0)
    }
  }

  // MARK: Floating point

  private func float() -> Record {
    guard context.mayUseFloat else { return general }
    let s = RegisterFile.float
    guard i.operation == .vfp else {
      guard i.width == 1 else { return general }
      let isPC = i.rn == 15
      let offset = isPC ? ((placed.pc &+ 4) & ~3) &+ i.immediate : i.immediate
      return make(
        i.operation == .vload ? .vldr : .vstr, rd: s &+ i.rd, isPC ? RegisterFile.zero : i.rn, 0,
        offset)
    }
    switch FloatOperation(rawValue: i.amount) {
    case .move: return make(.vmov, rd: s &+ i.rd, s &+ i.rm)
    case .fromCore where i.rd < 13: return make(.vmov, rd: s &+ i.rn, i.rd)
    case .toCore where i.rd < 13: return make(.vmov, rd: i.rd, s &+ i.rn)
    case .add: return make(.vadd, rd: s &+ i.rd, s &+ i.rn, s &+ i.rm)
    case .sub: return make(.vsub, rd: s &+ i.rd, s &+ i.rn, s &+ i.rm)
    case .mul: return make(.vmul, rd: s &+ i.rd, s &+ i.rn, s &+ i.rm)
    case .toCore, .toCorePair: return general
    default: return make(.floatHelper)
    }
  }
}
