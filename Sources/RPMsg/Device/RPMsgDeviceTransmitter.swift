public import SharedMemory
public import Vring
public import WireTypes

/// Messages from the remote to the host: the virtio device's end of vring 0.
///
/// One owner, no locks. ``enqueue(_:from:to:)`` fills buffers that the host has lent;
/// ``publish()`` shows them to the host, once for each message or once for many. The host is asked
/// to kick when it lends buffers only from the moment one was missing until one is there again.
public struct RPMsgDeviceTransmitter<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline var ring: VringDevice<Memory>
  /// A buffer taken from the ring that no message has used yet.
  @usableFromInline var held: (head: UInt16, segment: VringSegment)?
  /// The host is asked to kick when it lends buffers; a ring starts like that.
  @usableFromInline var asksForKicks = true
  /// The number by which the host is kicked.
  public let notifyID: NotifyID

  /// Takes over the device role of vring 0.
  public init(ring: consuming VringDevice<Memory>, notifyID: NotifyID) {
    self.ring = ring
    self.notifyID = notifyID
  }

  /// Why nothing can be sent any more, or `nil`.
  public var broken: VringBreakage? { ring.broken }

  /// Bytes of payload that the next message can carry, or `nil` when the host has lent no buffer.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the host broke the ring.
  @inlinable
  public mutating func nextCapacity() throws(RPMsgError) -> Int? {
    let minimum = UInt32(truncatingIfNeeded: RPMsgHeader.encodedByteCount)
    do throws(VringError) {
      if held == nil, let next = try takeBuffer() {
        guard next.segment.byteCount >= minimum else {
          throw ring.breakRing(
            .bufferTooSmall(
              head: next.head, needed: minimum, available: next.segment.byteCount))
        }
        held = next
      }
    } catch { throw .vring(error) }
    guard let held else { return nil }
    // A header cannot announce more than 65535 bytes.
    return Int(truncatingIfNeeded: min(held.segment.byteCount &- minimum, 0xffff))
  }

  /// The next buffer that the host lends, or `nil`; then a kick will tell of the next.
  @inlinable
  mutating func takeBuffer() throws(VringError) -> (head: UInt16, segment: VringSegment)? {
    let next = try ring.popBuffer(.deviceWrites)
    let isMissing = next == nil
    guard isMissing != asksForKicks else { return next }
    asksForKicks = isMissing
    // One may have come before the host could see that we ask.
    let hasMore = try ring.setNotifications(isMissing)
    return isMissing && hasMore ? try ring.popBuffer(.deviceWrites) : next
  }

  /// Puts one message into a buffer; the host sees it after ``publish()``.
  ///
  /// - Throws: ``RPMsgError/illegalAddress(_:)``, ``RPMsgError/noBuffer``,
  ///   ``RPMsgError/payloadTooLong(byteCount:capacity:)`` or ``RPMsgError/vring(_:)``; in each
  ///   case nothing was sent.
  @inlinable
  public mutating func enqueue(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    guard source != .any, destination != .any else { throw .illegalAddress(.any) }
    guard let capacity = try nextCapacity(), let buffer = held else { throw .noBuffer }
    let byteCount = payload.byteCount
    guard byteCount <= capacity else {
      throw .payloadTooLong(byteCount: byteCount, capacity: capacity)
    }
    let header = RPMsgHeader(
      source: source, destination: destination, byteCount: UInt16(truncatingIfNeeded: byteCount))
    let memory = ring.buffers.memory
    header.copy(into: memory, at: buffer.segment.offset)
    memory.copyIn(payload, at: buffer.segment.offset &+ RPMsgHeader.encodedByteCount)
    held = nil
    ring.complete(
      buffer.head,
      byteCount: UInt32(truncatingIfNeeded: byteCount &+ RPMsgHeader.encodedByteCount))
  }

  /// Shows the host what was enqueued since the last call; `true`: kick it.
  @inlinable
  public mutating func publish() -> Bool { ring.publish() }
}
