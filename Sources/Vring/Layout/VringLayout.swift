/// Where the three parts of a split virtqueue lie in one block of memory.
///
/// | Part        | Content                                                    |
/// |-------------|------------------------------------------------------------|
/// | descriptors | n x (address u64, byte count u32, flags u16, next u16)     |
/// | available   | flags u16, index u16, n x head u16, used event u16         |
/// | used        | flags u16, index u16, n x (id u32, byte count u32), available event u16 |
///
/// The used part starts at the next multiple of the alignment. Every field is little-endian.
/// Source: [VIRTIO-1.2] §2.7, and §2.7.2 for the legacy placement.
@frozen
public struct VringLayout: Equatable, Sendable {
  /// One part of the ring: bytes from the start of the ring's memory.
  @frozen
  public struct Part: Equatable, Sendable {
    /// Where the part starts.
    public let offset: Int
    /// Bytes in the part.
    public let byteCount: Int

    @inlinable
    init(offset: Int, byteCount: Int) {
      self.offset = offset
      self.byteCount = byteCount
    }
  }

  /// The largest number of descriptors a ring can have.
  public static let maximumQueueSize = 32_768
  /// Bytes to a multiple of which the memory of a ring starts.
  public static let baseAlignment = 16

  /// Descriptors in the ring, a power of two.
  public let queueSize: Int
  /// The used part starts at a multiple of this many bytes, a power of two.
  public let alignment: Int

  /// Lays out a ring of `queueSize` descriptors.
  ///
  /// - Throws: ``VringError/invalidQueueSize(_:)`` unless a power of two in `1...32768`;
  ///   ``VringError/invalidAlignment(_:)`` unless a power of two in `4...2^30`.
  @inlinable
  public init(queueSize: Int, alignment: Int) throws(VringError) {
    guard (1...Self.maximumQueueSize).contains(queueSize), queueSize & (queueSize - 1) == 0 else {
      throw .invalidQueueSize(queueSize)
    }
    // The used entries are read four bytes at a time; the bound keeps all sums within 31 bits.
    guard (4...(1 << 30)).contains(alignment), alignment & (alignment - 1) == 0 else {
      throw .invalidAlignment(alignment)
    }
    self.queueSize = queueSize
    self.alignment = alignment
  }

  /// Lays out a ring whose numbers come from a resource table.
  ///
  /// - Throws: as ``init(queueSize:alignment:)``; numbers beyond `Int` appear there as `Int.max`.
  public init(queueSize: UInt32, alignment: UInt32) throws(VringError) {
    try self.init(queueSize: Int(clamping: queueSize), alignment: Int(clamping: alignment))
  }

  /// The descriptor table.
  @inlinable
  public var descriptors: Part { Part(offset: 0, byteCount: 16 &* queueSize) }

  /// The ring of heads that the driver makes available.
  @inlinable
  public var available: Part {
    Part(offset: 16 &* queueSize, byteCount: 6 &+ 2 &* queueSize)
  }

  /// The ring of entries that the device has used.
  @inlinable
  public var used: Part {
    let end = available.offset &+ available.byteCount
    return Part(
      offset: (end &+ alignment &- 1) & ~(alignment &- 1), byteCount: 6 &+ 8 &* queueSize)
  }

  /// Bytes of the whole ring, from the descriptors to the end of the used part.
  @inlinable
  public var byteCount: Int { used.offset &+ used.byteCount }
}
