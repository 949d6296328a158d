public import SharedMemory
public import Vring
public import WireTypes

/// The buffers of one direction: equal pieces of one block of shared memory.
///
/// The host's memory for buffers has two halves: first those it receives into, then those it
/// transmits from. Each ring of n descriptors has min(n, 256) buffers. Source: practice (Linux).
public struct RPMsgBufferBlock<Memory: ForeignMemory>: Sendable {
  /// Bytes of a buffer, header included.
  public static var defaultBufferByteCount: Int { 512 }
  /// The most buffers a direction has.
  public static var maximumCount: Int { 256 }

  /// The memory the buffers lie in.
  public let memory: Memory
  /// Buffers in the block.
  public let count: Int
  /// Bytes of each buffer, header included.
  public let bufferByteCount: Int
  @usableFromInline let firstOffset: Int
  @usableFromInline let firstAddress: DeviceAddress

  /// One half of `mapped`, whose rings have `queueSize` descriptors.
  ///
  /// - Precondition: `queueSize >= 1`, and a buffer holds a header and at most 65535 bytes.
  /// - Throws: ``RPMsgError/bufferMemoryTooSmall(needed:available:)``.
  public init(
    _ half: Half, of mapped: MappedMemory<Memory>, queueSize: Int,
    bufferByteCount: Int = Self.defaultBufferByteCount
  ) throws(RPMsgError) {
    precondition(queueSize >= 1, "a block without buffers")
    precondition(
      (RPMsgHeader.encodedByteCount...0xffff).contains(bufferByteCount), "buffer size out of range")
    count = min(queueSize, Self.maximumCount)
    self.bufferByteCount = bufferByteCount
    let halfByteCount = count * bufferByteCount
    guard mapped.memory.byteCount >= 2 * halfByteCount else {
      throw .bufferMemoryTooSmall(needed: 2 * halfByteCount, available: mapped.memory.byteCount)
    }
    memory = mapped.memory
    firstOffset = half == .receive ? 0 : halfByteCount
    guard let first = mapped.start.advanced(by: UInt64(firstOffset)),
      first.advanced(by: UInt64(halfByteCount - 1)) != nil
    else {
      throw .bufferMemoryTooSmall(needed: 2 * halfByteCount, available: 0)
    }
    firstAddress = first
  }

  /// Which way messages go through the buffers of a half.
  public enum Half: Equatable, Sendable {
    /// The remote fills them.
    case receive
    /// The host fills them.
    case transmit
  }

  /// Bytes of memory that both halves take for rings of `queueSize` descriptors.
  public static func byteCount(queueSize: Int) -> Int {
    2 * min(max(queueSize, 0), maximumCount) * defaultBufferByteCount
  }

  /// Bytes of payload a buffer carries.
  @inlinable
  public var payloadCapacity: Int { bufferByteCount &- RPMsgHeader.encodedByteCount }

  /// Where buffer `index` starts in ``memory``.
  @inlinable
  @inline(__always)
  func offset(of index: UInt16) -> Int { firstOffset &+ Int(index) &* bufferByteCount }

  /// Where buffer `index` starts for the remote.
  @inlinable
  @inline(__always)
  func address(of index: UInt16) -> DeviceAddress {
    // The end of the block is addressable: checked when it was made.
    DeviceAddress(
      rawValue: firstAddress.rawValue
        &+ UInt64(
          truncatingIfNeeded: Int(index) &* bufferByteCount))
  }
}
