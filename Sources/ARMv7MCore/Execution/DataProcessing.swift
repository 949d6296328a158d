/// Data processing on registers and flags alone: everything without memory, branches and system.
enum DataProcessing {
  /// Shifts `value`; `carry` is the C flag before and after it.
  ///
  /// Source: [ARMV7M] A2.2.1, A7.4.2.
  static func shifted(
    _ value: UInt32, _ shift: ThumbShift, _ amount: UInt32, _ carry: inout UInt32
  ) -> UInt32 {
    guard amount > 0 else { return value }
    switch shift {
    case .lsl:
      carry = amount <= 32 ? value >> (32 - amount) & 1 : 0
      return amount < 32 ? value << amount : 0
    case .lsr:
      carry = amount <= 32 ? value >> (amount - 1) & 1 : 0
      return amount < 32 ? value >> amount : 0
    case .asr:
      let distance = min(amount, 32)
      let signed = Int32(bitPattern: value)
      carry = UInt32(bitPattern: signed >> Int32(distance - 1)) & 1
      return UInt32(bitPattern: signed >> Int32(min(distance, 31)))
    case .ror:
      let distance = amount & 31
      let result = value >> distance | value << ((32 - distance) & 31)
      carry = result >> 31
      return result
    }
  }

  /// Executes `.dataImmediate`, `.dataRegister` or `.shiftRegister`.
  static func execute(_ i: ThumbInstruction, _ x: RegisterFile) {
    var carry = x[RegisterFile.c]
    let operand: UInt32
    switch i.operation {
    case .dataImmediate:
      operand = i.immediate
      if i.carry < 2 { carry = UInt32(i.carry) }
    case .shiftRegister:
      operand = shifted(x[i.rn], i.shift, x[i.rm] & 0xff, &carry)
    default:
      let value = x[i.rm]
      if i.amount == 0, i.shift == .ror {
        // Rotation through the carry flag.
        operand = value >> 1 | carry << 31
        carry = value & 1
      } else {
        operand = shifted(value, i.shift, UInt32(i.amount), &carry)
      }
    }
    let alu = i.operation == .shiftRegister ? .mov : i.alu
    if let (a, b, c) = sum(alu, x[i.rn], operand, x[RegisterFile.c]) {
      let wide = UInt64(a) + UInt64(b) + UInt64(c)
      let result = UInt32(truncatingIfNeeded: wide)
      if i.setsFlags {
        x.setNZ(result)
        x[RegisterFile.c] = UInt32(wide >> 32)
        x[RegisterFile.v] = (a ^ result) & (b ^ result)
      }
      if !i.isComparison { x[i.rd] = result }
    } else {
      let result = logical(alu, x[i.rn], operand)
      if i.setsFlags {
        x.setNZ(result)
        x[RegisterFile.c] = carry
      }
      if !i.isComparison { x[i.rd] = result }
    }
  }

  /// What an arithmetic operation adds up, carry included.
  private static func sum(
    _ alu: ThumbALU, _ a: UInt32, _ b: UInt32, _ carry: UInt32
  ) -> (UInt32, UInt32, UInt32)? {
    switch alu {
    case .add: (a, b, 0)
    case .adc: (a, b, carry)
    case .sub: (a, ~b, 1)
    case .sbc: (a, ~b, carry)
    case .rsb: (~a, b, 1)
    default: nil
    }
  }

  private static func logical(_ alu: ThumbALU, _ a: UInt32, _ b: UInt32) -> UInt32 {
    switch alu {
    case .and: a & b
    case .bic: a & ~b
    case .orr: a | b
    case .orn: a | ~b
    case .eor: a ^ b
    case .mvn: ~b
    default: b
    }
  }

  /// Executes any other instruction that neither faults nor leaves its place; false if `i` is none.
  static func executeOther(_ i: ThumbInstruction, _ x: RegisterFile) -> Bool {
    let (a, b) = (x[i.rn], x[i.rm])
    let low = i.immediate & 0xff
    switch i.operation {
    case .movt: x[i.rd] = x[i.rd] & 0xffff | i.immediate << 16
    case .mul:
      let result = a &* b
      x[i.rd] = result
      if i.setsFlags { x.setNZ(result) }
    case .mla: x[i.rd] = x[i.ra] &+ a &* b
    case .mls: x[i.rd] = x[i.ra] &- a &* b
    case .smull, .umull, .smlal, .umlal, .umaal: multiplyLong(i, a, b, x)
    case .bfi:
      let mask = ones(i.immediate >> 8) << low
      let source = i.rn == 15 ? 0 : a
      x[i.rd] = x[i.rd] & ~mask | source << low & mask
    case .ubfx: x[i.rd] = a >> low & ones(i.immediate >> 8)
    case .sbfx: x[i.rd] = signExtended(a >> low, i.immediate >> 8)
    case .ssat, .usat, .ssat16, .usat16: Saturation.execute(i, x)
    case .sxtb, .sxth, .uxtb, .uxth, .sxtb16, .uxtb16: extend(i, x)
    case .clz: x[i.rd] = UInt32(b.leadingZeroBitCount)
    case .rbit: x[i.rd] = reversedBits(b)
    case .rev: x[i.rd] = b.byteSwapped
    case .rev16: x[i.rd] = (b & 0x00ff_00ff) << 8 | b >> 8 & 0x00ff_00ff
    case .revsh: x[i.rd] = signExtended((b & 0xff) << 8 | b >> 8 & 0xff, 16)
    case .qadd, .qdadd, .qsub, .qdsub: Saturation.execute(i, x)
    default: return SignalProcessing.execute(i, x)
    }
    return true
  }

  /// `count` ones, up to 32.
  private static func ones(_ count: UInt32) -> UInt32 {
    count >= 32 ? .max : 1 << count &- 1
  }

  static func reversedBits(_ value: UInt32) -> UInt32 {
    var v = value
    v = v >> 1 & 0x5555_5555 | (v & 0x5555_5555) << 1
    v = v >> 2 & 0x3333_3333 | (v & 0x3333_3333) << 2
    v = v >> 4 & 0x0f0f_0f0f | (v & 0x0f0f_0f0f) << 4
    return v.byteSwapped
  }

  private static func multiplyLong(
    _ i: ThumbInstruction, _ a: UInt32, _ b: UInt32, _ x: RegisterFile
  ) {
    let old = UInt64(x[i.rd]) << 32 | UInt64(x[i.ra])
    let unsigned = UInt64(a) &* UInt64(b)
    let signed = Int64(Int32(bitPattern: a)) &* Int64(Int32(bitPattern: b))
    let product = UInt64(bitPattern: signed)
    let result: UInt64
    switch i.operation {
    case .smull: result = product
    case .umull: result = unsigned
    case .smlal: result = old &+ product
    case .umlal: result = old &+ unsigned
    default: result = unsigned &+ UInt64(x[i.rd]) &+ UInt64(x[i.ra])
    }
    x[i.ra] = UInt32(truncatingIfNeeded: result)
    x[i.rd] = UInt32(result >> 32)
  }

  private static func extend(_ i: ThumbInstruction, _ x: RegisterFile) {
    let value = x[i.rm]
    let distance = i.immediate & 31
    let rotated = value >> distance | value << ((32 - distance) & 31)
    let a = i.rn == 15 ? 0 : x[i.rn]
    func halves(_ low: UInt32, _ high: UInt32) -> UInt32 {
      (a &+ low) & 0xffff | (((a >> 16) &+ high) & 0xffff) << 16
    }
    x[i.rd] =
      switch i.operation {
      case .sxtb: a &+ signExtended(rotated, 8)
      case .sxth: a &+ signExtended(rotated, 16)
      case .uxtb: a &+ (rotated & 0xff)
      case .uxth: a &+ (rotated & 0xffff)
      case .sxtb16: halves(signExtended(rotated, 8), signExtended(rotated >> 16, 8))
      default: halves(rotated & 0xff, rotated >> 16 & 0xff)
      }
  }

  /// Divides; by 0 gives 0.
  static func divide(_ a: UInt32, _ b: UInt32, isSigned: Bool) -> UInt32 {
    guard b != 0 else { return 0 }
    guard isSigned else { return a / b }
    let (quotient, _) = Int32(bitPattern: a).dividedReportingOverflow(by: Int32(bitPattern: b))
    return UInt32(bitPattern: quotient)
  }
}
