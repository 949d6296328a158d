/// The other instructions of the DSP extension.
///
/// Source: [ARMV7M] A7.7.
enum SignalProcessing {
  /// Executes `i`; false if it is none of these.
  static func execute(_ i: ThumbInstruction, _ x: RegisterFile) -> Bool {
    let (a, b) = (x[i.rn], x[i.rm])
    switch i.operation {
    case .sel: select(i, x)
    case .parallel: parallel(i, x)
    case .pkhbt, .pkhtb:
      var carry: UInt32 = 0
      let operand = DataProcessing.shifted(b, i.shift, UInt32(i.amount), &carry)
      x[i.rd] =
        i.operation == .pkhbt
        ? a & 0xffff | operand & 0xffff_0000 : a & 0xffff_0000 | operand & 0xffff
    case .smlaxy:
      accumulate(half(a, i.immediate >> 1) * half(b, i.immediate & 1), i, x)
    case .smlaw:
      let product = Int64(Int32(bitPattern: a)) * half(b, i.immediate & 1)
      accumulate(product >> 16, i, x)
    case .smlad, .smlsd:
      let (low, high) = products(i, a, b)
      accumulate(i.operation == .smlad ? low + high : low - high, i, x)
    case .smmla, .smmls: mostSignificant(i, a, b, x)
    case .usada8: sumOfDifferences(i, a, b, x)
    case .smlalxy: accumulateLong(half(a, i.immediate >> 1) * half(b, i.immediate & 1), i, x)
    case .smlald, .smlsld:
      let (low, high) = products(i, a, b)
      accumulateLong(i.operation == .smlald ? low + high : low - high, i, x)
    default: return false
    }
    return true
  }

  /// The upper or lower half of `value`, signed.
  private static func half(_ value: UInt32, _ upper: UInt32) -> Int64 {
    Int64(Int16(truncatingIfNeeded: upper == 0 ? value : value >> 16))
  }

  /// Products of the halves, of `b` exchanged when bit 0 of the immediate says so.
  private static func products(_ i: ThumbInstruction, _ a: UInt32, _ b: UInt32) -> (Int64, Int64) {
    let exchange = i.immediate & 1
    return (half(a, 0) * half(b, exchange), half(a, 1) * half(b, 1 - exchange))
  }

  private static func accumulate(_ value: Int64, _ i: ThumbInstruction, _ x: RegisterFile) {
    let sum = value + (i.ra == 15 ? 0 : Int64(x.signed(i.ra)))
    let result = Int32(truncatingIfNeeded: sum)
    if Int64(result) != sum { x[RegisterFile.q] = 1 }
    x[i.rd] = UInt32(bitPattern: result)
  }

  private static func accumulateLong(_ value: Int64, _ i: ThumbInstruction, _ x: RegisterFile) {
    let old = UInt64(x[i.rd]) << 32 | UInt64(x[i.ra])
    let result = old &+ UInt64(bitPattern: value)
    x[i.ra] = UInt32(truncatingIfNeeded: result)
    x[i.rd] = UInt32(result >> 32)
  }

  private static func mostSignificant(
    _ i: ThumbInstruction, _ a: UInt32, _ b: UInt32, _ x: RegisterFile
  ) {
    let addend = i.ra == 15 ? 0 : Int64(x.signed(i.ra)) << 32
    let product = Int64(Int32(bitPattern: a)) * Int64(Int32(bitPattern: b))
    var result = i.operation == .smmla ? addend &+ product : addend &- product
    if i.immediate & 1 == 1 { result = result &+ 0x8000_0000 }
    x[i.rd] = UInt32(truncatingIfNeeded: result >> 32)
  }

  private static func sumOfDifferences(
    _ i: ThumbInstruction, _ a: UInt32, _ b: UInt32, _ x: RegisterFile
  ) {
    var sum = i.ra == 15 ? 0 : x[i.ra]
    for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
      let difference = Int32(a >> shift & 0xff) - Int32(b >> shift & 0xff)
      sum = sum &+ difference.magnitude
    }
    x[i.rd] = sum
  }

  private static func select(_ i: ThumbInstruction, _ x: RegisterFile) {
    var mask: UInt32 = 0
    for lane in 0..<4 as Range<UInt32> where x[RegisterFile.ge] >> lane & 1 == 1 {
      mask |= 0xff << (8 * lane)
    }
    x[i.rd] = x[i.rn] & mask | x[i.rm] & ~mask
  }

  /// One lane of a parallel operation; gives its result and its GE flag.
  private struct Lane {
    let isSigned: Bool
    let kind: UInt32
    let width: UInt32

    func value(_ bits: UInt32, _ index: UInt32) -> Int64 {
      let part = bits >> (index * width)
      if isSigned { return Int64(Int32(bitPattern: signExtended(part, width))) }
      return Int64(width == 8 ? part & 0xff : part & 0xffff)
    }

    func finish(_ sum: Int64, isSum: Bool) -> (result: UInt32, ge: Bool) {
      let mask: UInt32 = width == 8 ? 0xff : 0xffff
      switch kind {
      case 1:
        let (low, high) = Saturation.bounds(width, isSigned: isSigned)
        return (UInt32(truncatingIfNeeded: min(max(sum, low), high)) & mask, false)
      case 2: return (UInt32(truncatingIfNeeded: sum >> 1) & mask, false)
      default:
        let ge = isSigned || !isSum ? sum >= 0 : sum >> Int64(width) != 0
        return (UInt32(truncatingIfNeeded: sum) & mask, ge)
      }
    }
  }

  private static func parallel(_ i: ThumbInstruction, _ x: RegisterFile) {
    let operation = i.immediate & 7
    let prefix = i.immediate >> 4
    let width: UInt32 = operation == 0 || operation == 4 ? 8 : 16
    let lane = Lane(isSigned: prefix & 4 == 0, kind: prefix & 3, width: width)
    let (a, b) = (x[i.rn], x[i.rm])
    let exchanges = operation == 2 || operation == 6
    var result: UInt32 = 0
    var flags: UInt32 = 0
    for index in 0..<(32 / width) {
      // asx adds in the upper half and subtracts in the lower, sax the other way round.
      let isSum =
        switch operation {
        case 0, 1: true
        case 4, 5: false
        case 2: index == 1
        default: index == 0
        }
      let second = lane.value(b, exchanges ? 1 - index : index)
      let first = lane.value(a, index)
      let (part, ge) = lane.finish(isSum ? first + second : first - second, isSum: isSum)
      result |= part << (index * width)
      if ge { flags |= (width == 8 ? 1 : 3) << (index * (width / 8)) }
    }
    x[i.rd] = result
    if lane.kind == 0 { x[RegisterFile.ge] = flags }
  }
}
