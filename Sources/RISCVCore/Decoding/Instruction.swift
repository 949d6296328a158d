/// One decoded instruction: a plain value without an address.
package struct Instruction: Equatable, Sendable {
  /// What it does.
  package var operation: Operation
  /// The register it writes, 0...31.
  package var rd: UInt8 = 0
  /// The first register it reads, 0...31; the number itself for `csrrwi`, `csrrsi`, `csrrci`.
  package var rs1: UInt8 = 0
  /// The second register it reads, 0...31.
  package var rs2: UInt8 = 0
  /// The sign-extended immediate; the number of a control register, 0...4095, of a `csrr*`; the
  /// instruction's bits when it is illegal.
  package var immediate: Int32 = 0
  /// Bytes it takes in memory: 2 or 4.
  package var byteCount: UInt8 = 4

  /// Decodes the instruction whose first halfword is the low half of `word`.
  ///
  /// Total: a pattern that means nothing gives ``Operation/illegal``. The high half of `word` does
  /// not matter when the low half is a compressed instruction. Source: [RISCV-UNPRIV] §1.5, §24.
  package init(decoding word: UInt32) {
    if word & 3 == 3 {
      self.init(full: word)
    } else {
      let half = UInt16(truncatingIfNeeded: word)
      if let expanded = CompressedInstruction(rawValue: half).expanded {
        self.init(full: expanded)
      } else {
        self.init(operation: .illegal, immediate: Int32(half))
      }
      byteCount = 2
    }
  }

  init(operation: Operation, immediate: Int32 = 0) {
    self.operation = operation
    self.immediate = immediate
  }

  private init(full word: UInt32) {
    let fields = InstructionFields(rawValue: word)
    self.init(operation: fields.operation)
    guard operation != .illegal else {
      immediate = Int32(bitPattern: word)
      return
    }
    rd = fields.rd
    rs1 = fields.rs1
    rs2 = fields.rs2
    switch fields.opcode {
    case 0x37, 0x17: immediate = fields.upperImmediate
    case 0x6f: immediate = fields.jumpImmediate
    case 0x63: immediate = fields.branchImmediate
    case 0x23: immediate = fields.storeImmediate
    case 0x73: immediate = Int32(word >> 20)
    default: immediate = fields.immediate
    }
    // A shift reads its distance from the low five bits; the rest told the operations apart.
    if operation == .slli || operation == .srli || operation == .srai { immediate &= 31 }
  }
}
