extension ThumbALU {
  /// Whether the carry flag comes from the operand.
  var isLogical: Bool {
    switch self {
    case .and, .bic, .orr, .orn, .eor, .mov, .mvn: true
    case .add, .adc, .sbc, .sub, .rsb: false
    }
  }

  /// The operation on two registers that sets no flags.
  var plain: HotOperation? {
    switch self {
    case .and: .andR
    case .bic: .bicR
    case .orr: .orrR
    case .orn: .ornR
    case .eor: .eorR
    case .add: .addR
    case .adc: .adcR
    case .sbc: .sbcR
    case .sub: .subR
    case .mvn: .mvnR
    case .rsb, .mov: nil
    }
  }

  /// The same with the second one shifted.
  func shifted(_ shift: ThumbShift) -> HotOperation? {
    switch (self, shift) {
    case (.add, .lsl): .addL
    case (.add, .lsr): .addH
    case (.add, .asr): .addA
    case (.sub, .lsl): .subL
    case (.sub, .lsr): .subH
    case (.sub, .asr): .subA
    case (.rsb, .lsl): .rsbL
    case (.and, .lsl): .andL
    case (.and, .lsr): .andH
    case (.bic, .lsl): .bicL
    case (.orr, .lsl): .orrL
    case (.orr, .lsr): .orrH
    case (.orr, .asr): .orrA
    case (.eor, .lsl): .eorL
    case (.eor, .lsr): .eorH
    case (.eor, .asr): .eorA
    default: nil
    }
  }
}
