// Instructions of two halfwords. Source: [ARMV7M] A5.3.
extension ThumbInstruction {
  static func wide(_ first: UInt32, _ second: UInt32) -> ThumbInstruction {
    let bits = first << 16 | second
    switch first >> 11 & 3 {
    case 0b01:
      if first >> 10 & 1 == 1 { return coprocessor(bits) }
      if first >> 9 & 1 == 1 { return shiftedData(bits) }
      return first >> 6 & 1 == 0 ? multiple32(bits) : dualOrExclusive(bits)
    case 0b10:
      if second >> 15 == 1 { return branchOrControl(bits) }
      return first >> 9 & 1 == 0 ? modifiedImmediate(bits) : plainImmediate(bits)
    default:
      if first >> 10 & 1 == 1 { return coprocessor(bits) }
      if first >> 9 & 1 == 0 { return single(bits) }
      if first >> 8 & 1 == 0 { return registerData(bits) }
      return first >> 7 & 1 == 0 ? multiply(bits) : longMultiply(bits)
    }
  }

  private static func rd(_ bits: UInt32) -> UInt8 { field(bits, 8, 15) }
  private static func rn(_ bits: UInt32) -> UInt8 { field(bits, 16, 15) }
  private static func rm(_ bits: UInt32) -> UInt8 { field(bits, 0, 15) }
  private static func rt(_ bits: UInt32) -> UInt8 { field(bits, 12, 15) }

  // MARK: Data processing

  /// The operation of a 4-bit field, with its special cases for `rd` or `rn` 15.
  private static func finish(
    _ instruction: ThumbInstruction, _ opcode: UInt32, _ bits: UInt32
  ) -> ThumbInstruction {
    guard let alu = ThumbALU(rawValue: UInt8(opcode)), alu != .mov, alu != .mvn else {
      return undefined(bits)
    }
    var result = instruction
    result.alu = alu
    result.rd = rd(bits)
    result.rn = rn(bits)
    result.setsFlags = bits >> 20 & 1 == 1
    if result.rd == 15, result.setsFlags, [.and, .eor, .add, .sub].contains(alu) {
      result.isComparison = true
    }
    if result.rn == 15, alu == .orr { result.alu = .mov }
    if result.rn == 15, alu == .orn { result.alu = .mvn }
    return result
  }

  private static func modifiedImmediate(_ bits: UInt32) -> ThumbInstruction {
    var result = ThumbInstruction(.dataImmediate)
    let code = (bits >> 26 & 1) << 11 | (bits >> 12 & 7) << 8 | bits & 0xff
    if code >> 10 == 0 {
      let byte = code & 0xff
      result.immediate =
        switch code >> 8 & 3 {
        case 0: byte
        case 1: byte << 16 | byte
        case 2: byte << 24 | byte << 8
        default: byte << 24 | byte << 16 | byte << 8 | byte
        }
    } else {
      let value = 0x80 | code & 0x7f
      let distance = code >> 7
      result.immediate = value >> distance | value << (32 - distance)
      result.carry = UInt8(result.immediate >> 31)
    }
    return finish(result, bits >> 21 & 15, bits)
  }

  private static func shiftedData(_ bits: UInt32) -> ThumbInstruction {
    let distance = (bits >> 12 & 7) << 2 | bits >> 6 & 3
    let opcode = bits >> 21 & 15
    if opcode == 6 {
      guard bits >> 20 & 1 == 0, bits >> 4 & 1 == 0 else { return undefined(bits) }
      var result = ThumbInstruction(bits >> 5 & 1 == 0 ? .pkhbt : .pkhtb)
      (result.rd, result.rn, result.rm) = (rd(bits), rn(bits), rm(bits))
      result.setShift(type: bits >> 5 & 1 == 0 ? 0 : 2, distance)
      return result
    }
    var result = ThumbInstruction(.dataRegister)
    result.rm = rm(bits)
    result.setShift(type: bits >> 4 & 3, distance)
    return finish(result, opcode, bits)
  }

  private static func plainImmediate(_ bits: UInt32) -> ThumbInstruction {
    let immediate = (bits >> 26 & 1) << 11 | (bits >> 12 & 7) << 8 | bits & 0xff
    let sixteen = (bits >> 16 & 15) << 12 | immediate
    let lowest = (bits >> 12 & 7) << 2 | bits >> 6 & 3
    func bitField(_ operation: ThumbOperation, _ width: UInt32) -> ThumbInstruction {
      var result = ThumbInstruction(operation)
      result.rd = rd(bits)
      result.rn = rn(bits)
      result.immediate = lowest | width << 8
      return result
    }
    func saturate(
      _ operation: ThumbOperation, _ halves: ThumbOperation, _ width: UInt32
    ) -> ThumbInstruction {
      let isHalves = bits >> 21 & 1 == 1 && lowest == 0
      var result = bitField(isHalves ? halves : operation, width)
      result.immediate = isHalves ? bits & 15 : width
      if isHalves, halves == .ssat16 { result.immediate += 1 }
      result.setShift(type: bits >> 20 & 2, lowest)
      return result
    }
    switch bits >> 20 & 31 {
    case 0b00000, 0b01010:
      guard rn(bits) == 15 else {
        let alu = bits >> 23 & 1 == 0 ? ThumbALU.add : .sub
        return data(alu, rd(bits), rn(bits), immediate: immediate, setsFlags: false)
      }
      var result = ThumbInstruction(.adr)
      result.rd = rd(bits)
      result.immediate = bits >> 23 & 1 == 0 ? immediate : 0 &- immediate
      return result
    case 0b00100: return data(.mov, rd(bits), 15, immediate: sixteen, setsFlags: false)
    case 0b01100:
      var result = ThumbInstruction(.movt)
      result.rd = rd(bits)
      result.immediate = sixteen
      return result
    case 0b10000, 0b10010: return saturate(.ssat, .ssat16, (bits & 31) + 1)
    case 0b11000, 0b11010: return saturate(.usat, .usat16, bits & 31)
    case 0b10100, 0b11100:
      guard lowest + bits & 31 < 32 else { return undefined(bits) }
      return bitField(bits >> 23 & 1 == 0 ? .sbfx : .ubfx, (bits & 31) + 1)
    case 0b10110:
      guard bits & 31 >= lowest else { return undefined(bits) }
      return bitField(.bfi, (bits & 31) - lowest + 1)
    default: return undefined(bits)
    }
  }

  private static func registerData(_ bits: UInt32) -> ThumbInstruction {
    guard bits >> 12 & 15 == 15 else { return undefined(bits) }
    let opcode = bits >> 20 & 15
    var result = ThumbInstruction(.undefined)
    (result.rd, result.rn, result.rm) = (rd(bits), rn(bits), rm(bits))
    result.immediate = bits
    switch (opcode, bits >> 4 & 15) {
    case (0...7, 0):
      result.operation = .shiftRegister
      result.shift = ThumbShift(rawValue: UInt8(opcode >> 1)) ?? .lsl
      result.setsFlags = opcode & 1 == 1
    case (0...5, 8...15):
      let operations: [ThumbOperation] = [.sxth, .uxth, .sxtb16, .uxtb16, .sxtb, .uxtb]
      result.operation = operations[Int(opcode)]
      result.immediate = (bits >> 4 & 3) * 8
    case (8...14, 0...7) where opcode != 11 && opcode != 15 && bits >> 4 & 3 != 3:
      result.operation = .parallel
      result.immediate = opcode & 7 | (bits >> 4 & 7) << 4
    case (8, 8...11):
      result.operation = [.qadd, .qdadd, .qsub, .qdsub][Int(bits >> 4 & 3)]
    case (9, 8): result.operation = .rev
    case (9, 9): result.operation = .rev16
    case (9, 10): result.operation = .rbit
    case (9, 11): result.operation = .revsh
    case (10, 8): result.operation = .sel
    case (11, 8): result.operation = .clz
    default: break
    }
    return result
  }

  private static func multiply(_ bits: UInt32) -> ThumbInstruction {
    var result = ThumbInstruction(.undefined)
    (result.rd, result.rn, result.rm, result.ra) = (rd(bits), rn(bits), rm(bits), rt(bits))
    result.immediate = bits
    guard bits >> 6 & 3 == 0 else { return result }
    let low = bits >> 4 & 3
    switch bits >> 20 & 7 {
    case 0:
      if low == 0 { result.operation = result.ra == 15 ? .mul : .mla }
      if low == 1 { result.operation = .mls }
    case 1: result.operation = .smlaxy
    case 2 where low < 2: result.operation = .smlad
    case 3 where low < 2: result.operation = .smlaw
    case 4 where low < 2: result.operation = .smlsd
    case 5 where low < 2: result.operation = .smmla
    case 6 where low < 2: result.operation = .smmls
    case 7 where low == 0: result.operation = .usada8
    default: break
    }
    if result.operation != .undefined { result.immediate = low }
    return result
  }

  private static func longMultiply(_ bits: UInt32) -> ThumbInstruction {
    var result = ThumbInstruction(.undefined)
    // `ra` is the lower half of the result, `rd` the upper.
    (result.rd, result.rn, result.rm, result.ra) = (rd(bits), rn(bits), rm(bits), rt(bits))
    result.immediate = bits
    let low = bits >> 4 & 15
    switch (bits >> 20 & 7, low) {
    case (0, 0): result.operation = .smull
    case (1, 15): result.operation = .sdiv
    case (2, 0): result.operation = .umull
    case (3, 15): result.operation = .udiv
    case (4, 0): result.operation = .smlal
    case (4, 8...11): result.operation = .smlalxy
    case (4, 12), (4, 13): result.operation = .smlald
    case (5, 12), (5, 13): result.operation = .smlsld
    case (6, 0): result.operation = .umlal
    case (6, 6): result.operation = .umaal
    default: break
    }
    if result.operation != .undefined { result.immediate = low & 3 }
    return result
  }

  // MARK: Memory

  private static func single(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 20 & 1 == 1
    let isSigned = bits >> 24 & 1 == 1
    let size = bits >> 21 & 3
    guard size < 3, !(isSigned && (!isLoad || size == 2)), isLoad || rn(bits) != 15 else {
      return undefined(bits)
    }
    var result = memory(
      isLoad: isLoad, width: UInt8(1 << size), isSigned: isSigned, rt(bits), rn(bits))
    // Loads of less than a word into the program counter are hints.
    let isHint = isLoad && result.rd == 15 && size < 2
    if result.rn == 15 {
      let offset = bits & 0xfff
      result.immediate = bits >> 23 & 1 == 1 ? offset : 0 &- offset
      return isHint ? ThumbInstruction(.nop) : result
    }
    if bits >> 23 & 1 == 1 {
      result.immediate = bits & 0xfff
      return isHint ? ThumbInstruction(.nop) : result
    }
    if bits >> 6 & 0x3f == 0 {
      result.hasRegisterOffset = true
      result.rm = rm(bits)
      result.amount = field(bits, 4, 3)
      return isHint ? ThumbInstruction(.nop) : result
    }
    guard bits >> 11 & 1 == 1 else { return undefined(bits) }
    let offset = bits & 0xff
    let (index, add, back) = (bits >> 10 & 1 == 1, bits >> 9 & 1 == 1, bits >> 8 & 1 == 1)
    guard index || back else { return undefined(bits) }
    result.immediate = add ? offset : 0 &- offset
    result.isIndexed = index
    result.writesBack = back
    if index, add, !back { result.isUnprivileged = true }
    return isHint && index && !add && !back ? ThumbInstruction(.nop) : result
  }

  private static func multiple32(_ bits: UInt32) -> ThumbInstruction {
    let kind = bits >> 23 & 3
    guard kind == 1 || kind == 2 else { return undefined(bits) }
    var result = ThumbInstruction(bits >> 20 & 1 == 1 ? .loadMultiple : .storeMultiple)
    result.rn = rn(bits)
    result.writesBack = bits >> 21 & 1 == 1
    // Downwards from the base.
    result.isIndexed = kind == 2
    result.immediate = bits & 0xffff
    return result.immediate == 0 ? undefined(bits) : result
  }

  private static func dualOrExclusive(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 20 & 1 == 1
    let (index, add, back) = (bits >> 24 & 1 == 1, bits >> 23 & 1 == 1, bits >> 21 & 1 == 1)
    let offset = (bits & 0xff) << 2
    guard index || back else {
      return add ? exclusive(bits) : wordExclusive(bits)
    }
    var result = ThumbInstruction(isLoad ? .loadDual : .storeDual)
    (result.rd, result.ra, result.rn) = (rt(bits), rd(bits), rn(bits))
    result.immediate = add ? offset : 0 &- offset
    result.isIndexed = index
    result.writesBack = back
    return result
  }

  private static func wordExclusive(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 20 & 1 == 1
    var result = ThumbInstruction(isLoad ? .loadExclusive : .storeExclusive)
    // `rd` is loaded or says what became of it, `ra` is stored.
    result.rd = isLoad ? rt(bits) : rd(bits)
    result.ra = rt(bits)
    result.rn = rn(bits)
    result.immediate = (bits & 0xff) << 2
    return result
  }

  private static func exclusive(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 20 & 1 == 1
    switch bits >> 4 & 15 {
    case 0, 1:
      guard isLoad else { return undefined(bits) }
      var result = ThumbInstruction(.tableBranch)
      (result.rn, result.rm) = (rn(bits), rm(bits))
      result.width = bits >> 4 & 1 == 0 ? 1 : 2
      return result
    case 4, 5:
      var result = ThumbInstruction(isLoad ? .loadExclusive : .storeExclusive)
      result.rd = isLoad ? rt(bits) : rm(bits)
      result.ra = rt(bits)
      result.rn = rn(bits)
      result.width = bits >> 4 & 1 == 0 ? 1 : 2
      return result
    default: return undefined(bits)
    }
  }

  // MARK: Branches and control

  private static func branchOrControl(_ bits: UInt32) -> ThumbInstruction {
    let sign = bits >> 26 & 1
    let (j1, j2) = (bits >> 13 & 1, bits >> 11 & 1)
    if bits >> 12 & 1 == 1 || bits >> 14 & 1 == 1 {
      guard bits >> 12 & 1 == 1 else { return undefined(bits) }
      let (i1, i2) = (~(j1 ^ sign) & 1, ~(j2 ^ sign) & 1)
      let upper = sign << 24 | i1 << 23 | i2 << 22
      let offset = upper | (bits >> 16 & 0x3ff) << 12 | (bits & 0x7ff) << 1
      var result = jump(signExtended(offset, 25), condition: 14)
      if bits >> 14 & 1 == 1 { result.operation = .branchLink }
      return result
    }
    if bits >> 23 & 7 != 7 {
      let upper = sign << 20 | j2 << 19 | j1 << 18
      let offset = upper | (bits >> 16 & 0x3f) << 12 | (bits & 0x7ff) << 1
      return jump(signExtended(offset, 21), condition: field(bits, 22, 15))
    }
    return control(bits)
  }

  private static func control(_ bits: UInt32) -> ThumbInstruction {
    switch bits >> 20 & 0x7f {
    case 0b0111000, 0b0111001:
      var result = ThumbInstruction(.msr)
      result.rn = rn(bits)
      result.immediate = bits & 0xff
      result.amount = field(bits, 10, 3)
      return result
    case 0b0111010:
      return bits >> 8 & 7 == 0 ? hint(number: bits & 0xff) : undefined(bits)
    case 0b0111011:
      switch bits >> 4 & 15 {
      case 2: return ThumbInstruction(.clrex)
      case 4: return ThumbInstruction(.dsb)
      case 5: return ThumbInstruction(.dmb)
      case 6: return ThumbInstruction(.isb)
      default: return undefined(bits)
      }
    case 0b0111110, 0b0111111:
      var result = ThumbInstruction(.mrs)
      result.rd = rd(bits)
      result.immediate = bits & 0xff
      return result
    default: return undefined(bits)
    }
  }
}
