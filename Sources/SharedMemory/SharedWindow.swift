public import Synchronization

/// A checked view of shared memory: a base and a length.
///
/// On the host a window keeps its ``SharedRegion`` mapped as long as the window lives. In Embedded
/// Swift the memory is the chip's and lives for ever.
@frozen
@safe
public struct SharedWindow: ForeignMemory, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the pointer is never handed out except through `unsafe` calls,
  // and all access is by atomic loads and stores or by copies that the ring protocol orders.
  @usableFromInline let base: UnsafeMutableRawPointer
  /// Bytes that can be reached.
  public let byteCount: Int
  #if !hasFeature(Embedded)
  @usableFromInline let owner: SharedRegion?

  @inlinable
  init(base: UnsafeMutableRawPointer, byteCount: Int, owner: SharedRegion?) {
    unsafe self.base = base
    self.byteCount = byteCount
    self.owner = owner
  }
  #endif

  /// A window on `byteCount` bytes at `base` that nobody owns: device memory, or a test's buffer.
  ///
  /// - Precondition: the memory stays valid while any copy of
  ///   the window is in use.
  @unsafe
  @inlinable
  public init(unownedBase base: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.base = base
    self.byteCount = byteCount
    #if !hasFeature(Embedded)
    owner = nil
    #endif
  }

  /// The window `byteCount` bytes long at `offset`, or `nil` unless it lies inside this one.
  @inlinable
  public func window(at offset: UInt64, byteCount: UInt64) -> SharedWindow? {
    let available = UInt64(truncatingIfNeeded: self.byteCount)
    guard offset <= available, byteCount <= available - offset else { return nil }
    let start = Int(truncatingIfNeeded: offset)
    let count = Int(truncatingIfNeeded: byteCount)
    // SAFETY: checked against our own length above, so both fit in `Int`.
    #if hasFeature(Embedded)
    return unsafe SharedWindow(unownedBase: base + start, byteCount: count)
    #else
    return unsafe SharedWindow(base: base + start, byteCount: count, owner: owner)
    #endif
  }

  /// Whether the first byte lies at a multiple of `alignment`, a power of two.
  @inlinable
  public func isAligned(to alignment: Int) -> Bool {
    unsafe UInt(bitPattern: base) & (UInt(bitPattern: alignment) &- 1) == 0
  }

  /// Calls `body` with the base address; for simulated processors that check each access.
  ///
  /// The pointer is valid during the call only. Anything read through it may change between two
  /// reads; use atomic loads and stores.
  @unsafe
  @inlinable
  public func withUnsafeBase<Result, Failure: Error>(
    _ body: (UnsafeMutableRawPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    #if hasFeature(Embedded)
    return unsafe try body(base)
    #else
    defer { withExtendedLifetime(owner) {} }
    return unsafe try body(base)
    #endif
  }

  @inlinable
  func cell<Value>(_ type: Value.Type, at offset: Int) -> UnsafeMutablePointer<Atomic<Value>>
  where Value: AtomicRepresentable {
    let size = MemoryLayout<Atomic<Value>>.size
    // A window smaller than the value has a negative last offset.
    precondition(offset >= 0 && offset <= byteCount &- size, "shared access out of bounds")
    let address = unsafe base + offset
    precondition(
      UInt(bitPattern: address) & UInt(size - 1) == 0, "shared access not aligned")
    // SAFETY: inside the window and aligned by the checks above.
    return unsafe address.assumingMemoryBound(to: Atomic<Value>.self)
  }
}

// Single loads and stores. Wire order is little-endian.
extension SharedWindow {
  /// Reads one byte, unordered.
  @inlinable
  public func loadUInt8(at offset: Int) -> UInt8 {
    unsafe cell(UInt8.self, at: offset).pointee.load(ordering: .relaxed)
  }

  /// Reads two bytes at once, unordered.
  @inlinable
  public func loadUInt16(at offset: Int) -> UInt16 {
    unsafe UInt16(littleEndian: cell(UInt16.self, at: offset).pointee.load(ordering: .relaxed))
  }

  /// Reads four bytes at once, unordered.
  @inlinable
  public func loadUInt32(at offset: Int) -> UInt32 {
    unsafe UInt32(littleEndian: cell(UInt32.self, at: offset).pointee.load(ordering: .relaxed))
  }

  /// Reads eight bytes, unordered; on 32-bit processors in two halves.
  @inlinable
  public func loadUInt64(at offset: Int) -> UInt64 {
    #if _pointerBitWidth(_64)
    unsafe UInt64(littleEndian: cell(UInt64.self, at: offset).pointee.load(ordering: .relaxed))
    #else
    UInt64(loadUInt32(at: offset)) | UInt64(loadUInt32(at: offset + 4)) &<< 32
    #endif
  }

  /// Reads one byte; what the other side wrote before it published it is visible after.
  @inlinable
  public func loadAcquiringUInt8(at offset: Int) -> UInt8 {
    // ORDERING: pairs with the other side's releasing store of the same field.
    unsafe cell(UInt8.self, at: offset).pointee.load(ordering: .acquiring)
  }

  /// Reads two bytes; what the other side wrote before it published them is visible after.
  @inlinable
  public func loadAcquiringUInt16(at offset: Int) -> UInt16 {
    // ORDERING: pairs with the other side's releasing store of the same field.
    unsafe UInt16(littleEndian: cell(UInt16.self, at: offset).pointee.load(ordering: .acquiring))
  }

  /// Reads four bytes; what the other side wrote before it published them is visible after.
  @inlinable
  public func loadAcquiringUInt32(at offset: Int) -> UInt32 {
    // ORDERING: pairs with the other side's releasing store of the same field.
    unsafe UInt32(littleEndian: cell(UInt32.self, at: offset).pointee.load(ordering: .acquiring))
  }

  /// Writes one byte, unordered.
  @inlinable
  public func store(_ value: UInt8, at offset: Int) {
    unsafe cell(UInt8.self, at: offset).pointee.store(value, ordering: .relaxed)
  }

  /// Writes two bytes at once, unordered.
  @inlinable
  public func store(_ value: UInt16, at offset: Int) {
    unsafe cell(UInt16.self, at: offset).pointee.store(value.littleEndian, ordering: .relaxed)
  }

  /// Writes four bytes at once, unordered.
  @inlinable
  public func store(_ value: UInt32, at offset: Int) {
    unsafe cell(UInt32.self, at: offset).pointee.store(value.littleEndian, ordering: .relaxed)
  }

  /// Writes eight bytes, unordered; on 32-bit processors in two halves.
  @inlinable
  public func store(_ value: UInt64, at offset: Int) {
    #if _pointerBitWidth(_64)
    unsafe cell(UInt64.self, at: offset).pointee.store(value.littleEndian, ordering: .relaxed)
    #else
    store(UInt32(truncatingIfNeeded: value), at: offset)
    store(UInt32(truncatingIfNeeded: value &>> 32), at: offset + 4)
    #endif
  }

  /// Publishes one byte: all our earlier writes are visible to who acquires it.
  @inlinable
  public func storeReleasing(_ value: UInt8, at offset: Int) {
    // ORDERING: pairs with the other side's acquiring load of the same field.
    unsafe cell(UInt8.self, at: offset).pointee.store(value, ordering: .releasing)
  }

  /// Publishes two bytes: all our earlier writes are visible to who acquires them.
  @inlinable
  public func storeReleasing(_ value: UInt16, at offset: Int) {
    // ORDERING: pairs with the other side's acquiring load of the same field.
    unsafe cell(UInt16.self, at: offset).pointee.store(value.littleEndian, ordering: .releasing)
  }

  /// Publishes four bytes: all our earlier writes are visible to who acquires them.
  @inlinable
  public func storeReleasing(_ value: UInt32, at offset: Int) {
    // ORDERING: pairs with the other side's acquiring load of the same field.
    unsafe cell(UInt32.self, at: offset).pointee.store(value.littleEndian, ordering: .releasing)
  }
}
