/// A message that stays in its buffer until it is released.
///
/// Its header is a private copy; its payload is read where it lies. The receiver that gave it takes
/// it back, in any order with others and, as it cannot be copied, once. A held message that is
/// dropped keeps its buffer out of use for good.
public struct RPMsgDeviceHeldMessage: ~Copyable, Sendable {
  /// The header, checked: the payload it promises lies in the buffer.
  public let header: RPMsgHeader
  @usableFromInline let head: UInt16
  /// Where the payload starts in the memory of the buffers, in bytes.
  @usableFromInline let offset: Int
  /// Bytes of the buffer, which go back with it.
  @usableFromInline let bufferByteCount: UInt32

  @inlinable
  init(header: RPMsgHeader, head: UInt16, offset: Int, bufferByteCount: UInt32) {
    self.header = header
    self.head = head
    self.offset = offset
    self.bufferByteCount = bufferByteCount
  }

  /// Bytes of payload.
  @inlinable
  public var byteCount: Int { Int(header.byteCount) }
}

/// What a receiver took out of its ring without copying the payload.
public enum RPMsgDeviceHold: ~Copyable, Sendable {
  /// A message, to be released.
  case message(RPMsgDeviceHeldMessage)
  /// A malformed message, whose buffer is on its way back.
  case dropped(RPMsgDropReason)
}
