public import SharedMemory
public import Vring
public import WireTypes

/// Messages from the host to the remote: the virtio device's end of vring 1.
///
/// One owner, no locks. A buffer goes back as soon as its message has been copied out;
/// ``publish()`` shows that to the host, once for many messages.
public struct RPMsgDeviceReceiver<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline var ring: VringDevice<Memory>
  /// The number by which the host is kicked.
  public let notifyID: NotifyID

  /// Takes over the device role of vring 1.
  public init(ring: consuming VringDevice<Memory>, notifyID: NotifyID) {
    self.ring = ring
    self.notifyID = notifyID
  }

  /// Why nothing can be received any more, or `nil`.
  public var broken: VringBreakage? { ring.broken }

  /// The most messages the ring holds at a time.
  @inlinable
  public var queueSize: Int { ring.layout.queueSize }

  /// Takes the next message and copies its payload to the start of `target`; `nil`: none is there.
  ///
  /// Every byte of the shared buffer is read at most once. A payload longer than `target` is
  /// dropped like a malformed one. The buffer goes back to the host with the next ``publish()``.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the host broke the ring.
  @inlinable
  #if !hasFeature(Embedded)
  @inline(__always)
  #endif
  public mutating func receive(
    into target: inout MutableRawSpan
  ) throws(RPMsgError) -> RPMsgReceived? {
    guard let buffer = try next() else { return nil }
    let received = ring.buffers.memory.copyMessage(
      at: buffer.segment.offset, byteCount: Int(truncatingIfNeeded: buffer.segment.byteCount),
      payloadInto: &target)
    ring.complete(buffer.head, byteCount: buffer.segment.byteCount)
    return received
  }

  /// The next buffer of the ring.
  @inlinable
  #if !hasFeature(Embedded)
  @inline(__always)
  #endif
  mutating func next() throws(RPMsgError) -> (head: UInt16, segment: VringSegment)? {
    do throws(VringError) { return try ring.popBuffer(.deviceReads) } catch {
      throw .vring(error)
    }
  }

  /// Messages copied out or released whose buffers ``publish()`` has not shown yet.
  @inlinable
  public var unpublishedCount: Int { ring.unpublishedCount }

  /// Shows the host the buffers that are free again; `true`: kick it.
  @inlinable
  public mutating func publish() -> Bool { ring.publish() }

  /// Asks the host to kick us when it sends, or no longer to.
  ///
  /// Returns whether messages wait already: after turning on, look once more before sleeping.
  ///
  /// - Throws: ``RPMsgError/vring(_:)``.
  @inlinable
  public mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool {
    do throws(VringError) { return try ring.setNotifications(enabled) } catch {
      throw .vring(error)
    }
  }
}

// Without a private copy of the payload.
extension RPMsgDeviceReceiver {
  /// Takes the next message and leaves its payload where it is; `nil`: none is there.
  ///
  /// The host gets the buffer back when the message was released and published; it must not write
  /// there before, but may. As many messages can be held as the ring has descriptors.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the host broke the ring.
  @inlinable
  public mutating func hold() throws(RPMsgError) -> RPMsgDeviceHold? {
    guard let buffer = try next() else { return nil }
    let segment = buffer.segment
    switch ring.buffers.memory.copyHeader(
      at: segment.offset, byteCount: Int(truncatingIfNeeded: segment.byteCount))
    {
    case .message(let header):
      return .message(
        RPMsgDeviceHeldMessage(
          header: header, head: buffer.head,
          offset: segment.offset &+ RPMsgHeader.encodedByteCount,
          bufferByteCount: segment.byteCount))
    case .dropped(let reason):
      ring.complete(buffer.head, byteCount: segment.byteCount)
      return .dropped(reason)
    }
  }

  /// Copies the payload of a held message from `offset` on into all of `target`.
  ///
  /// - Precondition: `0 <= offset`, `offset + target.byteCount <= message.byteCount`, and this
  ///   receiver gave `message`.
  @inlinable
  public func copyPayload(
    of message: borrowing RPMsgDeviceHeldMessage, from offset: Int = 0,
    into target: inout MutableRawSpan
  ) {
    let byteCount = message.byteCount
    precondition(
      offset >= 0 && offset <= byteCount && target.byteCount <= byteCount &- offset,
      "payload out of bounds")
    ring.buffers.memory.copyOut(from: message.offset &+ offset, into: &target)
  }

  /// Gives the buffer of a held message back; the host sees that after ``publish()``.
  ///
  /// - Precondition: this receiver gave `message`.
  @inlinable
  public mutating func release(_ message: consuming RPMsgDeviceHeldMessage) {
    ring.complete(message.head, byteCount: message.bufferByteCount)
  }
}

extension RPMsgDeviceReceiver where Memory == SharedWindow {
  /// Calls `body` with the payload of a held message where it lies.
  ///
  /// The pointer is valid during the call. A host that breaks the rules may change the bytes
  /// meanwhile, so that reading one twice may give two values; check a copy.
  @unsafe
  @inlinable
  public func withUnsafePayload<Result, Failure: Error>(
    of message: borrowing RPMsgDeviceHeldMessage,
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let start = message.offset
    let count = message.byteCount
    return unsafe try ring.buffers.memory.withUnsafeBase { (base) throws(Failure) in
      // SAFETY: the header was checked when the message was taken: all of it lies in the memory.
      unsafe try body(UnsafeRawBufferPointer(start: base + start, count: count))
    }
  }
}
