// Conversions. Source: [ARMV7M] A2.5.7, A7.7.228 to A7.7.231.
extension FloatArithmetic {
  /// An integer, or one with `fraction` bits behind the point, as a float.
  mutating func fromInteger(_ value: Int64, fraction: UInt32 = 0) -> UInt32 {
    guard value != 0 else { return 0 }
    // At most 32 bits: exact in double precision.
    let exact = Double(sign: .plus, exponent: -Int(fraction), significand: Double(value))
    let nearest = Float(exact)
    return finish(Rounded(value: nearest, rest: exact - Double(nearest), isTiny: false))
  }

  /// An integer of `size` bits with `fraction` of them behind the point, saturated.
  mutating func toInteger(
    _ bits: UInt32, size: UInt32, isSigned: Bool, fraction: UInt32 = 0, towardsZero: Bool
  ) -> UInt32 {
    let value = operand(bits)
    if value.isNaN {
      status |= Self.invalid
      return 0
    }
    let scaled = Double(sign: .plus, exponent: Int(fraction), significand: Double(value))
    let mode = towardsZero ? 3 : status >> 22 & 3
    let rule: FloatingPointRoundingRule =
      switch mode {
      case 1: .up
      case 2: .down
      case 3: .towardZero
      default: .toNearestOrEven
      }
    let rounded = scaled.rounded(rule)
    let (low, high) = Saturation.bounds(size, isSigned: isSigned)
    if rounded < Double(low) || rounded > Double(high) {
      status |= Self.invalid
      return UInt32(truncatingIfNeeded: rounded < 0 ? low : high)
    }
    if rounded != scaled { status |= Self.inexact }
    return UInt32(truncatingIfNeeded: Int64(rounded))
  }

  /// The half-precision number in the low 16 bits as a float.
  mutating func fromHalf(_ half: UInt32) -> UInt32 {
    let sign = (half & 0x8000) << 16
    let exponent = half >> 10 & 0x1f
    let fraction = half & 0x3ff
    if exponent == 31, status & 1 << 26 == 0 {
      guard fraction != 0 else { return sign | 0x7f80_0000 }
      if fraction & 0x200 == 0 { status |= Self.invalid }
      if status & Self.defaultNaN != 0 { return 0x7fc0_0000 }
      return sign | 0x7fc0_0000 | fraction << 13
    }
    if exponent == 0 {
      let value = Float(sign: .plus, exponent: -24, significand: Float(fraction))
      return sign | value.bitPattern
    }
    return sign | (exponent + 112) << 23 | fraction << 13
  }

  /// The float as a half-precision number.
  mutating func toHalf(_ bits: UInt32) -> UInt32 {
    let value = operand(bits)
    let sign = bits >> 16 & 0x8000
    let isAlternative = status & 1 << 26 != 0
    if value.isNaN {
      if value.isSignalingNaN || isAlternative { status |= Self.invalid }
      if isAlternative { return sign }
      if status & Self.defaultNaN != 0 { return 0x7e00 }
      return sign | 0x7e00 | bits >> 13 & 0x1ff
    }
    if value.isInfinite {
      guard isAlternative else { return sign | 0x7c00 }
      status |= Self.invalid
      return sign | 0x7fff
    }
    guard value != 0 else { return sign }
    return roundedHalf(Double(value.magnitude), sign, isAlternative)
  }

  /// Rounds a magnitude that is neither 0 nor infinite.
  private mutating func roundedHalf(
    _ magnitude: Double, _ sign: UInt32, _ isAlternative: Bool
  ) -> UInt32 {
    let exponent = max(Int(magnitude.exponent), -14)
    let scaled = Double(sign: .plus, exponent: 10 - exponent, significand: magnitude)
    let rule: FloatingPointRoundingRule =
      switch status >> 22 & 3 {
      case 1: sign == 0 ? .up : .towardZero
      case 2: sign == 0 ? .towardZero : .up
      case 3: .towardZero
      default: .toNearestOrEven
      }
    let rounded = scaled.rounded(rule)
    let isInexact = rounded != scaled
    // 2^10 of the lowest exponent is the smallest normal number; a carry moves on by itself.
    let code = UInt32(Int(rounded) + (exponent + 14) * 1024)
    let limit: UInt32 = isAlternative ? 0x8000 : 0x7c00
    if code >= limit {
      if isAlternative {
        status |= Self.invalid
        return sign | 0x7fff
      }
      status |= Self.overflow | Self.inexact
      return sign | (rule == .towardZero ? 0x7bff : 0x7c00)
    }
    if isInexact {
      status |= Self.inexact
      if magnitude < 0x1p-14 { status |= Self.underflow }
    }
    return sign | code
  }
}
