extension Translation.Placed {
  /// Whether nothing of a block is translated behind it.
  var endsBlock: Bool {
    let i = instruction
    switch i.operation {
    case .svc, .bkpt, .undefined, .isb, .cps, .msr, .wfi, .wfe, .bx, .blx, .branchLink,
      .tableBranch:
      return !isConditional
    case .branch: return i.condition == 14 && !isConditional
    case .load: return i.rd == 15 && !isConditional
    case .loadMultiple: return i.immediate >> 15 & 1 == 1 && !isConditional
    case .dataRegister: return i.rd == 15 && !i.isComparison && !isConditional
    default: return false
    }
  }

  /// Whether a later instruction of the same IT block may find other flags.
  var changesFlags: Bool {
    switch instruction.operation {
    case .dataImmediate, .dataRegister, .shiftRegister, .mul: instruction.setsFlags
    case .msr, .vfp, .svc, .bkpt: true
    default: false
    }
  }
}
