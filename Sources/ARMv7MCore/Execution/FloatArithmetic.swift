/// Single-precision arithmetic with the modes and the cumulative flags of FPSCR.
///
/// The host rounds to nearest; what was lost is found in double precision, which gives the inexact
/// flag and the other rounding modes. Source: [ARMV7M] A2.5.
struct FloatArithmetic {
  static let flushesToZero: UInt32 = 1 << 24
  static let defaultNaN: UInt32 = 1 << 25
  static let invalid: UInt32 = 1 << 0
  static let divisionByZero: UInt32 = 1 << 1
  static let overflow: UInt32 = 1 << 2
  static let underflow: UInt32 = 1 << 3
  static let inexact: UInt32 = 1 << 4
  static let denormalInput: UInt32 = 1 << 7

  /// FPSCR without its upper flags; operations add to the cumulative ones.
  var status: UInt32

  private static let standardNaN: UInt32 = 0x7fc0_0000

  private var flushes: Bool { status & Self.flushesToZero != 0 }

  /// The operand, or 0 of its sign for a denormal one that is flushed.
  mutating func operand(_ bits: UInt32) -> Float {
    let value = Float(bitPattern: bits)
    guard flushes, value.isSubnormal else { return value }
    status |= Self.denormalInput
    return Float(bitPattern: bits & 1 << 31)
  }

  static func isSignaling(_ value: Float) -> Bool { value.isSignalingNaN }

  /// The NaN that an operation on these gives, signalling ones first; `nil` if none is one.
  mutating func nan(_ values: Float...) -> UInt32? {
    guard values.contains(where: \.isNaN) else { return nil }
    let first = values.first(where: \.isSignalingNaN)
    if first != nil { status |= Self.invalid }
    guard status & Self.defaultNaN == 0, let found = first ?? values.first(where: \.isNaN) else {
      return Self.standardNaN
    }
    return found.bitPattern | 1 << 22
  }

  mutating func invalidResult() -> UInt32 {
    status |= Self.invalid
    return Self.standardNaN
  }

  /// What became of an operation: the value rounded to nearest, and the sign of what is missing.
  struct Rounded {
    var value: Float
    /// Positive when the exact result is larger.
    var rest: Double
    /// The exact result is below the smallest normal number.
    var isTiny: Bool
  }

  /// Rounds as FPSCR says, and sets flags.
  mutating func finish(_ rounded: Rounded) -> UInt32 {
    if rounded.isTiny, flushes {
      status |= Self.underflow
      return rounded.value.bitPattern & 1 << 31
    }
    guard rounded.rest != 0 else { return rounded.value.bitPattern }
    status |= Self.inexact
    if rounded.isTiny { status |= Self.underflow }
    if rounded.value.isInfinite { status |= Self.overflow }
    let larger = rounded.rest > 0
    let value = rounded.value
    switch status >> 22 & 3 {
    case 1 where larger: return Self.up(value)
    case 2 where !larger: return Self.down(value)
    case 3:
      let isNegative = value.sign == .minus
      // The exact result lies on the side of 0.
      if larger == isNegative { return isNegative ? Self.up(value) : Self.down(value) }
      return value.bitPattern
    default: return value.bitPattern
    }
  }

  private static func up(_ value: Float) -> UInt32 {
    value == 0 && value.sign == .minus ? value.bitPattern : value.nextUp.bitPattern
  }

  private static func down(_ value: Float) -> UInt32 {
    value == 0 && value.sign == .plus ? value.bitPattern : value.nextDown.bitPattern
  }

  private static func isTiny(_ exact: Double) -> Bool {
    exact != 0 && exact.magnitude < Double(Float.leastNormalMagnitude)
  }

  /// `value` of a finite exact result, `exact` plus an error too small for double precision.
  private static func rounded(_ value: Float, _ exact: Double, error: Double = 0) -> Rounded {
    let rest = value.isInfinite ? (value > 0 ? -1 : 1) : (exact - Double(value)) + error
    return Rounded(value: value, rest: rest, isTiny: isTiny(exact))
  }

  mutating func add(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let (x, y) = (operand(a), operand(b))
    if let nan = nan(x, y) { return nan }
    if x.isInfinite, y.isInfinite, x != y { return invalidResult() }
    guard x.isFinite, y.isFinite else { return (x + y).bitPattern }
    let (p, q) = (Double(x), Double(y))
    if x + y == 0 { return zeroSum(x, y) }
    let sum = p + q
    return finish(Self.rounded(x + y, sum, error: Self.sumError(p, q, sum)))
  }

  /// A sum that is exactly 0: negative only of two negative zeros, or when rounding downwards.
  private func zeroSum(_ x: Float, _ y: Float) -> UInt32 {
    if x.sign == y.sign { return x.sign == .minus ? 1 << 31 : 0 }
    return status >> 22 & 3 == 2 ? 1 << 31 : 0
  }

  /// What `sum` of `p` and `q` lost to rounding.
  private static func sumError(_ p: Double, _ q: Double, _ sum: Double) -> Double {
    let part = sum - p
    return (p - (sum - part)) + (q - part)
  }

  mutating func subtract(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let y = Float(bitPattern: b)
    // A NaN keeps its sign.
    return add(a, y.isNaN ? b : b ^ 1 << 31)
  }

  mutating func multiply(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let (x, y) = (operand(a), operand(b))
    if let nan = nan(x, y) { return nan }
    if (x.isInfinite && y == 0) || (x == 0 && y.isInfinite) { return invalidResult() }
    guard x.isFinite, y.isFinite else { return (x * y).bitPattern }
    return finish(Self.rounded(x * y, Double(x) * Double(y)))
  }

  mutating func divide(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let (x, y) = (operand(a), operand(b))
    if let nan = nan(x, y) { return nan }
    if (x == 0 && y == 0) || (x.isInfinite && y.isInfinite) { return invalidResult() }
    if y == 0, x.isFinite { status |= Self.divisionByZero }
    guard x.isFinite, y.isFinite, y != 0 else { return (x / y).bitPattern }
    let value = x / y
    let exact = Double(x) / Double(y)
    // Exact in double precision, whatever the quotient.
    var rest = value.isInfinite ? 1 : Double(x) - Double(value) * Double(y)
    if value.isInfinite { rest = value > 0 ? -1 : 1 } else if y < 0 { rest = -rest }
    return finish(Rounded(value: value, rest: rest, isTiny: Self.isTiny(exact)))
  }

  mutating func squareRoot(_ a: UInt32) -> UInt32 {
    let x = operand(a)
    if let nan = nan(x) { return nan }
    if x < 0 { return invalidResult() }
    guard x.isFinite, x != 0 else { return x.bitPattern }
    let value = x.squareRoot()
    return finish(
      Rounded(value: value, rest: Double(x) - Double(value) * Double(value), isTiny: false))
  }

  /// `c + a * b`, rounded once.
  mutating func fused(_ c: UInt32, _ a: UInt32, _ b: UInt32) -> UInt32 {
    let (x, y, z) = (operand(a), operand(b), operand(c))
    let isInvalid = (x.isInfinite && y == 0) || (x == 0 && y.isInfinite)
    if isInvalid, z.isNaN, !z.isSignalingNaN { return invalidResult() }
    if let nan = nan(z, x, y) { return nan }
    if isInvalid { return invalidResult() }
    let value = z.addingProduct(x, y)
    if value.isNaN { return invalidResult() }
    guard x.isFinite, y.isFinite, z.isFinite else { return value.bitPattern }
    let product = Double(x) * Double(y)
    let sum = product + Double(z)
    let error = Self.sumError(product, Double(z), sum)
    if sum == 0, error == 0 {
      let sign: FloatingPointSign = (x.sign == y.sign) ? .plus : .minus
      return zeroSum(sign == .minus ? -0.0 : 0.0, z)
    }
    return finish(Self.rounded(value, sum, error: error))
  }

  /// The flags of a comparison, in bits 31 to 28.
  mutating func compare(_ a: UInt32, _ b: UInt32, signalsQuiet: Bool) -> UInt32 {
    let (x, y) = (operand(a), operand(b))
    if x.isNaN || y.isNaN {
      if signalsQuiet || x.isSignalingNaN || y.isSignalingNaN { status |= Self.invalid }
      return 0b0011 << 28
    }
    if x == y { return 0b0110 << 28 }
    return x < y ? 0b1000 << 28 : 0b0010 << 28
  }
}
