/// Instructions that saturate and say so by the Q flag.
enum Saturation {
  /// `value` within `count` bits, signed or not; sets Q when it was not.
  static func saturated(
    _ value: Int64, _ count: UInt32, isSigned: Bool, _ x: RegisterFile
  ) -> UInt32 {
    let (low, high) = bounds(count, isSigned: isSigned)
    let result = min(max(value, low), high)
    if result != value { x[RegisterFile.q] = 1 }
    return UInt32(truncatingIfNeeded: result)
  }

  static func bounds(_ count: UInt32, isSigned: Bool) -> (low: Int64, high: Int64) {
    isSigned
      ? (-(1 << Int64(count - 1)), 1 << Int64(count - 1) - 1) : (0, 1 << Int64(count) - 1)
  }

  static func execute(_ i: ThumbInstruction, _ x: RegisterFile) {
    switch i.operation {
    case .ssat, .usat:
      var carry: UInt32 = 0
      let operand = DataProcessing.shifted(x[i.rn], i.shift, UInt32(i.amount), &carry)
      x[i.rd] = saturated(
        Int64(Int32(bitPattern: operand)), i.immediate, isSigned: i.operation == .ssat, x)
    case .ssat16, .usat16:
      let isSigned = i.operation == .ssat16
      let low = Int64(Int16(truncatingIfNeeded: x[i.rn]))
      let high = Int64(Int16(truncatingIfNeeded: x[i.rn] >> 16))
      let first = saturated(low, i.immediate, isSigned: isSigned, x) & 0xffff
      x[i.rd] = first | saturated(high, i.immediate, isSigned: isSigned, x) << 16
    default: addOrSubtract(i, x)
    }
  }

  private static func addOrSubtract(_ i: ThumbInstruction, _ x: RegisterFile) {
    let m = Int64(x.signed(i.rm))
    var n = Int64(x.signed(i.rn))
    if i.operation == .qdadd || i.operation == .qdsub {
      n = Int64(Int32(bitPattern: saturated(2 * n, 32, isSigned: true, x)))
    }
    let isSum = i.operation == .qadd || i.operation == .qdadd
    x[i.rd] = saturated(isSum ? m + n : m - n, 32, isSigned: true, x)
  }
}
