import SharedMemory

/// Shared memory whose far side does what the input says, between our accesses and at them.
///
/// A steady memory reads as it was last written. In an unsteady one each fetch takes a byte of the
/// input: 0 keeps the value, 255 replaces it by the next bytes, others are added to it. One thread
/// uses it. An access outside the memory or not aligned traps.
final class FuzzedMemory: ForeignMemory, @unchecked Sendable {
  private var bytes: [UInt8]
  private let input: FuzzInput
  private let isUnsteady: Bool
  /// Integers that our side has read.
  private(set) var fetchCount = 0

  /// Memory of zeros.
  init(byteCount: Int, input: FuzzInput, isUnsteady: Bool = false) {
    bytes = [UInt8](repeating: 0, count: byteCount)
    self.input = input
    self.isUnsteady = isUnsteady
  }

  var byteCount: Int { bytes.count }

  func isAligned(to alignment: Int) -> Bool { true }

  private func check(_ offset: Int, _ count: Int) {
    precondition(
      offset >= 0 && count >= 0 && offset <= bytes.count && count <= bytes.count - offset,
      "access outside the memory")
  }

  /// What lies at `offset`; for the far side.
  func peek<Value: FixedWidthInteger>(_ offset: Int, as type: Value.Type = Value.self) -> Value {
    let count = Value.bitWidth / 8
    check(offset, count)
    var value: Value = 0
    for index in 0..<count { value |= Value(bytes[offset + index]) << Value(8 * index) }
    return value
  }

  /// Writes a value; for the far side.
  func poke<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    let count = Value.bitWidth / 8
    check(offset, count)
    for index in 0..<count {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> Value(8 * index))
    }
  }

  /// Writes one to eight bytes of the input somewhere; for the far side.
  func scribble() {
    let offset = Int(input.next(UInt32.self)) % bytes.count
    for index in 0...input.choice(8) where offset + index < bytes.count {
      bytes[offset + index] = input.next()
    }
  }

  private func fetch<Value: FixedWidthInteger>(_ offset: Int) -> Value {
    precondition(offset % (Value.bitWidth / 8) == 0, "access not aligned")
    fetchCount += 1
    let value = peek(offset, as: Value.self)
    guard isUnsteady else { return value }
    let change = input.next(UInt8.self)
    return change == 255
      ? input.next() : value &+ Value(truncatingIfNeeded: Int8(bitPattern: change))
  }

  private func keep<Value: FixedWidthInteger>(_ value: Value, _ offset: Int) {
    precondition(offset % (Value.bitWidth / 8) == 0, "access not aligned")
    poke(value, at: offset)
  }

  func loadUInt8(at offset: Int) -> UInt8 { fetch(offset) }
  func loadUInt16(at offset: Int) -> UInt16 { fetch(offset) }
  func loadUInt32(at offset: Int) -> UInt32 { fetch(offset) }
  func loadUInt64(at offset: Int) -> UInt64 { fetch(offset) }
  func loadAcquiringUInt8(at offset: Int) -> UInt8 { fetch(offset) }
  func loadAcquiringUInt16(at offset: Int) -> UInt16 { fetch(offset) }
  func loadAcquiringUInt32(at offset: Int) -> UInt32 { fetch(offset) }
  func store(_ value: UInt8, at offset: Int) { keep(value, offset) }
  func store(_ value: UInt16, at offset: Int) { keep(value, offset) }
  func store(_ value: UInt32, at offset: Int) { keep(value, offset) }
  func store(_ value: UInt64, at offset: Int) { keep(value, offset) }
  func storeReleasing(_ value: UInt8, at offset: Int) { keep(value, offset) }
  func storeReleasing(_ value: UInt16, at offset: Int) { keep(value, offset) }
  func storeReleasing(_ value: UInt32, at offset: Int) { keep(value, offset) }

  func copyOut(from offset: Int, into target: inout MutableRawSpan) {
    check(offset, target.byteCount)
    for index in 0..<target.byteCount {
      target.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
    guard isUnsteady, target.byteCount > 0, input.choice(2) == 1 else { return }
    target.storeBytes(
      of: input.next(), toByteOffset: input.choice(target.byteCount), as: UInt8.self)
  }

  func sample(from offset: Int, into target: inout MutableRawSpan) {
    copyOut(from: offset, into: &target)
  }

  func copyIn(_ source: RawSpan, at offset: Int) {
    check(offset, source.byteCount)
    for index in 0..<source.byteCount {
      bytes[offset + index] = source.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
  }

  func fill(from offset: Int, count: Int, with value: UInt8) {
    check(offset, count)
    for index in offset..<offset + count { bytes[index] = value }
  }
}
