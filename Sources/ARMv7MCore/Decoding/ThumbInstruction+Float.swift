/// A floating-point instruction that touches no memory.
package enum FloatOperation: UInt8, BitwiseCopyable, Sendable {
  case mla, mls, nmls, nmla, mul, nmul, add, sub, div, fma, fms, fnms, fnma
  case moveImmediate, move, abs, neg, sqrt, compare, compareZero
  case toHalf, fromHalf, fromSigned, fromUnsigned, toSigned, toUnsigned, toFixed, fromFixed
  /// Between core and floating-point registers.
  case fromCore, toCore, fromCorePair, toCorePair, readStatus, writeStatus
}

// Floating point, single precision. Source: [ARMV7M] A5.3.18, A6.4.
extension ThumbInstruction {
  static func coprocessor(_ bits: UInt32) -> ThumbInstruction {
    // Coprocessors 10 and 11 are the floating-point unit; others do not exist.
    guard bits >> 9 & 7 == 0b101 else { return noCoprocessor(bits) }
    guard bits >> 28 & 1 == 0 else { return undefined(bits) }
    if bits >> 25 & 1 == 0 {
      return bits >> 21 & 0xf == 0b0010 ? pair(bits) : floatMemory(bits)
    }
    return bits >> 4 & 1 == 1 ? transfer(bits) : floatData(bits)
  }

  /// An instruction for a coprocessor; ``ra`` is its number.
  private static func noCoprocessor(_ bits: UInt32) -> ThumbInstruction {
    var result = undefined(bits)
    result.ra = field(bits, 8, 15)
    result.width = 0
    return result
  }

  private static func single(_ bits: UInt32, _ low: UInt32, _ high: UInt32) -> UInt8 {
    field(bits, low, 15) << 1 | field(bits, high, 1)
  }

  private static func float(_ operation: FloatOperation, _ bits: UInt32) -> ThumbInstruction {
    var result = ThumbInstruction(.vfp)
    result.amount = operation.rawValue
    result.rd = single(bits, 12, 22)
    result.rn = single(bits, 16, 7)
    result.rm = single(bits, 0, 5)
    return result
  }

  private static func pair(_ bits: UInt32) -> ThumbInstruction {
    guard bits >> 4 & 0xd == 1 else { return undefined(bits) }
    var result = float(bits >> 20 & 1 == 1 ? .toCorePair : .fromCorePair, bits)
    result.rd = field(bits, 12, 15)
    result.ra = field(bits, 16, 15)
    if bits >> 8 & 1 == 1 { result.rm = field(bits, 0, 15) << 1 }
    return result
  }

  private static func floatMemory(_ bits: UInt32) -> ThumbInstruction {
    let isLoad = bits >> 20 & 1 == 1
    let isDouble = bits >> 8 & 1 == 1
    let (index, add, back) = (bits >> 24 & 1 == 1, bits >> 23 & 1 == 1, bits >> 21 & 1 == 1)
    let count = bits & 0xff
    var result = ThumbInstruction(isLoad ? .vload : .vstore)
    result.rd = isDouble ? field(bits, 12, 15) << 1 : single(bits, 12, 22)
    result.rn = field(bits, 16, 15)
    if isDouble, bits >> 22 & 1 == 1 { return undefined(bits) }
    if index, !back {
      result.immediate = add ? count << 2 : 0 &- count << 2
      result.width = isDouble ? 2 : 1
      return result
    }
    guard index != add else { return undefined(bits) }
    result.operation = isLoad ? .vloadMultiple : .vstoreMultiple
    result.width = isDouble ? UInt8(truncatingIfNeeded: count & ~1) : UInt8(count)
    result.immediate = count << 2
    result.isIndexed = index
    result.writesBack = back
    guard result.width > 0, UInt32(result.rd) + UInt32(result.width) <= 32 else {
      return undefined(bits)
    }
    return result
  }

  private static func transfer(_ bits: UInt32) -> ThumbInstruction {
    let toCore = bits >> 20 & 1 == 1
    if bits >> 8 & 1 == 0 {
      if bits >> 21 & 7 == 0 {
        var result = float(toCore ? .toCore : .fromCore, bits)
        result.rd = field(bits, 12, 15)
        return result
      }
      guard bits >> 21 & 7 == 7, bits >> 16 & 15 == 1 else { return undefined(bits) }
      var result = float(toCore ? .readStatus : .writeStatus, bits)
      result.rd = field(bits, 12, 15)
      return result
    }
    // A half of a double register.
    guard bits >> 22 & 3 == 0, bits >> 5 & 3 == 0, bits >> 7 & 1 == 0 else {
      return undefined(bits)
    }
    var result = float(toCore ? .toCore : .fromCore, bits)
    result.rd = field(bits, 12, 15)
    result.rn = field(bits, 16, 15) << 1 | field(bits, 21, 1)
    return result
  }

  private static func floatData(_ bits: UInt32) -> ThumbInstruction {
    guard bits >> 8 & 1 == 0 else { return undefined(bits) }
    let second = bits >> 6 & 1 == 1
    switch bits >> 20 & 0b1011 {
    case 0b0000: return float(second ? .mls : .mla, bits)
    case 0b0001: return float(second ? .nmla : .nmls, bits)
    case 0b0010: return float(second ? .nmul : .mul, bits)
    case 0b0011: return float(second ? .sub : .add, bits)
    case 0b1000: return second ? undefined(bits) : float(.div, bits)
    case 0b1001: return float(second ? .fnma : .fnms, bits)
    case 0b1010: return float(second ? .fms : .fma, bits)
    default: return floatUnary(bits)
    }
  }

  private static func floatUnary(_ bits: UInt32) -> ThumbInstruction {
    if bits >> 6 & 1 == 0 {
      guard bits >> 4 & 15 == 0 else { return undefined(bits) }
      var result = float(.moveImmediate, bits)
      let byte = (bits >> 16 & 15) << 4 | bits & 15
      let exponent: UInt32 = byte & 0x40 == 0 ? 0x4000_0000 : 0x3e00_0000
      result.immediate = (byte & 0x80) << 24 | exponent | (byte & 0x3f) << 19
      return result
    }
    let upper = bits >> 7 & 1
    let operation: FloatOperation
    switch bits >> 16 & 15 {
    case 0: operation = upper == 0 ? .move : .abs
    case 1: operation = upper == 0 ? .neg : .sqrt
    case 2: operation = .fromHalf
    case 3: operation = .toHalf
    case 4: operation = .compare
    case 5: operation = .compareZero
    case 8: operation = upper == 0 ? .fromUnsigned : .fromSigned
    case 12: operation = .toUnsigned
    case 13: operation = .toSigned
    case 10, 11: operation = .fromFixed
    case 14, 15: operation = .toFixed
    default: return undefined(bits)
    }
    var result = float(operation, bits)
    // Of comparisons: quiet values signal too. Of conversions: towards zero. Of halves: the upper.
    result.immediate = upper
    if operation == .fromFixed || operation == .toFixed {
      let size: UInt32 = upper == 0 ? 16 : 32
      let fraction = size &- ((bits & 15) << 1 | bits >> 5 & 1)
      guard fraction <= size else { return undefined(bits) }
      result.rm = result.rd
      result.immediate = fraction | size << 8
      result.isSigned = bits >> 16 & 1 == 0
    }
    return result
  }
}
