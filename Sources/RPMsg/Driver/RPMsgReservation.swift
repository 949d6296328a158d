public import SharedMemory

/// A transmit buffer that is ours to fill: written in place, then committed or cancelled.
///
/// Any thread may write, without the owner of the ring; only taking, committing and cancelling need
/// it. A reservation that is dropped is cancelled: the transmitter finds the buffer when it looks
/// for a free one. Nothing is lost, and the compiler sees to it that nothing is sent twice.
public struct RPMsgReservation<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline let owner: RPMsgBufferOwner<Memory>
  @usableFromInline let head: UInt16
  @usableFromInline var isOver = false

  @inlinable
  init(owner: RPMsgBufferOwner<Memory>, head: UInt16) {
    self.owner = owner
    self.head = head
  }

  deinit { if !isOver { owner.drop(head) } }

  /// Bytes of payload that the buffer carries.
  @inlinable
  public var payloadCapacity: Int { owner.block.payloadCapacity }

  /// Writes bytes of the payload.
  ///
  /// - Precondition: `0 <= offset`, `offset + bytes.byteCount <= payloadCapacity`.
  @inlinable
  public func write(_ bytes: RawSpan, at offset: Int = 0) {
    let capacity = payloadCapacity
    precondition(
      offset >= 0 && offset <= capacity && bytes.byteCount <= capacity &- offset,
      "payload out of bounds")
    let start = owner.block.offset(of: head) &+ RPMsgHeader.encodedByteCount
    owner.block.memory.copyIn(bytes, at: start &+ offset)
  }

  /// Ends the reservation; the buffer is the caller's.
  @inlinable
  consuming func take() -> UInt16 {
    isOver = true
    return head
  }
}
