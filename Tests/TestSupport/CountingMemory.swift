public import SharedMemory

/// Shared memory that reports every fetch to a ``FetchLog``.
///
/// Bytes are logged by their place in the region, so that several windows share one log.
public struct CountingMemory: ForeignMemory {
  private let base: SharedWindow
  private let log: FetchLog
  private let origin: Int

  /// Watches `base`, which lies `origin` bytes into its region.
  public init(_ base: SharedWindow, log: FetchLog, origin: Int = 0) {
    self.base = base
    self.log = log
    self.origin = origin
  }

  /// Bytes that can be reached.
  public var byteCount: Int { base.byteCount }

  /// Whether the first byte is aligned.
  public func isAligned(to alignment: Int) -> Bool { base.isAligned(to: alignment) }

  private func note(_ offset: Int, _ count: Int) {
    log.fetch(origin + offset..<origin + offset + count)
  }

  /// Reads one byte.
  public func loadUInt8(at offset: Int) -> UInt8 {
    note(offset, 1)
    return base.loadUInt8(at: offset)
  }

  /// Reads two bytes.
  public func loadUInt16(at offset: Int) -> UInt16 {
    note(offset, 2)
    return base.loadUInt16(at: offset)
  }

  /// Reads four bytes.
  public func loadUInt32(at offset: Int) -> UInt32 {
    note(offset, 4)
    return base.loadUInt32(at: offset)
  }

  /// Reads eight bytes.
  public func loadUInt64(at offset: Int) -> UInt64 {
    note(offset, 8)
    return base.loadUInt64(at: offset)
  }

  /// Reads one byte.
  public func loadAcquiringUInt8(at offset: Int) -> UInt8 {
    note(offset, 1)
    return base.loadAcquiringUInt8(at: offset)
  }

  /// Reads two bytes.
  public func loadAcquiringUInt16(at offset: Int) -> UInt16 {
    note(offset, 2)
    return base.loadAcquiringUInt16(at: offset)
  }

  /// Reads four bytes.
  public func loadAcquiringUInt32(at offset: Int) -> UInt32 {
    note(offset, 4)
    return base.loadAcquiringUInt32(at: offset)
  }

  /// Copies bytes out.
  public func copyOut(from offset: Int, into target: inout MutableRawSpan) {
    note(offset, target.byteCount)
    base.copyOut(from: offset, into: &target)
  }

  /// Copies bytes out.
  public func sample(from offset: Int, into target: inout MutableRawSpan) {
    note(offset, target.byteCount)
    base.sample(from: offset, into: &target)
  }

  /// Writes one byte.
  public func store(_ value: UInt8, at offset: Int) { base.store(value, at: offset) }
  /// Writes two bytes.
  public func store(_ value: UInt16, at offset: Int) { base.store(value, at: offset) }
  /// Writes four bytes.
  public func store(_ value: UInt32, at offset: Int) { base.store(value, at: offset) }
  /// Writes eight bytes.
  public func store(_ value: UInt64, at offset: Int) { base.store(value, at: offset) }
  /// Publishes one byte.
  public func storeReleasing(_ value: UInt8, at offset: Int) {
    base.storeReleasing(value, at: offset)
  }
  /// Publishes two bytes.
  public func storeReleasing(_ value: UInt16, at offset: Int) {
    base.storeReleasing(value, at: offset)
  }
  /// Publishes four bytes.
  public func storeReleasing(_ value: UInt32, at offset: Int) {
    base.storeReleasing(value, at: offset)
  }
  /// Copies bytes in.
  public func copyIn(_ source: RawSpan, at offset: Int) { base.copyIn(source, at: offset) }
  /// Sets bytes.
  public func fill(from offset: Int, count: Int, with value: UInt8) {
    base.fill(from: offset, count: count, with: value)
  }
}
