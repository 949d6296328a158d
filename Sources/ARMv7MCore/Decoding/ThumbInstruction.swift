/// What a data-processing instruction computes; its raw value is the one of 32-bit encodings where
/// there is one.
package enum ThumbALU: UInt8, BitwiseCopyable, Sendable {
  case and = 0
  case bic = 1
  case orr = 2
  case orn = 3
  case eor = 4
  case add = 8
  case adc = 10
  case sbc = 11
  case sub = 13
  case rsb = 14
  /// The second operand.
  case mov = 5
  /// The inverted second operand.
  case mvn = 6
}

/// How a register operand is shifted.
package enum ThumbShift: UInt8, BitwiseCopyable, Sendable {
  case lsl, lsr, asr, ror
}

/// What one decoded instruction does.
package enum ThumbOperation: UInt8, BitwiseCopyable, Sendable {
  // Data processing.
  case dataImmediate, dataRegister, shiftRegister, adr, movt
  case mul, mla, mls, smull, umull, smlal, umlal, umaal, sdiv, udiv
  case bfi, sbfx, ubfx, ssat, usat, ssat16, usat16
  case sxtb, sxth, uxtb, uxth, sxtb16, uxtb16
  case clz, rbit, rev, rev16, revsh
  // DSP extension.
  case sel, parallel, qadd, qdadd, qsub, qdsub, pkhbt, pkhtb
  case smlaxy, smlaw, smlad, smlsd, smmla, smmls, usada8, smlalxy, smlald, smlsld
  // Memory.
  case load, store, loadDual, storeDual, loadMultiple, storeMultiple
  case loadExclusive, storeExclusive, clrex, tableBranch
  // Branches and the system.
  case branch, branchLink, bx, blx, cbz, cbnz, it
  case svc, bkpt, undefined, nop, wfi, wfe, sev, dmb, dsb, isb, cps, mrs, msr
  /// Floating point without memory.
  case vfp
  /// Load or store of one or two floating-point registers.
  case vload, vstore, vloadMultiple, vstoreMultiple
}

/// One decoded Thumb-2 instruction: a plain value without an address.
package struct ThumbInstruction: Equatable, BitwiseCopyable, Sendable {
  /// What it does.
  package var operation: ThumbOperation
  /// The register it writes, or that a store reads.
  package var rd: UInt8 = 15
  /// The first register it reads, or the base of an address.
  package var rn: UInt8 = 15
  /// The second register it reads.
  package var rm: UInt8 = 15
  /// A third register: addend, or the upper half of a result.
  package var ra: UInt8 = 15
  /// An immediate, an offset, a list of registers, or the bits of what is undefined.
  package var immediate: UInt32 = 0
  /// What data processing computes.
  package var alu = ThumbALU.mov
  /// How `rm` is shifted, and by how much.
  package var shift = ThumbShift.lsl
  package var amount: UInt8 = 0
  /// Whether it sets the flags.
  package var setsFlags = false
  /// Whether the result is thrown away: `tst`, `teq`, `cmp`, `cmn`.
  package var isComparison = false
  /// What an immediate makes of the carry flag: 0 or 1; 2: nothing.
  package var carry: UInt8 = 2
  /// Bytes of a memory access: 1, 2 or 4.
  package var width: UInt8 = 4
  /// A load extends the sign, a multiplication is signed, and so on.
  package var isSigned = false
  /// The address is that of `rn` with the offset.
  package var isIndexed = true
  /// `rn` is written back.
  package var writesBack = false
  /// The offset is `rm`, shifted.
  package var hasRegisterOffset = false
  /// Accesses memory as an unprivileged program does.
  package var isUnprivileged = false
  /// The condition of a branch; 14: always.
  package var condition: UInt8 = 14
  /// Bytes it takes in memory: 2 or 4.
  package var byteCount: UInt8 = 4

  init(_ operation: ThumbOperation) { self.operation = operation }

  /// Decodes the instruction whose first halfword is `first`.
  ///
  /// Total: a pattern that means nothing gives ``ThumbOperation/undefined``. `second` matters only
  /// when ``isWide(_:)``; `inIT` says that it stands in an IT block, where short instructions set no
  /// flags. Source: [ARMV7M] A5.
  package init(decoding first: UInt16, _ second: UInt16, inIT: Bool = false) {
    if Self.isWide(first) {
      self = Self.wide(UInt32(first), UInt32(second))
    } else {
      self = Self.narrow(UInt32(first), setsFlags: !inIT)
      byteCount = 2
    }
  }

  /// Whether an instruction that begins with `first` takes two halfwords.
  package static func isWide(_ first: UInt16) -> Bool { first >> 11 >= 0b11101 }

  /// Bits that are no instruction of this processor.
  static func undefined(_ bits: UInt32) -> ThumbInstruction {
    var instruction = ThumbInstruction(.undefined)
    instruction.immediate = bits
    return instruction
  }
}

/// The low eight bits of a shifted number, as registers and small fields are cut out.
@inline(__always)
func field(_ bits: UInt32, _ shift: UInt32, _ mask: UInt32) -> UInt8 {
  UInt8(truncatingIfNeeded: bits >> shift & mask)
}

/// Sign-extends the low `count` bits.
@inline(__always)
func signExtended(_ value: UInt32, _ count: UInt32) -> UInt32 {
  UInt32(bitPattern: Int32(bitPattern: value << (32 - count)) >> Int32(32 - count))
}
