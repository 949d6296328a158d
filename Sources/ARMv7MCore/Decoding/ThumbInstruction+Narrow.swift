// Instructions of one halfword. Source: [ARMV7M] A5.2.
extension ThumbInstruction {
  static func narrow(_ bits: UInt32, setsFlags: Bool) -> ThumbInstruction {
    switch bits >> 10 {
    case 0b000000...0b001111: basic(bits, setsFlags)
    case 0b010000: register(bits, setsFlags)
    case 0b010001: special(bits)
    case 0b010010, 0b010011: literal(bits)
    case 0b010100...0b100111: loadOrStore(bits)
    case 0b101000...0b101011: addressOrStack(bits)
    case 0b101100...0b101111: miscellaneous(bits)
    case 0b110000...0b110011: multiple(bits)
    case 0b110100...0b110111: conditional(bits)
    case 0b111000, 0b111001: jump(signExtended(bits & 0x7ff, 11) << 1, condition: 14)
    default: undefined(bits)
    }
  }

  static func data(
    _ alu: ThumbALU, _ rd: UInt8, _ rn: UInt8, immediate: UInt32, setsFlags: Bool
  ) -> ThumbInstruction {
    var result = ThumbInstruction(.dataImmediate)
    result.alu = alu
    result.rd = rd
    result.rn = rn
    result.immediate = immediate
    result.setsFlags = setsFlags
    return result
  }

  static func data(
    _ alu: ThumbALU, _ rd: UInt8, _ rn: UInt8, _ rm: UInt8, setsFlags: Bool
  ) -> ThumbInstruction {
    var result = ThumbInstruction(.dataRegister)
    result.alu = alu
    result.rd = rd
    result.rn = rn
    result.rm = rm
    result.setsFlags = setsFlags
    return result
  }

  private static func basic(_ bits: UInt32, _ setsFlags: Bool) -> ThumbInstruction {
    let low = field(bits, 0, 7)
    let middle = field(bits, 3, 7)
    let wide = field(bits, 8, 7)
    let byte = bits & 0xff
    switch bits >> 11 {
    case 0b00000, 0b00001, 0b00010:
      var result = data(.mov, low, 15, middle, setsFlags: setsFlags)
      result.setShift(type: bits >> 11 & 3, bits >> 6 & 31)
      return result
    case 0b00011:
      let alu = bits >> 9 & 1 == 0 ? ThumbALU.add : .sub
      if bits >> 10 & 1 == 0 {
        return data(alu, low, middle, field(bits, 6, 7), setsFlags: setsFlags)
      }
      return data(alu, low, middle, immediate: bits >> 6 & 7, setsFlags: setsFlags)
    case 0b00100: return data(.mov, wide, 15, immediate: byte, setsFlags: setsFlags)
    case 0b00101:
      var result = data(.sub, 15, wide, immediate: byte, setsFlags: true)
      result.isComparison = true
      return result
    case 0b00110: return data(.add, wide, wide, immediate: byte, setsFlags: setsFlags)
    default: return data(.sub, wide, wide, immediate: byte, setsFlags: setsFlags)
    }
  }

  /// Sets the shift of an immediate shift field, where a distance of 0 may mean 32 or `rrx`.
  ///
  /// Source: [ARMV7M] A7.4.2 (DecodeImmShift); `rrx` is a rotation by 0.
  mutating func setShift(type: UInt32, _ distance: UInt32) {
    shift = ThumbShift(rawValue: UInt8(type & 3)) ?? .lsl
    amount = UInt8(distance)
    if distance == 0, shift == .lsr || shift == .asr { amount = 32 }
  }

  private static func register(_ bits: UInt32, _ setsFlags: Bool) -> ThumbInstruction {
    let rd = field(bits, 0, 7)
    let rm = field(bits, 3, 7)
    func plain(_ alu: ThumbALU) -> ThumbInstruction { data(alu, rd, rd, rm, setsFlags: setsFlags) }
    func comparison(_ alu: ThumbALU) -> ThumbInstruction {
      var result = data(alu, 15, rd, rm, setsFlags: true)
      result.isComparison = true
      return result
    }
    func shifted(_ shift: ThumbShift) -> ThumbInstruction {
      var result = data(.mov, rd, rd, rm, setsFlags: setsFlags)
      result.operation = .shiftRegister
      result.shift = shift
      return result
    }
    switch bits >> 6 & 15 {
    case 0: return plain(.and)
    case 1: return plain(.eor)
    case 2: return shifted(.lsl)
    case 3: return shifted(.lsr)
    case 4: return shifted(.asr)
    case 5: return plain(.adc)
    case 6: return plain(.sbc)
    case 7: return shifted(.ror)
    case 8: return comparison(.and)
    case 9: return data(.rsb, rd, rm, immediate: 0, setsFlags: setsFlags)
    case 10: return comparison(.sub)
    case 11: return comparison(.add)
    case 12: return plain(.orr)
    case 13:
      var result = data(.mov, rd, rd, rm, setsFlags: setsFlags)
      result.operation = .mul
      return result
    case 14: return plain(.bic)
    default: return data(.mvn, rd, 15, rm, setsFlags: setsFlags)
    }
  }

  private static func special(_ bits: UInt32) -> ThumbInstruction {
    let rd = field(bits, 0, 7) | field(bits, 4, 8)
    let rm = field(bits, 3, 15)
    switch bits >> 8 & 3 {
    case 0: return data(.add, rd, rd, rm, setsFlags: false)
    case 1:
      var result = data(.sub, 15, rd, rm, setsFlags: true)
      result.isComparison = true
      return result
    case 2: return data(.mov, rd, 15, rm, setsFlags: false)
    default:
      var result = ThumbInstruction(bits & 0x80 == 0 ? .bx : .blx)
      result.rm = rm
      return result
    }
  }

  static func memory(
    isLoad: Bool, width: UInt8, isSigned: Bool = false, _ rt: UInt8, _ rn: UInt8
  ) -> ThumbInstruction {
    var result = ThumbInstruction(isLoad ? .load : .store)
    result.width = width
    result.isSigned = isSigned
    result.rd = rt
    result.rn = rn
    return result
  }

  private static func literal(_ bits: UInt32) -> ThumbInstruction {
    var result = memory(isLoad: true, width: 4, field(bits, 8, 7), 15)
    result.immediate = (bits & 0xff) << 2
    return result
  }

  private static func loadOrStore(_ bits: UInt32) -> ThumbInstruction {
    let rt = field(bits, 0, 7)
    let rn = field(bits, 3, 7)
    if bits >> 12 == 0b0101 {
      let kinds: [(isLoad: Bool, width: UInt8, isSigned: Bool)] = [
        (false, 4, false), (false, 2, false), (false, 1, false), (true, 1, true),
        (true, 4, false), (true, 2, false), (true, 1, false), (true, 2, true),
      ]
      let kind = kinds[Int(bits >> 9 & 7)]
      var result = memory(
        isLoad: kind.isLoad, width: kind.width, isSigned: kind.isSigned, rt, rn)
      result.hasRegisterOffset = true
      result.rm = field(bits, 6, 7)
      return result
    }
    let isLoad = bits >> 11 & 1 == 1
    if bits >> 12 == 0b1001 {
      var result = memory(isLoad: isLoad, width: 4, field(bits, 8, 7), 13)
      result.immediate = (bits & 0xff) << 2
      return result
    }
    let width: UInt8 = bits >> 12 == 0b0110 ? 4 : bits >> 12 == 0b0111 ? 1 : 2
    var result = memory(isLoad: isLoad, width: width, rt, rn)
    result.immediate = (bits >> 6 & 31) * UInt32(width)
    return result
  }

  private static func addressOrStack(_ bits: UInt32) -> ThumbInstruction {
    let rd = field(bits, 8, 7)
    let immediate = (bits & 0xff) << 2
    if bits >> 11 & 1 == 1 { return data(.add, rd, 13, immediate: immediate, setsFlags: false) }
    var result = ThumbInstruction(.adr)
    result.rd = rd
    result.immediate = immediate
    return result
  }

  private static func miscellaneous(_ bits: UInt32) -> ThumbInstruction {
    let rd = field(bits, 0, 7)
    let rm = field(bits, 3, 7)
    func extend(_ operation: ThumbOperation) -> ThumbInstruction {
      var result = ThumbInstruction(operation)
      result.rd = rd
      result.rm = rm
      return result
    }
    switch bits >> 5 & 0x7f {
    case 0b0000000...0b0000011:
      return data(.add, 13, 13, immediate: (bits & 0x7f) << 2, setsFlags: false)
    case 0b0000100...0b0000111:
      return data(.sub, 13, 13, immediate: (bits & 0x7f) << 2, setsFlags: false)
    case 0b0010000, 0b0010001: return extend(.sxth)
    case 0b0010010, 0b0010011: return extend(.sxtb)
    case 0b0010100, 0b0010101: return extend(.uxth)
    case 0b0010110, 0b0010111: return extend(.uxtb)
    case 0b0110011 where bits & 0xc == 0:
      var result = ThumbInstruction(.cps)
      result.immediate = bits & 0x13
      return result
    case 0b1010000, 0b1010001: return extend(.rev)
    case 0b1010010, 0b1010011: return extend(.rev16)
    case 0b1010110, 0b1010111: return extend(.revsh)
    case 0b1110000...0b1110111:
      var result = ThumbInstruction(.bkpt)
      result.immediate = bits & 0xff
      return result
    case 0b1111000...0b1111111: return hint(bits)
    default: break
    }
    if bits >> 8 & 0b0101 == 0b0001 {
      var result = ThumbInstruction(bits >> 11 & 1 == 0 ? .cbz : .cbnz)
      result.rn = rd
      result.immediate = (bits >> 9 & 1) << 6 | (bits >> 3 & 31) << 1
      return result
    }
    if bits >> 9 & 3 == 2 { return stack(bits) }
    return undefined(bits)
  }

  private static func stack(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 11 & 1 == 1
    var result = ThumbInstruction(isLoad ? .loadMultiple : .storeMultiple)
    result.rn = 13
    result.writesBack = true
    // `push` goes down, `pop` up.
    result.isIndexed = !isLoad
    result.immediate = bits & 0xff | (bits >> 8 & 1) << (isLoad ? 15 : 14)
    return result.immediate == 0 ? undefined(bits) : result
  }

  private static func hint(_ bits: UInt32) -> ThumbInstruction {
    if bits & 15 != 0 {
      var result = ThumbInstruction(.it)
      result.immediate = bits & 0xff
      return result
    }
    return hint(number: bits >> 4 & 15)
  }

  static func hint(number: UInt32) -> ThumbInstruction {
    switch number {
    case 2: ThumbInstruction(.wfe)
    case 3: ThumbInstruction(.wfi)
    case 4: ThumbInstruction(.sev)
    default: ThumbInstruction(.nop)
    }
  }

  private static func multiple(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 11 & 1 == 1
    var result = ThumbInstruction(isLoad ? .loadMultiple : .storeMultiple)
    result.rn = field(bits, 8, 7)
    result.immediate = bits & 0xff
    result.isIndexed = false
    result.writesBack = !(isLoad && bits >> UInt32(result.rn) & 1 == 1)
    return result.immediate == 0 ? undefined(bits) : result
  }

  private static func conditional(_ bits: UInt32) -> ThumbInstruction {
    let condition = field(bits, 8, 15)
    if condition == 14 { return undefined(bits) }
    if condition == 15 {
      var result = ThumbInstruction(.svc)
      result.immediate = bits & 0xff
      return result
    }
    return jump(signExtended(bits & 0xff, 8) << 1, condition: condition)
  }

  static func jump(_ offset: UInt32, condition: UInt8) -> ThumbInstruction {
    var result = ThumbInstruction(.branch)
    result.immediate = offset
    result.condition = condition
    return result
  }
}
