/// A buffer that the host has lent for one message, checked.
@frozen
@usableFromInline
struct LentBuffer: BitwiseCopyable, Sendable {
  @usableFromInline let head: UInt16
  @usableFromInline let byteCount: UInt32
  /// Where it starts in the memory for buffers, in bytes.
  @usableFromInline let offset: Int

  @inlinable
  init(head: UInt16 = 0, byteCount: UInt32 = 0, offset: Int = 0) {
    self.head = head
    self.byteCount = byteCount
    self.offset = offset
  }

  /// Bytes of payload it carries; a header cannot announce more than 65535.
  @inlinable
  var payloadCapacity: Int {
    let room = byteCount &- UInt32(truncatingIfNeeded: RPMsgHeader.encodedByteCount)
    return Int(truncatingIfNeeded: min(room, 0xffff))
  }
}

/// A transmit buffer of the device role on its way: filled in place, then committed or cancelled.
///
/// A reservation that is dropped keeps its buffer out of use for good.
public struct RPMsgDeviceReservation: ~Copyable, Sendable {
  @usableFromInline let buffer: LentBuffer

  @inlinable
  init(buffer: LentBuffer) { self.buffer = buffer }

  /// Bytes of payload that fit.
  @inlinable
  public var payloadCapacity: Int { buffer.payloadCapacity }
}
