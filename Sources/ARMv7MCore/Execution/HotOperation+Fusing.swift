/// A condition of a branch, as its code; 14 is always.
enum HotCondition: UInt8 {
  case eq, ne, cs, cc, mi, pl, vs, vc, hi, ls, ge, lt, gt, le

  /// The branch that reads it from the flags.
  var branch: HotOperation {
    switch self {
    case .eq: .bEq
    case .ne: .bNe
    case .cs: .bCs
    case .cc: .bCc
    case .mi: .bMi
    case .pl: .bPl
    case .vs: .bVs
    case .vc: .bVc
    case .hi: .bHi
    case .ls: .bLs
    case .ge: .bGe
    case .lt: .bLt
    case .gt: .bGt
    case .le: .bLe
    }
  }

  /// The branch that reads it from the result itself, if it is about N or Z alone.
  var test: HotOperation? {
    switch self {
    case .eq: .cbz
    case .ne: .cbnz
    case .mi: .cbmi
    case .pl: .cbpl
    default: nil
    }
  }
}

extension HotOperation {
  /// The comparison that branches at once.
  func comparing(_ condition: HotCondition) -> HotOperation? {
    switch (self, condition) {
    case (.cmpI, .eq): .cmpIEq
    case (.cmpI, .ne): .cmpINe
    case (.cmpI, .cs): .cmpICs
    case (.cmpI, .cc): .cmpICc
    case (.cmpI, .hi): .cmpIHi
    case (.cmpI, .ls): .cmpILs
    case (.cmpI, .ge): .cmpIGe
    case (.cmpI, .lt): .cmpILt
    case (.cmpI, .gt): .cmpIGt
    case (.cmpI, .le): .cmpILe
    case (.cmpR, .eq): .cmpREq
    case (.cmpR, .ne): .cmpRNe
    case (.cmpR, .cs): .cmpRCs
    case (.cmpR, .cc): .cmpRCc
    case (.cmpR, .hi): .cmpRHi
    case (.cmpR, .ls): .cmpRLs
    case (.cmpR, .ge): .cmpRGe
    case (.cmpR, .lt): .cmpRLt
    case (.cmpR, .gt): .cmpRGt
    case (.cmpR, .le): .cmpRLe
    default: nil
    }
  }

  /// The comparison that a subtraction was made from.
  var comparison: HotOperation? {
    switch self {
    case .addI: .cmpI
    case .subR: .cmpR
    default: nil
    }
  }

  /// The same without flags; its result says what N and Z would.
  ///
  /// Subtractions of an immediate have become additions whenever their carry is not wanted.
  var withoutFlags: HotOperation? {
    switch self {
    case .movsI: .movI
    case .movsR: .movR
    case .mvnsR: .mvnR
    case .andsI: .andI
    case .andsR: .andR
    case .bicsR: .bicR
    case .orrsI: .orrI
    case .orrsR: .orrR
    case .eorsI: .eorI
    case .eorsR: .eorR
    case .addNZI: .addI
    case .addNZR: .addR
    case .subNZR: .subR
    case .lslNZI: .lslI
    case .lsrNZI: .lsrI
    case .asrNZI: .asrI
    case .muls: .mul
    default: nil
    }
  }

  /// Whether its slow path is an instruction of ``BlockCache/helpers``.
  var needsHelper: Bool { self == .vadd || self == .vsub || self == .vmul }
}
