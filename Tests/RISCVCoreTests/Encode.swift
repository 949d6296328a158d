/// Instruction words for tests, by format and by mnemonic.
///
/// Source: [RISCV-UNPRIV] §2.2, §24.
enum Encode {
  static func r(
    _ opcode: UInt32, _ function3: UInt32, _ function7: UInt32, _ rd: UInt32, _ rs1: UInt32,
    _ rs2: UInt32
  ) -> UInt32 {
    function7 << 25 | rs2 << 20 | rs1 << 15 | function3 << 12 | rd << 7 | opcode
  }

  static func i(
    _ opcode: UInt32, _ function3: UInt32, _ rd: UInt32, _ rs1: UInt32, _ value: Int32
  ) -> UInt32 {
    UInt32(bitPattern: value) << 20 | rs1 << 15 | function3 << 12 | rd << 7 | opcode
  }

  static func s(
    _ function3: UInt32, _ rs2: UInt32, _ offset: Int32, _ rs1: UInt32
  ) -> UInt32 {
    let bits = UInt32(bitPattern: offset)
    return (bits >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | function3 << 12
      | (bits & 31) << 7 | 0x23
  }

  static func b(
    _ function3: UInt32, _ rs1: UInt32, _ rs2: UInt32, _ offset: Int32
  ) -> UInt32 {
    let bits = UInt32(bitPattern: offset)
    let high = (bits >> 12 & 1) << 31 | (bits >> 5 & 0x3f) << 25
    let low = (bits >> 1 & 15) << 8 | (bits >> 11 & 1) << 7
    return high | rs2 << 20 | rs1 << 15 | function3 << 12 | low | 0x63
  }

  static func lui(_ rd: UInt32, _ value: UInt32) -> UInt32 { value & ~0xfff | rd << 7 | 0x37 }
  static func auipc(_ rd: UInt32, _ value: UInt32) -> UInt32 { value & ~0xfff | rd << 7 | 0x17 }

  static func jal(_ rd: UInt32, _ offset: Int32) -> UInt32 {
    let bits = UInt32(bitPattern: offset)
    let high = (bits >> 20 & 1) << 31 | (bits >> 1 & 0x3ff) << 21
    let low = (bits >> 11 & 1) << 20 | (bits >> 12 & 0xff) << 12
    return high | low | rd << 7 | 0x6f
  }

  static func jalr(_ rd: UInt32, _ rs1: UInt32, _ offset: Int32 = 0) -> UInt32 {
    i(0x67, 0, rd, rs1, offset)
  }
  static func addi(_ rd: UInt32, _ rs1: UInt32, _ value: Int32) -> UInt32 {
    i(0x13, 0, rd, rs1, value)
  }
  static func add(_ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32) -> UInt32 {
    r(0x33, 0, 0, rd, rs1, rs2)
  }
  static func lw(_ rd: UInt32, _ offset: Int32, _ rs1: UInt32) -> UInt32 {
    i(0x03, 2, rd, rs1, offset)
  }
  static func sw(_ rs2: UInt32, _ offset: Int32, _ rs1: UInt32) -> UInt32 { s(2, rs2, offset, rs1) }
  static func beq(_ rs1: UInt32, _ rs2: UInt32, _ offset: Int32) -> UInt32 {
    b(0, rs1, rs2, offset)
  }
  static func bne(_ rs1: UInt32, _ rs2: UInt32, _ offset: Int32) -> UInt32 {
    b(1, rs1, rs2, offset)
  }
  static func csrrw(_ rd: UInt32, _ number: UInt32, _ rs1: UInt32) -> UInt32 {
    csr(1, rd, number, rs1)
  }
  static func csrrs(_ rd: UInt32, _ number: UInt32, _ rs1: UInt32) -> UInt32 {
    csr(2, rd, number, rs1)
  }
  static func csr(
    _ function3: UInt32, _ rd: UInt32, _ number: UInt32, _ rs1: UInt32
  ) -> UInt32 {
    number << 20 | rs1 << 15 | function3 << 12 | rd << 7 | 0x73
  }
  static func atomic(
    _ function5: UInt32, _ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32
  ) -> UInt32 {
    r(0x2f, 2, function5 << 2, rd, rs1, rs2)
  }

  /// Two instructions that set `rd` to `value`.
  static func li(_ rd: UInt32, _ value: UInt32) -> [UInt32] {
    let low = Int32(bitPattern: value << 20) >> 20
    return [lui(rd, value &- UInt32(bitPattern: low)), addi(rd, rd, low)]
  }

  static let nop = addi(0, 0, 0)
  static let ecall: UInt32 = 0x0000_0073
  static let ebreak: UInt32 = 0x0010_0073
  static let mret: UInt32 = 0x3020_0073
  static let wfi: UInt32 = 0x1050_0073
  static let fence: UInt32 = 0x0ff0_000f
  static let fenceI: UInt32 = 0x0000_100f
}
