public import SharedMemory
public import Virtio
public import Vring
public import WireTypes

/// Messages from the host to the remote: the virtio driver's end of vring 1.
///
/// One owner, no locks. Buffers that were never used go out first, in order; then those the remote
/// has given back. ``enqueue(_:from:to:)`` fills buffers, ``publish()`` shows them to the remote:
/// once for each message or once for many.
public struct RPMsgDriverTransmitter<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline var ring: VringDriver<Memory>
  @usableFromInline let block: RPMsgBufferBlock<Memory>
  @usableFromInline let owner: RPMsgBufferOwner<Memory>
  /// The number by which the remote is kicked.
  public let notifyID: NotifyID

  /// Sets up vring 1 of `device`; the remote is not to look before the status says so.
  ///
  /// There are as many buffers as vring 0 has, if vring 1 has room for them, of the `sizes` that
  /// the receiver has as well. `usesEventIndex` says that the remote has agreed to
  /// ``/Virtio/VirtioFeatures/eventIndex``. Source: practice (Linux).
  ///
  /// - Throws: ``RPMsgError/missingVrings(count:)``, ``RPMsgError/vring(_:)``,
  ///   ``RPMsgError/bufferMemoryTooSmall(needed:available:)``, or as
  ///   ``RPMsgBufferSizes/byteCount(queueSize:)``.
  public init(
    _ device: VirtioDevice<Memory>, sizes: RPMsgBufferSizes = .standard,
    usesEventIndex: Bool = false
  ) throws(RPMsgError) {
    let (vring, layout) = try device.rpmsgVring(1)
    let bufferCount = try device.rpmsgVring(0).layout.queueSize
    let block = try RPMsgBufferBlock(
      .transmit, of: device.rpmsgBuffers(), queueSize: bufferCount, sizes: sizes)
    var ring = try vring.rpmsgDriver(layout, block, .strict, usesEventIndex: usesEventIndex)
    // Nobody waits for buffers yet.
    do throws(VringError) { _ = try ring.setNotifications(false) } catch { throw .vring(error) }
    self.ring = ring
    self.block = block
    owner = RPMsgBufferOwner(block)
    notifyID = vring.notifyID
  }

  /// Bytes of payload that one message carries.
  @inlinable
  public var payloadCapacity: Int { block.payloadCapacity }

  /// Buffers the remote holds.
  @inlinable
  public var lentCount: Int { ring.lentCount }

  /// Why nothing can be sent any more, or `nil`.
  public var broken: VringBreakage? { ring.broken }

  /// Puts one message into a free buffer; the remote sees it after ``publish()``.
  ///
  /// - Throws: ``RPMsgError/payloadTooLong(byteCount:capacity:)``,
  ///   ``RPMsgError/illegalAddress(_:)``, ``RPMsgError/noBuffer`` or ``RPMsgError/vring(_:)``; in
  ///   each case nothing was sent.
  @inlinable
  public mutating func enqueue(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    guard payload.byteCount <= payloadCapacity else {
      throw .payloadTooLong(byteCount: payload.byteCount, capacity: payloadCapacity)
    }
    guard source != .any, destination != .any else { throw .illegalAddress(.any) }
    guard let head = try takeBuffer() else { throw .noBuffer }
    put(
      RPMsgHeader(
        source: source, destination: destination,
        byteCount: UInt16(truncatingIfNeeded: payload.byteCount)),
      payload, in: head)
  }

  /// Puts several messages of `byteCount` bytes each, which follow one another in `payloads`, into
  /// free buffers; the remote sees all of them after one ``publish()``.
  ///
  /// Returns how many of them, the first ones, found a buffer; bytes at the end that do not fill a
  /// message are not sent.
  ///
  /// - Precondition: `byteCount >= 1`.
  /// - Throws: ``RPMsgError/payloadTooLong(byteCount:capacity:)``,
  ///   ``RPMsgError/illegalAddress(_:)`` or ``RPMsgError/vring(_:)``; nothing was sent then.
  @inlinable
  public mutating func enqueue(
    batch payloads: RawSpan, each byteCount: Int, from source: EndpointAddress,
    to destination: EndpointAddress
  ) throws(RPMsgError) -> Int {
    precondition(byteCount >= 1, "messages of a length")
    guard byteCount <= payloadCapacity else {
      throw .payloadTooLong(byteCount: byteCount, capacity: payloadCapacity)
    }
    guard source != .any, destination != .any else { throw .illegalAddress(.any) }
    let header = RPMsgHeader(
      source: source, destination: destination, byteCount: UInt16(truncatingIfNeeded: byteCount))
    var count = 0
    var start = 0
    while payloads.byteCount &- start >= byteCount {
      let head: UInt16
      do throws(RPMsgError) {
        guard let next = try takeBuffer() else { break }
        head = next
      } catch {
        // The ring broke; messages before this one are as lost as those published earlier.
        throw error
      }
      put(header, payloads.extracting(start..<start &+ byteCount), in: head)
      start &+= byteCount
      count &+= 1
    }
    return count
  }

  /// Fills buffer `head` and adds it to the ring.
  @inlinable
  @inline(__always)
  mutating func put(_ header: RPMsgHeader, _ payload: RawSpan, in head: UInt16) {
    let offset = block.offset(of: head)
    block.memory.copyIn(payload, at: offset &+ RPMsgHeader.encodedByteCount)
    finish(header, in: head)
  }

  /// Writes the header of buffer `head` and adds it to the ring.
  @inlinable
  @inline(__always)
  mutating func finish(_ header: RPMsgHeader, in head: UInt16) {
    header.copy(into: block.memory, at: block.offset(of: head))
    ring.add(
      head, address: block.address(of: head),
      byteCount: UInt32(truncatingIfNeeded: Int(header.byteCount) &+ RPMsgHeader.encodedByteCount),
      direction: .deviceReads)
  }

  /// A free buffer, or `nil`.
  @inlinable
  @inline(__always)
  mutating func takeBuffer() throws(RPMsgError) -> UInt16? {
    do throws(VringError) {
      if let head = try ring.reserve() { return head }
      if let used = try ring.popUsed() { return used.head }
      return try takeDropped()
    } catch { throw .vring(error) }
  }

  /// A buffer whose reservation was dropped, or `nil`.
  @usableFromInline
  mutating func takeDropped() throws(VringError) -> UInt16? {
    guard owner.mayHaveDropped else { return nil }
    owner.collect { ring.release($0) }
    return try ring.reserve()
  }

  /// Shows the remote what was enqueued since the last call; `true`: kick it.
  @inlinable
  public mutating func publish() -> Bool { ring.publish() }

  /// Asks the remote to notify us when it gives buffers back, or no longer to.
  ///
  /// For a sender that is about to sleep. Returns whether buffers have come back already.
  ///
  /// - Throws: ``RPMsgError/vring(_:)``.
  public mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool {
    do throws(VringError) { return try ring.setNotifications(enabled) } catch {
      throw .vring(error)
    }
  }
}

// Without a private copy of the payload.
extension RPMsgDriverTransmitter {
  /// Takes a free buffer, to be filled in place.
  ///
  /// - Throws: ``RPMsgError/noBuffer`` or ``RPMsgError/vring(_:)``.
  @inlinable
  public mutating func reserve() throws(RPMsgError) -> RPMsgReservation<Memory> {
    guard let head = try takeBuffer() else { throw .noBuffer }
    return RPMsgReservation(owner: owner, head: head)
  }

  /// Sends the first `byteCount` bytes that were written; the remote sees them after
  /// ``publish()``.
  ///
  /// - Precondition: `0 <= byteCount <= payloadCapacity`; the reservation is of this transmitter.
  /// - Throws: ``RPMsgError/illegalAddress(_:)``; the buffer is free again then.
  @inlinable
  public mutating func commit(
    _ reservation: consuming RPMsgReservation<Memory>, byteCount: Int,
    from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    precondition(byteCount >= 0 && byteCount <= payloadCapacity, "payload out of bounds")
    guard source != .any, destination != .any else {
      cancel(reservation)
      throw .illegalAddress(.any)
    }
    precondition(reservation.owner === owner, "a reservation of another transmitter")
    finish(
      RPMsgHeader(
        source: source, destination: destination, byteCount: UInt16(truncatingIfNeeded: byteCount)),
      in: reservation.take())
  }

  /// Gives the buffer back unsent, for the next that needs one; dropping it does so later.
  ///
  /// - Precondition: the reservation is of this transmitter.
  @inlinable
  public mutating func cancel(_ reservation: consuming RPMsgReservation<Memory>) {
    precondition(reservation.owner === owner, "a reservation of another transmitter")
    ring.release(reservation.take())
  }
}
