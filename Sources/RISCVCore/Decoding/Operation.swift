/// What one decoded instruction does; dense, so that a switch over it is one indirect jump.
///
/// The names are the mnemonics of [RISCV-UNPRIV]; a compressed instruction has the operation of the
/// full one that it stands for.
package enum Operation: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case lui, auipc, jal, jalr
  case beq, bne, blt, bge, bltu, bgeu
  case lb, lh, lw, lbu, lhu
  case sb, sh, sw
  case addi, slti, sltiu, xori, ori, andi, slli, srli, srai
  case add, sub, sll, slt, sltu, xor, srl, sra, or, and
  case mul, mulh, mulhsu, mulhu, div, divu, rem, remu
  case fence, fenceI
  case ecall, ebreak, mret, wfi
  case csrrw, csrrs, csrrc, csrrwi, csrrsi, csrrci
  case lrW, scW
  case amoswapW, amoaddW, amoxorW, amoandW, amoorW
  case amominW, amomaxW, amominuW, amomaxuW
  /// No instruction of this processor; executing it is an illegal-instruction exception.
  case illegal

  // The rest never comes from the decoder: translation adds it.

  /// The record in front of a block.
  case header
  /// The record behind a block: goes on at its own address.
  case end

  // Two instructions in one step of the loop. The first record bears this operation, the second its
  // own; only the second may leave the block or need the general path.
  case addiBeq, addiBne, addiBlt, addiBge, addiBltu, addiBgeu
  case andiBeq, andiBne, addBltu, addBne
  case slliAdd, addLw, addLbu, addiAddi, addiLw, addiSw, addiJal, srliXor, addiAdd, addAddi
}

extension Operation {
  /// The operation that does this one and then `next`, if there is one.
  func fused(with next: Operation) -> Operation? {
    switch (self, next) {
    case (.addi, .beq): .addiBeq
    case (.addi, .bne): .addiBne
    case (.addi, .blt): .addiBlt
    case (.addi, .bge): .addiBge
    case (.addi, .bltu): .addiBltu
    case (.addi, .bgeu): .addiBgeu
    case (.andi, .beq): .andiBeq
    case (.andi, .bne): .andiBne
    case (.add, .bltu): .addBltu
    case (.add, .bne): .addBne
    case (.slli, .add): .slliAdd
    case (.add, .lw): .addLw
    case (.add, .lbu): .addLbu
    case (.addi, .addi): .addiAddi
    case (.addi, .lw): .addiLw
    case (.addi, .sw): .addiSw
    case (.addi, .jal): .addiJal
    case (.srli, .xor): .srliXor
    case (.addi, .add): .addiAdd
    case (.add, .addi): .addAddi
    default: nil
    }
  }
}

extension Operation {
  /// Whether nothing of a block is translated behind this operation.
  var endsBlock: Bool {
    switch self {
    case .jal, .jalr, .fenceI, .ecall, .ebreak, .mret, .wfi, .illegal: true
    case .csrrw, .csrrs, .csrrc, .csrrwi, .csrrsi, .csrrci: true
    default: false
    }
  }

  /// Whether the immediate is an offset from the instruction's own address.
  var isRelative: Bool {
    switch self {
    case .auipc, .jal, .beq, .bne, .blt, .bge, .bltu, .bgeu: true
    default: false
    }
  }
}
