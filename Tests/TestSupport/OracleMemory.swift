public import SharedMemory
import Synchronization

/// Shared memory whose other side is as unsteady as can be: each fetch gives a new value.
///
/// A value comes from a script first, then from a seed. It is either anything, or a small number,
/// or what was last stored there, so that a run gets past the first check now and then. Accesses
/// outside the memory or not aligned do not trap: they are counted, and a test expects none.
public final class OracleMemory: ForeignMemory {
  private struct State {
    var script: ArraySlice<UInt8>
    var generator: SeededGenerator
    var stored: [UInt8]
    var violations = 0
    var fetches = 0
  }

  private let state: Mutex<State>
  /// Bytes that can be reached.
  public let byteCount: Int

  /// Memory of `byteCount` bytes that answers from `script`, then from `seed`.
  public init(byteCount: Int, script: [UInt8] = [], seed: UInt64) {
    self.byteCount = byteCount
    state = Mutex(
      State(
        script: script[...], generator: SeededGenerator(seed: seed),
        stored: [UInt8](repeating: 0, count: byteCount)))
  }

  /// Accesses that the memory does not have.
  public var violations: Int { state.withLock { $0.violations } }
  /// Values handed out.
  public var fetches: Int { state.withLock { $0.fetches } }

  /// The memory starts at a multiple of everything.
  public func isAligned(to alignment: Int) -> Bool { true }

  private func isInside(_ offset: Int, _ count: Int, aligned: Bool, _ state: inout State) -> Bool {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset,
      !aligned || offset % max(count, 1) == 0
    else {
      state.violations += 1
      return false
    }
    return true
  }

  private func fetch<Value: FixedWidthInteger & Sendable>(
    _ offset: Int, as type: Value.Type
  ) -> Value {
    state.withLock { state in
      let size = Value.bitWidth / 8
      guard isInside(offset, size, aligned: true, &state) else { return 0 }
      state.fetches += 1
      var value: Value = 0
      switch state.script.popFirst() ?? UInt8(truncatingIfNeeded: state.generator.next()) {
      case 0..<48: value = Value(truncatingIfNeeded: state.generator.next())
      case 48..<112: value = Value(truncatingIfNeeded: state.generator.next() % 9)
      case let choice:
        for index in (0..<size).reversed() {
          value = value &<< 8 | Value(truncatingIfNeeded: state.stored[offset + index])
        }
        // One more or less than what we last wrote is where indices are.
        if choice < 176 { value &+= 1 }
        if choice < 128 { value &-= 2 }
      }
      return value
    }
  }

  private func keep<Value: FixedWidthInteger & Sendable>(_ value: Value, _ offset: Int) {
    state.withLock { state in
      let size = Value.bitWidth / 8
      guard isInside(offset, size, aligned: true, &state) else { return }
      for index in 0..<size {
        state.stored[offset + index] = UInt8(truncatingIfNeeded: value >> Value(8 * index))
      }
    }
  }

  /// Gives a new byte.
  public func loadUInt8(at offset: Int) -> UInt8 { fetch(offset, as: UInt8.self) }
  /// Gives two new bytes.
  public func loadUInt16(at offset: Int) -> UInt16 { fetch(offset, as: UInt16.self) }
  /// Gives four new bytes.
  public func loadUInt32(at offset: Int) -> UInt32 { fetch(offset, as: UInt32.self) }
  /// Gives eight new bytes.
  public func loadUInt64(at offset: Int) -> UInt64 { fetch(offset, as: UInt64.self) }
  /// Gives a new byte.
  public func loadAcquiringUInt8(at offset: Int) -> UInt8 { fetch(offset, as: UInt8.self) }
  /// Gives two new bytes.
  public func loadAcquiringUInt16(at offset: Int) -> UInt16 { fetch(offset, as: UInt16.self) }
  /// Gives four new bytes.
  public func loadAcquiringUInt32(at offset: Int) -> UInt32 { fetch(offset, as: UInt32.self) }

  /// Remembers one byte.
  public func store(_ value: UInt8, at offset: Int) { keep(value, offset) }
  /// Remembers two bytes.
  public func store(_ value: UInt16, at offset: Int) { keep(value, offset) }
  /// Remembers four bytes.
  public func store(_ value: UInt32, at offset: Int) { keep(value, offset) }
  /// Remembers eight bytes.
  public func store(_ value: UInt64, at offset: Int) { keep(value, offset) }
  /// Remembers one byte.
  public func storeReleasing(_ value: UInt8, at offset: Int) { keep(value, offset) }
  /// Remembers two bytes.
  public func storeReleasing(_ value: UInt16, at offset: Int) { keep(value, offset) }
  /// Remembers four bytes.
  public func storeReleasing(_ value: UInt32, at offset: Int) { keep(value, offset) }

  /// Gives new bytes.
  public func copyOut(from offset: Int, into target: inout MutableRawSpan) {
    let count = target.byteCount
    let bytes: [UInt8] = state.withLock { state in
      guard isInside(offset, count, aligned: false, &state) else { return [] }
      return (0..<count).map { _ in
        let random = state.generator.next()
        return random & 3 == 0 ? UInt8(truncatingIfNeeded: random >> 8) : 0
      }
    }
    for (index, byte) in bytes.enumerated() {
      target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }

  /// Gives new bytes.
  public func sample(from offset: Int, into target: inout MutableRawSpan) {
    copyOut(from: offset, into: &target)
  }

  /// Checks the place; the bytes are forgotten.
  public func copyIn(_ source: RawSpan, at offset: Int) {
    let count = source.byteCount
    state.withLock { state in _ = isInside(offset, count, aligned: false, &state) }
  }

  /// Remembers the bytes.
  public func fill(from offset: Int, count: Int, with value: UInt8) {
    state.withLock { state in
      guard isInside(offset, count, aligned: false, &state) else { return }
      for index in offset..<offset + count { state.stored[index] = value }
    }
  }
}
