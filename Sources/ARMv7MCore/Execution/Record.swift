import CoreSupport

/// One record of a translated block: a decoded instruction at a known address.
///
/// 16 bytes. The record behind an instruction always holds the address that follows it.
struct Record: BitwiseCopyable, Sendable {
  /// Bytes of a record; steps are counted in this unit.
  static let byteCount = 16
  /// ``immediate`` of the header of a block that must not be entered any more.
  static let staleReach = UInt32(Int32.max)

  var operation: HotOperation
  /// The slot written.
  ///
  /// In a header: records up to and with the end of the block.
  var rd: UInt8 = RegisterFile.sink
  var rs1: UInt8 = RegisterFile.zero
  var rs2: UInt8 = RegisterFile.zero
  /// An operand, an offset, or the address a branch goes to.
  ///
  /// In a header: 16 for each instruction of the block.
  var immediate: UInt32 = 0
  var pc: UInt32
  /// The header of the block at the target of a branch, 0 while unknown.
  ///
  /// In a header: the next header of the same bucket, 0 at the end. In a ``HotOperation/helper``:
  /// the number of the instruction in ``BlockCache/helpers``.
  var link: UInt32 = 0
}

/// A jump whose target is known but whose record does not name the target's block yet.
struct UnlinkedJump: Sendable {
  let index: Int
  let target: UInt32
  let generation: Int
}

/// The flags that instructions read and write, as bits: N 8, Z 4, C 2, V 1.
struct FlagUse {
  static let all: UInt8 = 15
  var reads: UInt8 = 0
  var writes: UInt8 = 0

  /// What condition `code` reads.
  static func reads(_ code: UInt8) -> UInt8 {
    switch code >> 1 {
    case 0: 4
    case 1: 2
    case 2: 8
    case 3: 1
    case 4: 6
    case 5: 9
    case 6: 13
    default: 0
    }
  }

  /// The use of `i`, which is not in an IT block; everything is read by what is not known.
  init(_ i: ThumbInstruction) {
    switch i.operation {
    case .dataImmediate, .dataRegister, .shiftRegister:
      if i.alu == .adc || i.alu == .sbc { reads = 2 }
      if i.operation == .dataRegister, i.shift == .ror, i.amount == 0 { reads = 2 }
      if i.setsFlags { writes = Self.written(i) }
    case .mul: if i.setsFlags { writes = 12 }
    case .branch: reads = Self.reads(i.condition)
    case .load, .store, .loadDual, .storeDual, .loadMultiple, .storeMultiple, .adr, .movt,
      .mla, .mls, .smull, .umull, .smlal, .umlal, .umaal, .sdiv, .udiv, .bfi, .sbfx, .ubfx,
      .ssat, .usat, .ssat16, .usat16, .sxtb, .sxth, .uxtb, .uxth, .sxtb16, .uxtb16,
      .clz, .rbit, .rev, .rev16, .revsh, .sel, .parallel, .qadd, .qdadd, .qsub, .qdsub,
      .pkhbt, .pkhtb, .smlaxy, .smlaw, .smlad, .smlsd, .smmla, .smmls, .usada8, .smlalxy,
      .smlald, .smlsld, .cbz, .cbnz, .nop, .dmb, .dsb, .branchLink, .tableBranch, .vload, .vstore,
      .bx, .blx:
      break
    case .vfp:
      // Comparisons set flags of their own; only `vmrs` brings them here.
      if i.amount == FloatOperation.readStatus.rawValue, i.rd == 15 { writes = Self.all }
    default: reads = Self.all
    }
  }

  private static func written(_ i: ThumbInstruction) -> UInt8 {
    // A shift by a register may leave the carry flag alone.
    if i.operation == .shiftRegister { return 12 }
    if !i.alu.isLogical { return all }
    let changesCarry =
      i.operation == .dataImmediate ? i.carry < 2 : i.amount > 0 || i.shift == .ror
    return changesCarry ? 14 : 12
  }
}
