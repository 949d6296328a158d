public import Synchronization

// Accesses to a place that its owner has checked once. Wire order is little-endian.
extension SharedWindow {
  @unsafe
  @inlinable
  @inline(__always)
  func cell<Value>(
    _ type: Value.Type, uncheckedAt offset: Int
  ) -> UnsafeMutablePointer<Atomic<Value>> where Value: AtomicRepresentable {
    // SAFETY: the caller has promised an aligned place; debug builds look.
    assert(offset >= 0 && offset <= byteCount - MemoryLayout<Value>.size, "out of bounds")
    assert(unsafe UInt(bitPattern: base + offset) % UInt(MemoryLayout<Value>.size) == 0)
    return unsafe (base + offset).assumingMemoryBound(to: Atomic<Value>.self)
  }

  /// Reads two bytes at once, unordered.
  @unsafe
  @inlinable
  public func loadUInt16(uncheckedAt offset: Int) -> UInt16 {
    unsafe UInt16(
      littleEndian: cell(UInt16.self, uncheckedAt: offset).pointee.load(ordering: .relaxed))
  }

  /// Reads four bytes at once, unordered.
  @unsafe
  @inlinable
  public func loadUInt32(uncheckedAt offset: Int) -> UInt32 {
    unsafe UInt32(
      littleEndian: cell(UInt32.self, uncheckedAt: offset).pointee.load(ordering: .relaxed))
  }

  /// Reads eight bytes, unordered; on 32-bit processors in two halves.
  @unsafe
  @inlinable
  public func loadUInt64(uncheckedAt offset: Int) -> UInt64 {
    #if _pointerBitWidth(_64)
    unsafe UInt64(
      littleEndian: cell(UInt64.self, uncheckedAt: offset).pointee.load(ordering: .relaxed))
    #else
    unsafe UInt64(loadUInt32(uncheckedAt: offset))
      | UInt64(loadUInt32(uncheckedAt: offset &+ 4)) &<< 32
    #endif
  }

  /// Reads two bytes; what the other side wrote before it published them is visible after.
  @unsafe
  @inlinable
  public func loadAcquiringUInt16(uncheckedAt offset: Int) -> UInt16 {
    // ORDERING: pairs with the other side's releasing store of the same field.
    unsafe UInt16(
      littleEndian: cell(UInt16.self, uncheckedAt: offset).pointee.load(ordering: .acquiring))
  }

  /// Writes two bytes at once, unordered.
  @unsafe
  @inlinable
  public func store(_ value: UInt16, uncheckedAt offset: Int) {
    unsafe cell(UInt16.self, uncheckedAt: offset).pointee.store(
      value.littleEndian, ordering: .relaxed)
  }

  /// Writes four bytes at once, unordered.
  @unsafe
  @inlinable
  public func store(_ value: UInt32, uncheckedAt offset: Int) {
    unsafe cell(UInt32.self, uncheckedAt: offset).pointee.store(
      value.littleEndian, ordering: .relaxed)
  }

  /// Writes eight bytes, unordered; on 32-bit processors in two halves.
  @unsafe
  @inlinable
  public func store(_ value: UInt64, uncheckedAt offset: Int) {
    #if _pointerBitWidth(_64)
    unsafe cell(UInt64.self, uncheckedAt: offset).pointee.store(
      value.littleEndian, ordering: .relaxed)
    #else
    unsafe store(UInt32(truncatingIfNeeded: value), uncheckedAt: offset)
    unsafe store(UInt32(truncatingIfNeeded: value &>> 32), uncheckedAt: offset &+ 4)
    #endif
  }

  /// Publishes two bytes: all our earlier writes are visible to who acquires them.
  @unsafe
  @inlinable
  public func storeReleasing(_ value: UInt16, uncheckedAt offset: Int) {
    // ORDERING: pairs with the other side's acquiring load of the same field.
    unsafe cell(UInt16.self, uncheckedAt: offset).pointee.store(
      value.littleEndian, ordering: .releasing)
  }
}
