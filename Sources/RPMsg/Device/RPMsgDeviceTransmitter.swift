public import SharedMemory
public import Vring
public import WireTypes

/// Messages from the remote to the host: the virtio device's end of vring 0.
///
/// One owner, no locks. ``enqueue(_:from:to:)`` fills buffers that the host has lent;
/// ``publish()`` shows them to the host, once for each message or once for many. How much fits is
/// what the host's descriptors say. The host is asked to kick when it lends buffers only from the
/// moment one was missing until one is there again.
public struct RPMsgDeviceTransmitter<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline var ring: VringDevice<Memory>
  /// Buffers taken from the ring that no message has used yet; last in, first out.
  @usableFromInline var spare: PrivateArray<LentBuffer>
  @usableFromInline var spareCount = 0
  /// The host is asked to kick when it lends buffers; a ring starts like that.
  @usableFromInline var asksForKicks = true
  /// The number by which the host is kicked.
  public let notifyID: NotifyID

  /// Takes over the device role of vring 0.
  public init(ring: consuming VringDevice<Memory>, notifyID: NotifyID) {
    spare = PrivateArray(repeating: LentBuffer(), count: ring.layout.queueSize)
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
    guard let buffer = try take() else { return nil }
    keep(buffer)
    return buffer.payloadCapacity
  }

  /// Puts one message into a buffer; the host sees it after ``publish()``.
  ///
  /// - Throws: ``RPMsgError/illegalAddress(_:)``, ``RPMsgError/noBuffer``,
  ///   ``RPMsgError/payloadTooLong(byteCount:capacity:)`` or ``RPMsgError/vring(_:)``; in each
  ///   case nothing was sent.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  public mutating func enqueue(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    guard source != .any, destination != .any else { throw .illegalAddress(.any) }
    guard let buffer = try take() else { throw .noBuffer }
    let byteCount = payload.byteCount
    guard byteCount <= buffer.payloadCapacity else {
      keep(buffer)
      throw .payloadTooLong(byteCount: byteCount, capacity: buffer.payloadCapacity)
    }
    ring.buffers.memory.copyIn(payload, at: buffer.offset &+ RPMsgHeader.encodedByteCount)
    finish(buffer, byteCount: byteCount, from: source, to: destination)
  }

  /// Shows the host what was enqueued since the last call; `true`: kick it.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  public mutating func publish() -> Bool { ring.publish() }

  /// Messages enqueued that ``publish()`` has not shown yet.
  @inlinable
  public var unpublishedCount: Int { ring.unpublishedCount }

  /// Asks the host to kick when it lends buffers, or no longer to.
  ///
  /// For a sender that is about to sleep. The next send without a missing buffer ends the asking.
  /// Returns whether a buffer is there already.
  ///
  /// - Throws: ``RPMsgError/vring(_:)``.
  public mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool {
    do throws(VringError) {
      asksForKicks = enabled
      return try ring.setNotifications(enabled) || spareCount > 0
    } catch { throw .vring(error) }
  }
}

// Without a private copy of the payload.
extension RPMsgDeviceTransmitter {
  /// Takes a buffer that the host has lent.
  ///
  /// - Throws: ``RPMsgError/noBuffer`` or ``RPMsgError/vring(_:)``.
  @inlinable
  public mutating func reserve() throws(RPMsgError) -> RPMsgDeviceReservation {
    guard let buffer = try take() else { throw .noBuffer }
    return RPMsgDeviceReservation(buffer: buffer)
  }

  /// Writes bytes of the payload.
  ///
  /// - Precondition: `offset + bytes.byteCount <= reservation.payloadCapacity`.
  @inlinable
  public func write(
    _ bytes: RawSpan, at offset: Int, in reservation: borrowing RPMsgDeviceReservation
  ) {
    let capacity = reservation.payloadCapacity
    precondition(
      offset >= 0 && offset <= capacity && bytes.byteCount <= capacity &- offset,
      "payload out of bounds")
    let start = reservation.buffer.offset &+ RPMsgHeader.encodedByteCount
    ring.buffers.memory.copyIn(bytes, at: start &+ offset)
  }

  /// Sends the first `byteCount` bytes that were written; the host sees them after ``publish()``.
  ///
  /// - Precondition: `0 <= byteCount <= reservation.payloadCapacity`.
  /// - Throws: ``RPMsgError/illegalAddress(_:)``; the buffer is free again then.
  @inlinable
  public mutating func commit(
    _ reservation: consuming RPMsgDeviceReservation, byteCount: Int,
    from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    precondition(
      byteCount >= 0 && byteCount <= reservation.payloadCapacity, "payload out of bounds")
    let buffer = reservation.buffer
    guard source != .any, destination != .any else {
      keep(buffer)
      throw .illegalAddress(.any)
    }
    finish(buffer, byteCount: byteCount, from: source, to: destination)
  }

  /// Gives the buffer back unsent; the next message takes it.
  @inlinable
  public mutating func cancel(_ reservation: consuming RPMsgDeviceReservation) {
    keep(reservation.buffer)
  }
}

// Buffers.
extension RPMsgDeviceTransmitter {
  /// A buffer for one message, or `nil`; then a kick will tell of the next.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func take() throws(RPMsgError) -> LentBuffer? {
    if spareCount > 0 {
      spareCount &-= 1
      return spare[spareCount]
    }
    do throws(VringError) {
      if !asksForKicks, let next = try ring.popBuffer(.deviceWrites) { return try check(next) }
      return try takeAsking()
    } catch { throw .vring(error) }
  }

  /// The same where one was missing, or is now: the host is asked to kick, or no longer to.
  @usableFromInline
  mutating func takeAsking() throws(VringError) -> LentBuffer? {
    if let next = try ring.popBuffer(.deviceWrites) {
      asksForKicks = false
      _ = try ring.setNotifications(false)
      return try check(next)
    }
    guard !asksForKicks else { return nil }
    asksForKicks = true
    // One may have come before the host could see that we ask.
    guard try ring.setNotifications(true), let next = try ring.popBuffer(.deviceWrites) else {
      return nil
    }
    return try check(next)
  }

  /// A buffer of the ring as one for messages: it has room for a header.
  @inlinable
  #if !hasFeature(Embedded)
  @inline(__always)
  #endif
  mutating func check(
    _ next: (head: UInt16, segment: VringSegment)
  ) throws(VringError) -> LentBuffer {
    let minimum = UInt32(truncatingIfNeeded: RPMsgHeader.encodedByteCount)
    guard next.segment.byteCount >= minimum else {
      throw ring.breakRing(
        .bufferTooSmall(head: next.head, needed: minimum, available: next.segment.byteCount))
    }
    return LentBuffer(
      head: next.head, byteCount: next.segment.byteCount, offset: next.segment.offset)
  }

  /// Keeps an unused buffer for the next message.
  @inlinable
  mutating func keep(_ buffer: LentBuffer) {
    // Never more than the ring has descriptors.
    spare[spareCount] = buffer
    spareCount &+= 1
  }

  /// Writes the header in front of a payload and gives the buffer to the host.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func finish(
    _ buffer: LentBuffer, byteCount: Int, from source: EndpointAddress,
    to destination: EndpointAddress
  ) {
    RPMsgHeader(
      source: source, destination: destination, byteCount: UInt16(truncatingIfNeeded: byteCount)
    ).copy(into: ring.buffers.memory, at: buffer.offset)
    ring.complete(
      buffer.head,
      byteCount: UInt32(truncatingIfNeeded: byteCount &+ RPMsgHeader.encodedByteCount))
  }
}
