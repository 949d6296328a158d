/// Memory that the other side may change at any moment: the only door to it.
///
/// All protocol code reads and writes shared memory through this protocol, one access for each
/// field, and acts on the value it got. Offsets are bytes from the start of the memory.
///
/// Every method shares two rules. Multi-byte values are little-endian in memory and host order in
/// Swift. An access must lie inside `0..<byteCount` and be aligned to its size: both are promises
/// of our own caller (a layout it computed and checked), so breaking them traps; an offset that
/// came from the other side is first turned into a checked window.
///
/// Any thread may call; no call blocks.
public protocol ForeignMemory: Sendable {
  /// Bytes that can be reached.
  var byteCount: Int { get }

  /// Whether the first byte lies at a multiple of `alignment`, a power of two.
  func isAligned(to alignment: Int) -> Bool

  /// Reads one byte, unordered.
  func loadUInt8(at offset: Int) -> UInt8
  /// Reads two bytes at once, unordered.
  func loadUInt16(at offset: Int) -> UInt16
  /// Reads four bytes at once, unordered.
  func loadUInt32(at offset: Int) -> UInt32
  /// Reads eight bytes, unordered; on processors without such a load in two halves.
  func loadUInt64(at offset: Int) -> UInt64
  /// Reads one byte; what the other side wrote before it published it is visible after.
  func loadAcquiringUInt8(at offset: Int) -> UInt8
  /// Reads two bytes; what the other side wrote before it published them is visible after.
  func loadAcquiringUInt16(at offset: Int) -> UInt16
  /// Reads four bytes; what the other side wrote before it published them is visible after.
  func loadAcquiringUInt32(at offset: Int) -> UInt32

  /// Writes one byte, unordered.
  func store(_ value: UInt8, at offset: Int)
  /// Writes two bytes at once, unordered.
  func store(_ value: UInt16, at offset: Int)
  /// Writes four bytes at once, unordered.
  func store(_ value: UInt32, at offset: Int)
  /// Writes eight bytes, unordered; on processors without such a store in two halves.
  func store(_ value: UInt64, at offset: Int)
  /// Publishes one byte: all our earlier writes are visible to who acquires it.
  func storeReleasing(_ value: UInt8, at offset: Int)
  /// Publishes two bytes: all our earlier writes are visible to who acquires them.
  func storeReleasing(_ value: UInt16, at offset: Int)
  /// Publishes four bytes: all our earlier writes are visible to who acquires them.
  func storeReleasing(_ value: UInt32, at offset: Int)

  /// Copies bytes the protocol has handed over to us; the other side ought not to write them now.
  ///
  /// If it does so all the same the copy holds a mix of old and new bytes, nothing worse.
  func copyOut(from offset: Int, into target: inout MutableRawSpan)
  /// Copies bytes that the other side may well be writing now, such as a log.
  func sample(from offset: Int, into target: inout MutableRawSpan)
  /// Copies `source` to bytes the protocol has handed over to us.
  func copyIn(_ source: RawSpan, at offset: Int)
  /// Sets `count` bytes to `value`.
  func fill(from offset: Int, count: Int, with value: UInt8)

  // Accesses whose place was checked once, when a ring was laid out in this memory, and which do
  // not check it again. Memory that has no use for that leaves them to the default.

  /// As ``loadUInt16(at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func loadUInt16(uncheckedAt offset: Int) -> UInt16
  /// As ``loadUInt32(at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func loadUInt32(uncheckedAt offset: Int) -> UInt32
  /// As ``loadUInt64(at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func loadUInt64(uncheckedAt offset: Int) -> UInt64
  /// As ``loadAcquiringUInt16(at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func loadAcquiringUInt16(uncheckedAt offset: Int) -> UInt16
  /// As ``store(_:at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func store(_ value: UInt16, uncheckedAt offset: Int)
  /// As ``store(_:at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func store(_ value: UInt32, uncheckedAt offset: Int)
  /// As ``store(_:at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func store(_ value: UInt64, uncheckedAt offset: Int)
  /// As ``storeReleasing(_:at:)``.
  ///
  /// - Precondition: an aligned place inside the memory.
  @unsafe func storeReleasing(_ value: UInt16, uncheckedAt offset: Int)
}

// Memory that checks every access.
extension ForeignMemory {
  /// Reads two bytes at once, unordered.
  @unsafe
  @inlinable
  public func loadUInt16(uncheckedAt offset: Int) -> UInt16 { loadUInt16(at: offset) }
  /// Reads four bytes at once, unordered.
  @unsafe
  @inlinable
  public func loadUInt32(uncheckedAt offset: Int) -> UInt32 { loadUInt32(at: offset) }
  /// Reads eight bytes, unordered.
  @unsafe
  @inlinable
  public func loadUInt64(uncheckedAt offset: Int) -> UInt64 { loadUInt64(at: offset) }
  /// Reads two bytes; what the other side wrote before it published them is visible after.
  @unsafe
  @inlinable
  public func loadAcquiringUInt16(uncheckedAt offset: Int) -> UInt16 {
    loadAcquiringUInt16(at: offset)
  }
  /// Writes two bytes at once, unordered.
  @unsafe
  @inlinable
  public func store(_ value: UInt16, uncheckedAt offset: Int) { store(value, at: offset) }
  /// Writes four bytes at once, unordered.
  @unsafe
  @inlinable
  public func store(_ value: UInt32, uncheckedAt offset: Int) { store(value, at: offset) }
  /// Writes eight bytes, unordered.
  @unsafe
  @inlinable
  public func store(_ value: UInt64, uncheckedAt offset: Int) { store(value, at: offset) }
  /// Publishes two bytes: all our earlier writes are visible to who acquires them.
  @unsafe
  @inlinable
  public func storeReleasing(_ value: UInt16, uncheckedAt offset: Int) {
    storeReleasing(value, at: offset)
  }
}
