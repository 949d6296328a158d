import WireTypes

/// The payload of ping messages: the number of the message, then bytes that depend on it.
enum PingPattern {
  /// Bytes of the number; fewer in very short messages.
  private static func numberByteCount(_ byteCount: Int) -> Int { min(4, byteCount) }

  private static func byte(_ number: UInt32, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: number &* 0x9d &+ UInt32(truncatingIfNeeded: index) &* 0x3b)
  }

  /// Writes message `number` to all of `buffer`.
  static func fill(_ buffer: inout [UInt8], number: UInt32) {
    let numberCount = numberByteCount(buffer.count)
    var bytes = buffer.mutableSpan
    for index in 0..<numberCount {
      bytes[index] = UInt8(truncatingIfNeeded: number &>> UInt32(8 &* index))
    }
    for index in numberCount..<bytes.count { bytes[index] = byte(number, index) }
  }

  /// Which of the `count` messages from `oldest` on `payload` seems to be, as a distance from
  /// `oldest`; `nil` for none.
  static func position(of payload: RawSpan, oldest: UInt32, count: Int) -> Int? {
    var number: UInt32 = 0
    var mask: UInt32 = 0
    for index in 0..<numberByteCount(payload.byteCount) {
      let shift = UInt32(8 &* index)
      number |= UInt32(payload.littleEndian(at: index, as: UInt8.self)) &<< shift
      mask |= 0xff &<< shift
    }
    let distance = Int((number &- oldest) & mask)
    return distance < count ? distance : nil
  }

  /// Whether `payload` is message `number` of `byteCount` bytes, byte by byte.
  static func matches(_ payload: RawSpan, number: UInt32, byteCount: Int) -> Bool {
    guard payload.byteCount == byteCount else { return false }
    let numberCount = numberByteCount(byteCount)
    for index in 0..<numberCount {
      let expected = UInt8(truncatingIfNeeded: number &>> UInt32(8 &* index))
      if payload.littleEndian(at: index) != expected { return false }
    }
    for index in numberCount..<byteCount
    where payload.littleEndian(at: index) != byte(number, index) { return false }
    return true
  }
}
