import RISCVCore
import Testing

@Suite("Decoder")
struct DecoderTests {
  // [RISCV-UNPRIV] §16.8 lists what each quadrant reserves or leaves to floating point.
  @Test("Of all 65,536 halfwords exactly the legal compressed ones expand")
  func compressedCounts() {
    var legal = [0, 0, 0, 0]
    for half in UInt16.min...UInt16.max {
      let instruction = Instruction(decoding: UInt32(half) | 0xa5a5_0000)
      if half & 3 == 3 {
        #expect(instruction.byteCount == 4)
      } else {
        #expect(instruction.byteCount == 2)
        if instruction.operation != .illegal {
          legal[Int(half & 3)] += 1
        } else {
          #expect(instruction == Instruction.illegalHalf(half))
        }
      }
    }
    // addi4spn without offset 0; lw; sw.
    #expect(legal[0] == 2048 - 8 + 2048 + 2048)
    // addi, jal, li; lui and addi16sp without immediate 0; shifts of up to 31; andi; four register
    // operations; j, beqz, bnez.
    #expect(legal[1] == 3 * 2048 + 2048 - 32 + 2 * 256 + 512 + 4 * 64 + 3 * 2048)
    // slli of up to 31; lwsp except into x0; jr, mv, jalr, add, ebreak; swsp.
    #expect(legal[2] == 1024 + 2048 - 64 + 31 + 31 * 32 + 31 + 31 * 32 + 1 + 2048)
  }

  @Test("All expansions together are the ones compared with a disassembler")
  func compressedExpansions() {
    // A hash of all 65,536 results. When it was taken, GNU objdump gave the same text for each
    // halfword and for its expansion, but for the names of hints such as `c.slli64` and `mv`.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for half in UInt16.min...UInt16.max {
      hash ^= UInt64(CompressedInstruction(rawValue: half).expanded ?? 0)
      hash = hash &* 0x100_0000_01b3
    }
    #expect(hash == 52_826_861_183_434_710)
  }

  @Test("The full patterns that mean something are as many as the opcode map has")
  func fullCounts() {
    var counts: [Operation: Int] = [:]
    for pattern in 0..<1 << 17 as Range<UInt32> {
      let word = (pattern >> 10) << 25 | (pattern >> 7 & 7) << 12 | pattern & 0x7f
      guard word & 3 == 3 else { continue }
      counts[Instruction(decoding: word).operation, default: 0] += 1
    }
    for operation in [.lui, .auipc, .jal] as [Operation] { #expect(counts[operation] == 1024) }
    for operation in [.jalr, .beq, .bgeu, .lb, .lhu, .sb, .sw, .addi, .andi, .fence, .fenceI]
      as [Operation]
    { #expect(counts[operation] == 128, "\(operation)") }
    for operation in [.slli, .srli, .srai, .add, .sub, .sra, .mul, .remu] as [Operation] {
      #expect(counts[operation] == 1, "\(operation)")
    }
    // The two ordering bits of atomic operations mean nothing to the decoder.
    for operation in [.lrW, .scW, .amoswapW, .amomaxuW] as [Operation] {
      #expect(counts[operation] == 4, "\(operation)")
    }
    #expect(counts[.ecall] == 1)
    #expect(counts[.csrrw] == 128)
    #expect(counts[.header] == nil)
    #expect(counts[.end] == nil)
  }

  @Test("Immediates are sign-extended from the bits of their format")
  func immediates() {
    #expect(Instruction(decoding: Encode.addi(1, 2, -2048)).immediate == -2048)
    #expect(Instruction(decoding: Encode.sw(1, 2047, 2)).immediate == 2047)
    #expect(Instruction(decoding: Encode.sw(1, -2048, 2)).immediate == -2048)
    #expect(Instruction(decoding: Encode.beq(1, 2, -4096)).immediate == -4096)
    #expect(Instruction(decoding: Encode.beq(1, 2, 4094)).immediate == 4094)
    #expect(Instruction(decoding: Encode.jal(1, -1 << 20)).immediate == -1 << 20)
    #expect(Instruction(decoding: Encode.jal(1, 1 << 20 - 2)).immediate == 1 << 20 - 2)
    #expect(Instruction(decoding: Encode.lui(1, 0xffff_f000)).immediate == -4096)
    #expect(Instruction(decoding: Encode.r(0x13, 5, 0x20, 1, 2, 31)).immediate == 31)
    #expect(Instruction(decoding: Encode.csrrw(1, 0xfff, 2)).immediate == 0xfff)
  }

  @Test(
    "Patterns that look like instructions and are none",
    arguments: [
      0xffff_ffff, 0x0000_001f, 0x0200_1013, 0x4000_1013, 0x0000_1067, 0x0000_2063, 0x0000_3003,
      0x0000_3023, 0x0010_2023 | 0x3000, 0x0000_4073, 0x0020_0073, 0x1020_0073, 0x7b20_0073,
      0x1010_202f, 0x0000_302f, 0x2800_202f, 0x4000_4033, 0x0400_0033, 0x0000_200f, 0x0000_0007,
    ] as [UInt32])
  func illegal(word: UInt32) {
    let instruction = Instruction(decoding: word)
    #expect(instruction.operation == .illegal)
    #expect(UInt32(bitPattern: instruction.immediate) == word)
  }
}

extension Instruction {
  /// What an illegal halfword decodes to: its bits without what follows them.
  fileprivate static func illegalHalf(_ half: UInt16) -> Instruction {
    var instruction = Instruction(decoding: 0)
    instruction.immediate = Int32(half)
    return instruction
  }
}
