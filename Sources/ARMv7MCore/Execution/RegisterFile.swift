import CoreSupport

/// Registers, flags and floating-point registers of one core, as the hot loop sees them.
///
/// A slot number is one byte, and there is a slot for each of its 256 values, so any access is
/// inside the buffer.
@safe
struct RegisterFile {
  /// Slots a buffer must have.
  static let slotCount = 256

  static let sp: UInt8 = 13
  static let lr: UInt8 = 14
  /// Holds a program counter only while one instruction is interpreted.
  static let pc: UInt8 = 15
  /// Takes what is written to nowhere.
  static let sink: UInt8 = 16
  /// Always 0.
  static let zero: UInt8 = 17
  /// Bit 31 is the N flag.
  static let n: UInt8 = 18
  /// The Z flag is set when this is 0.
  static let z: UInt8 = 19
  /// The C flag: 0 or 1.
  static let c: UInt8 = 20
  /// Bit 31 is the V flag.
  static let v: UInt8 = 21
  /// The Q flag: 0 or 1.
  static let q: UInt8 = 22
  /// The four GE flags.
  static let ge: UInt8 = 23
  /// Holds a result that only the next record needs.
  static let temporary: UInt8 = 24
  /// FPSCR without its flags.
  static let floatStatus: UInt8 = 25
  /// The flags of FPSCR, in bits 28 to 31.
  static let floatFlags: UInt8 = 26
  /// 1 once floating point was used since the last exception: CONTROL.FPCA.
  static let floatActive: UInt8 = 27
  /// The first floating-point register, `s0`.
  static let float: UInt8 = 32

  private let slots: UnsafeMutablePointer<UInt32>

  /// Makes a view of `buffer`, which must outlive it.
  init(_ buffer: borrowing OwnedBuffer<UInt32>) {
    precondition(buffer.count == Self.slotCount)
    unsafe slots = buffer.base
  }

  @inline(__always)
  subscript(number: UInt8) -> UInt32 {
    // SAFETY: a UInt8 is below `slotCount`.
    get { unsafe slots[Int(number)] }
    nonmutating set { unsafe slots[Int(number)] = newValue }
  }

  /// The register as a signed number.
  @inline(__always)
  func signed(_ number: UInt8) -> Int32 { Int32(bitPattern: self[number]) }
}

// Flags.
extension RegisterFile {
  /// Sets N and Z by `result`.
  @inline(__always)
  func setNZ(_ result: UInt32) {
    self[Self.n] = result
    self[Self.z] = result
  }

  /// Adds with the flags of the sum.
  @inline(__always)
  func adding(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let result = a &+ b
    setNZ(result)
    self[Self.c] = result < a ? 1 : 0
    self[Self.v] = (a ^ result) & (b ^ result)
    return result
  }

  /// Subtracts with the flags of the difference.
  @inline(__always)
  func subtracting(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let result = a &- b
    setNZ(result)
    self[Self.c] = a >= b ? 1 : 0
    self[Self.v] = (a ^ b) & (a ^ result)
    return result
  }

  /// The flags as the upper bits of APSR: N, Z, C, V, Q, and GE in bits 16 to 19.
  var flags: UInt32 {
    get {
      let upper = self[Self.n] & 1 << 31 | (self[Self.z] == 0 ? 1 << 30 : 0)
      let overflow = self[Self.v] >> 31
      return upper | self[Self.c] << 29 | overflow << 28 | self[Self.q] << 27
        | self[Self.ge] << 16
    }
    nonmutating set {
      setFlags(newValue)
      self[Self.q] = newValue >> 27 & 1
      self[Self.ge] = newValue >> 16 & 15
    }
  }

  /// Sets N, Z, C and V from bits 31 to 28.
  func setFlags(_ value: UInt32) {
    self[Self.n] = value
    self[Self.z] = ~value >> 30 & 1
    self[Self.c] = value >> 29 & 1
    self[Self.v] = value << 3
  }

  /// Whether condition `code` holds; 14 and 15 always do.
  ///
  /// Source: [ARMV7M] A7.3.
  @inline(__always)
  func holds(_ code: UInt8) -> Bool {
    let base: Bool
    switch code >> 1 {
    case 0: base = self[Self.z] == 0
    case 1: base = self[Self.c] != 0
    case 2: base = self[Self.n] >> 31 != 0
    case 3: base = self[Self.v] >> 31 != 0
    case 4: base = self[Self.c] != 0 && self[Self.z] != 0
    case 5: base = (self[Self.n] ^ self[Self.v]) >> 31 == 0
    case 6: base = self[Self.z] != 0 && (self[Self.n] ^ self[Self.v]) >> 31 == 0
    default: return true
    }
    return base != (code & 1 == 1)
  }
}
