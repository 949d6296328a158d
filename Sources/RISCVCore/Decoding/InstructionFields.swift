/// The fields of a 32-bit instruction word.
///
/// Source: [RISCV-UNPRIV] §2.2, §2.3, §24.
struct InstructionFields {
  let rawValue: UInt32

  var opcode: UInt32 { rawValue & 0x7f }
  var rd: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 7) & 31 }
  var rs1: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 15) & 31 }
  var rs2: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 20) & 31 }
  var function3: UInt32 { rawValue >> 12 & 7 }
  var function7: UInt32 { rawValue >> 25 }

  private var signed: Int32 { Int32(bitPattern: rawValue) }

  /// The immediate of loads and of arithmetic (format I).
  var immediate: Int32 { signed >> 20 }
  /// The immediate of stores (format S).
  var storeImmediate: Int32 { (signed >> 25) << 5 | Int32(rd) }
  /// The immediate of `lui` and `auipc` (format U).
  var upperImmediate: Int32 { Int32(bitPattern: rawValue & 0xffff_f000) }

  /// The offset of a branch (format B).
  var branchImmediate: Int32 {
    let low: UInt32 = rawValue >> 7 & 0x1e | rawValue >> 20 & 0x7e0
    return (signed >> 31) << 12 | Int32(low) | Int32(rawValue << 4 & 0x800)
  }

  /// The offset of `jal` (format J).
  var jumpImmediate: Int32 {
    let low: UInt32 = rawValue >> 20 & 0x7fe | rawValue >> 9 & 0x800
    return (signed >> 31) << 20 | Int32(low) | Int32(rawValue & 0xff000)
  }

  /// The operation these bits name.
  var operation: Operation {
    switch opcode {
    case 0x37: .lui
    case 0x17: .auipc
    case 0x6f: .jal
    case 0x67: function3 == 0 ? .jalr : .illegal
    case 0x63: Self.branches[Int(function3)]
    case 0x03: Self.loads[Int(function3)]
    case 0x23: Self.stores[Int(function3)]
    case 0x13: immediateArithmetic
    case 0x33: registerArithmetic
    case 0x0f: function3 == 0 ? .fence : function3 == 1 ? .fenceI : .illegal
    case 0x73: system
    case 0x2f: function3 == 2 ? atomic : .illegal
    default: .illegal
    }
  }

  private static let branches: [Operation] = [
    .beq, .bne, .illegal, .illegal, .blt, .bge, .bltu, .bgeu,
  ]
  private static let loads: [Operation] = [
    .lb, .lh, .lw, .illegal, .lbu, .lhu, .illegal, .illegal,
  ]
  private static let stores: [Operation] = [
    .sb, .sh, .sw, .illegal, .illegal, .illegal, .illegal, .illegal,
  ]
  private static let base: [Operation] = [.add, .sll, .slt, .sltu, .xor, .srl, .or, .and]
  private static let multiply: [Operation] = [
    .mul, .mulh, .mulhsu, .mulhu, .div, .divu, .rem, .remu,
  ]
  private static let control: [Operation] = [
    .illegal, .csrrw, .csrrs, .csrrc, .illegal, .csrrwi, .csrrsi, .csrrci,
  ]

  private var immediateArithmetic: Operation {
    switch function3 {
    case 0: .addi
    case 1: function7 == 0 ? .slli : .illegal
    case 2: .slti
    case 3: .sltiu
    case 4: .xori
    case 5: function7 == 0 ? .srli : function7 == 0x20 ? .srai : .illegal
    case 6: .ori
    default: .andi
    }
  }

  private var registerArithmetic: Operation {
    switch function7 {
    case 0: Self.base[Int(function3)]
    case 1: Self.multiply[Int(function3)]
    case 0x20: function3 == 0 ? .sub : function3 == 5 ? .sra : .illegal
    default: .illegal
    }
  }

  private var system: Operation {
    switch rawValue {
    case 0x0000_0073: .ecall
    case 0x0010_0073: .ebreak
    case 0x3020_0073: .mret
    case 0x1050_0073: .wfi
    default: Self.control[Int(function3)]
    }
  }

  private var atomic: Operation {
    switch rawValue >> 27 {
    case 0x02: rs2 == 0 ? .lrW : .illegal
    case 0x03: .scW
    case 0x01: .amoswapW
    case 0x00: .amoaddW
    case 0x04: .amoxorW
    case 0x0c: .amoandW
    case 0x08: .amoorW
    case 0x10: .amominW
    case 0x14: .amomaxW
    case 0x18: .amominuW
    case 0x1c: .amomaxuW
    default: .illegal
    }
  }
}
