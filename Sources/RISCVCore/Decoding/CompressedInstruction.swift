/// A 16-bit instruction of the C extension for RV32 without floating point.
///
/// Each one stands for one full instruction. Source: [RISCV-UNPRIV] §16.
package struct CompressedInstruction {
  /// The halfword in memory.
  package let rawValue: UInt16

  /// Wraps the halfword `rawValue`.
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  private var bits: UInt32 { UInt32(rawValue) }
  /// The three-bit register fields name x8...x15.
  private var shortLow: UInt32 { 8 + (bits >> 2 & 7) }
  private var shortHigh: UInt32 { 8 + (bits >> 7 & 7) }
  private var low: UInt32 { bits >> 2 & 31 }
  private var high: UInt32 { bits >> 7 & 31 }
  /// Bit 12 and bits 6...2 as a sign-extended six-bit number.
  private var signed6: UInt32 {
    low | (bits & 0x1000 == 0 ? 0 : 0xffff_ffe0)
  }

  /// The full instruction this one stands for; `nil` when the pattern is reserved or belongs to an
  /// extension this processor lacks.
  package var expanded: UInt32? {
    switch rawValue & 3 {
    case 0: quadrant0
    case 1: quadrant1
    case 2: quadrant2
    default: nil
    }
  }

  private var quadrant0: UInt32? {
    switch rawValue >> 13 {
    case 0:
      // c.addi4spn: 12...11 -> 5...4, 10...7 -> 9...6, 6 -> 2, 5 -> 3
      let offset =
        bits >> 7 & 0x30 | bits >> 1 & 0x3c0 | bits >> 4 & 4 | bits >> 2 & 8
      return offset == 0 ? nil : Self.addi(rd: shortLow, rs1: 2, offset)
    case 2: return Self.load(rd: shortLow, rs1: shortHigh, wordOffset)
    case 6: return Self.store(rs2: shortLow, rs1: shortHigh, wordOffset)
    default: return nil
    }
  }

  /// c.lw, c.sw: 12...10 -> 5...3, 6 -> 2, 5 -> 6.
  private var wordOffset: UInt32 {
    bits >> 7 & 0x38 | bits >> 4 & 4 | bits << 1 & 0x40
  }

  private var quadrant1: UInt32? {
    switch rawValue >> 13 {
    case 0: return Self.addi(rd: high, rs1: high, signed6)
    case 1: return Self.jal(rd: 1, jumpOffset)
    case 2: return Self.addi(rd: high, rs1: 0, signed6)
    case 3: return upper
    case 4: return arithmetic
    case 5: return Self.jal(rd: 0, jumpOffset)
    case 6: return Self.branch(function3: 0, rs1: shortHigh, branchOffset)
    default: return Self.branch(function3: 1, rs1: shortHigh, branchOffset)
    }
  }

  /// c.addi16sp and c.lui; both reserve the immediate 0.
  private var upper: UInt32? {
    guard signed6 != 0 else { return nil }
    guard high == 2 else { return signed6 << 12 | high << 7 | 0x37 }
    // 12 -> 9 (sign), 6 -> 4, 5 -> 6, 4...3 -> 8...7, 2 -> 5
    let sign: UInt32 = bits & 0x1000 == 0 ? 0 : 0xffff_fe00
    let offset =
      sign | bits >> 2 & 0x10 | bits << 1 & 0x40 | bits << 4 & 0x180 | bits << 3 & 0x20
    return Self.addi(rd: 2, rs1: 2, offset)
  }

  private var arithmetic: UInt32? {
    let rd = shortHigh
    switch bits >> 10 & 3 {
    case 0, 1:
      guard bits & 0x1000 == 0 else { return nil }
      let arithmeticBit = bits >> 10 & 1
      return arithmeticBit << 30 | low << 20 | rd << 15 | 5 << 12 | rd << 7 | 0x13
    case 2: return signed6 << 20 | rd << 15 | 7 << 12 | rd << 7 | 0x13
    default:
      guard bits & 0x1000 == 0 else { return nil }
      let registers = shortLow << 20 | rd << 15 | rd << 7 | 0x33
      switch bits >> 5 & 3 {
      case 0: return 0x20 << 25 | registers
      case 1: return 4 << 12 | registers
      case 2: return 6 << 12 | registers
      default: return 7 << 12 | registers
      }
    }
  }

  private var quadrant2: UInt32? {
    switch rawValue >> 13 {
    case 0:
      guard bits & 0x1000 == 0 else { return nil }
      return low << 20 | high << 15 | 1 << 12 | high << 7 | 0x13
    case 2:
      // c.lwsp: 12 -> 5, 6...4 -> 4...2, 3...2 -> 7...6
      let offset = bits >> 7 & 0x20 | bits >> 2 & 0x1c | bits << 4 & 0xc0
      return high == 0 ? nil : Self.load(rd: high, rs1: 2, offset)
    case 4: return jumpOrMove
    case 6:
      // c.swsp: 12...9 -> 5...2, 8...7 -> 7...6
      return Self.store(rs2: low, rs1: 2, bits >> 7 & 0x3c | bits >> 1 & 0xc0)
    default: return nil
    }
  }

  private var jumpOrMove: UInt32? {
    let link = bits >> 12 & 1
    if low != 0 {
      return low << 20 | (link == 0 ? 0 : high) << 15 | high << 7 | 0x33
    }
    guard high != 0 else { return link == 0 ? nil : 0x0010_0073 }
    return high << 15 | link << 7 | 0x67
  }

  /// c.j, c.jal: 12 -> 11 (sign), 11 -> 4, 10...9 -> 9...8, 8 -> 10, 7 -> 6, 6 -> 7, 5...3 -> 3...1,
  /// 2 -> 5.
  private var jumpOffset: UInt32 {
    let sign: UInt32 = bits & 0x1000 == 0 ? 0 : 0xffff_f800
    let upper = bits >> 7 & 0x10 | bits >> 1 & 0x300 | bits << 2 & 0x400
    let lower = bits >> 1 & 0x40 | bits << 1 & 0x80 | bits >> 2 & 0xe | bits << 3 & 0x20
    return sign | upper | lower
  }

  /// c.beqz, c.bnez: 12 -> 8 (sign), 11...10 -> 4...3, 6...5 -> 7...6, 4...3 -> 2...1, 2 -> 5.
  private var branchOffset: UInt32 {
    let sign: UInt32 = bits & 0x1000 == 0 ? 0 : 0xffff_ff00
    return sign | bits >> 7 & 0x18 | bits << 1 & 0xc0 | bits >> 2 & 6 | bits << 3 & 0x20
  }

  private static func addi(rd: UInt32, rs1: UInt32, _ value: UInt32) -> UInt32 {
    value << 20 | rs1 << 15 | rd << 7 | 0x13
  }

  private static func load(rd: UInt32, rs1: UInt32, _ offset: UInt32) -> UInt32 {
    offset << 20 | rs1 << 15 | 2 << 12 | rd << 7 | 0x03
  }

  private static func store(rs2: UInt32, rs1: UInt32, _ offset: UInt32) -> UInt32 {
    (offset >> 5) << 25 | rs2 << 20 | rs1 << 15 | 2 << 12 | (offset & 31) << 7 | 0x23
  }

  private static func jal(rd: UInt32, _ offset: UInt32) -> UInt32 {
    let upper = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21
    let lower = (offset >> 11 & 1) << 20 | (offset >> 12 & 0xff) << 12
    return upper | lower | rd << 7 | 0x6f
  }

  private static func branch(function3: UInt32, rs1: UInt32, _ offset: UInt32) -> UInt32 {
    let upper = (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25
    let lower = (offset >> 1 & 0xf) << 8 | (offset >> 11 & 1) << 7
    return upper | rs1 << 15 | function3 << 12 | lower | 0x63
  }
}
