/// Floating-point instructions without memory.
///
/// Source: [ARMV7M] A7.7.
enum FloatExecution {
  /// Executes a `.vfp` instruction; the caller has checked that the unit is on.
  static func execute(_ i: ThumbInstruction, _ x: RegisterFile) {
    guard let operation = FloatOperation(rawValue: i.amount) else { return }
    let s = RegisterFile.float
    let (n, m) = (x[s &+ i.rn], x[s &+ i.rm])
    switch operation {
    case .moveImmediate: x[s &+ i.rd] = i.immediate
    case .move: x[s &+ i.rd] = m
    case .abs: x[s &+ i.rd] = m & ~(1 << 31)
    case .neg: x[s &+ i.rd] = m ^ 1 << 31
    case .fromCore: x[s &+ i.rn] = x[i.rd]
    case .toCore: x[i.rd] = n
    case .fromCorePair:
      x[s &+ i.rm] = x[i.rd]
      x[s &+ i.rm &+ 1] = x[i.ra]
    case .toCorePair:
      x[i.rd] = m
      x[i.ra] = x[s &+ i.rm &+ 1]
    case .readStatus:
      if i.rd == 15 {
        x.setFlags(x[RegisterFile.floatFlags])
      } else {
        x[i.rd] = x[RegisterFile.floatFlags] | x[RegisterFile.floatStatus]
      }
    case .writeStatus:
      x[RegisterFile.floatFlags] = x[i.rd] & 0xf000_0000
      x[RegisterFile.floatStatus] = x[i.rd] & writableStatus
    default: calculate(operation, i, x)
    }
  }

  /// The bits of FPSCR that can be written, but for its flags.
  static let writableStatus: UInt32 = 0x07c0_009f

  private static func calculate(
    _ operation: FloatOperation, _ i: ThumbInstruction, _ x: RegisterFile
  ) {
    let s = RegisterFile.float
    let (d, n, m) = (x[s &+ i.rd], x[s &+ i.rn], x[s &+ i.rm])
    let sign: UInt32 = 1 << 31
    var unit = FloatArithmetic(status: x[RegisterFile.floatStatus])
    let result: UInt32
    switch operation {
    case .add: result = unit.add(n, m)
    case .sub: result = unit.subtract(n, m)
    case .mul: result = unit.multiply(n, m)
    case .nmul: result = unit.multiply(n, m) ^ sign
    case .div: result = unit.divide(n, m)
    case .mla: result = unit.add(d, unit.multiply(n, m))
    case .mls: result = unit.add(d, unit.multiply(n, m) ^ sign)
    case .nmla: result = unit.add(d ^ sign, unit.multiply(n, m) ^ sign)
    case .nmls: result = unit.add(d ^ sign, unit.multiply(n, m))
    case .fma: result = unit.fused(d, n, m)
    case .fms: result = unit.fused(d, n ^ sign, m)
    case .fnma: result = unit.fused(d ^ sign, n ^ sign, m)
    case .fnms: result = unit.fused(d ^ sign, n, m)
    case .sqrt: result = unit.squareRoot(m)
    case .compare, .compareZero:
      let other = operation == .compare ? m : 0
      x[RegisterFile.floatFlags] = unit.compare(d, other, signalsQuiet: i.immediate == 1)
      result = d
    default: result = convert(operation, i, d, m, &unit)
    }
    x[s &+ i.rd] = result
    x[RegisterFile.floatStatus] = unit.status
  }

  private static func convert(
    _ operation: FloatOperation, _ i: ThumbInstruction, _ d: UInt32, _ m: UInt32,
    _ unit: inout FloatArithmetic
  ) -> UInt32 {
    let upper = i.immediate == 1
    switch operation {
    case .fromHalf: return unit.fromHalf(upper ? m >> 16 : m & 0xffff)
    case .toHalf:
      let half = unit.toHalf(m)
      return upper ? d & 0xffff | half << 16 : d & 0xffff_0000 | half
    case .fromSigned: return unit.fromInteger(Int64(Int32(bitPattern: m)))
    case .fromUnsigned: return unit.fromInteger(Int64(m))
    case .toSigned, .toUnsigned:
      return unit.toInteger(
        m, size: 32, isSigned: operation == .toSigned, towardsZero: upper)
    default: break
    }
    let fraction = i.immediate & 0xff
    let size = i.immediate >> 8
    if operation == .toFixed {
      return unit.toInteger(
        m, size: size, isSigned: i.isSigned, fraction: fraction, towardsZero: true)
    }
    let value =
      i.isSigned
      ? Int64(Int32(bitPattern: signExtended(m, size)))
      : Int64(size == 32 ? m : m & 0xffff)
    return unit.fromInteger(value, fraction: fraction)
  }
}
