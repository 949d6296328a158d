public import SharedMemory
public import Vring
public import WireTypes

/// The buffers of one direction: equal pieces of one block of shared memory.
///
/// The driver's memory for buffers has two parts: first those it receives into, then those it
/// transmits from. Each ring of n descriptors has min(n, 256) buffers of 512 bytes unless its user
/// chooses other ``RPMsgBufferSizes``. Source: practice (Linux).
public struct RPMsgBufferBlock<Memory: ForeignMemory>: Sendable {
  /// Bytes of a buffer where nobody has chosen, header included.
  public static var defaultBufferByteCount: Int { RPMsgBufferSizes.defaultByteCount }
  /// The most buffers a direction has where nobody has chosen.
  public static var maximumCount: Int { RPMsgBufferSizes.defaultMaximumCount }

  /// The memory the buffers lie in.
  public let memory: Memory
  /// Buffers in the block.
  public let count: Int
  /// Bytes of each buffer, header included.
  public let bufferByteCount: Int
  @usableFromInline let firstOffset: Int
  @usableFromInline let firstAddress: DeviceAddress

  /// One part of `mapped`, whose rings have `queueSize` descriptors.
  ///
  /// - Precondition: `queueSize >= 1`.
  /// - Throws: ``RPMsgError/bufferMemoryTooSmall(needed:available:)``, or as
  ///   ``RPMsgBufferSizes/byteCount(queueSize:)``.
  public init(
    _ half: Half, of mapped: MappedMemory<Memory>, queueSize: Int,
    sizes: RPMsgBufferSizes = .standard
  ) throws(RPMsgError) {
    precondition(queueSize >= 1, "a block without buffers")
    let parts = try sizes.layout(queueSize: queueSize)
    count = parts.count
    bufferByteCount = half == .receive ? sizes.receiveByteCount : sizes.transmitByteCount
    let needed = parts.receive + parts.transmit
    guard mapped.memory.byteCount >= needed else {
      throw .bufferMemoryTooSmall(needed: needed, available: mapped.memory.byteCount)
    }
    memory = mapped.memory
    firstOffset = half == .receive ? 0 : parts.receive
    guard let first = mapped.start.advanced(by: UInt64(firstOffset)),
      first.advanced(by: UInt64(count * bufferByteCount - 1)) != nil
    else {
      throw .bufferMemoryTooSmall(needed: needed, available: 0)
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

  /// Bytes of memory that both parts take for rings of `queueSize` descriptors, unless other sizes
  /// are chosen.
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
