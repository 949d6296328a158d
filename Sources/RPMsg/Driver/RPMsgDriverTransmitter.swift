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
  /// The number by which the remote is kicked.
  public let notifyID: NotifyID

  /// Sets up vring 1 of `device`; the remote is not to look before the status says so.
  ///
  /// There are as many buffers as vring 0 has, if vring 1 has room for them. `usesEventIndex` says
  /// that the remote has agreed to ``/Virtio/VirtioFeatures/eventIndex``. Source: practice (Linux).
  ///
  /// - Throws: ``RPMsgError/missingVrings(count:)``, ``RPMsgError/vring(_:)``,
  ///   ``RPMsgError/bufferMemoryTooSmall(needed:available:)``.
  public init(
    _ device: VirtioDevice<Memory>, usesEventIndex: Bool = false
  ) throws(RPMsgError) {
    let (vring, layout) = try device.rpmsgVring(1)
    let bufferCount = try device.rpmsgVring(0).layout.queueSize
    let block = try RPMsgBufferBlock(
      .transmit, of: device.rpmsgBuffers(), queueSize: bufferCount)
    var ring = try vring.rpmsgDriver(layout, block, .strict, usesEventIndex: usesEventIndex)
    // Nobody waits for buffers yet.
    do throws(VringError) { _ = try ring.setNotifications(false) } catch { throw .vring(error) }
    self.ring = ring
    self.block = block
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
    let offset = block.offset(of: head)
    let memory = block.memory
    RPMsgHeader(
      source: source, destination: destination,
      byteCount: UInt16(truncatingIfNeeded: payload.byteCount)
    ).copy(into: memory, at: offset)
    memory.copyIn(payload, at: offset &+ RPMsgHeader.encodedByteCount)
    ring.add(
      head, address: block.address(of: head),
      byteCount: UInt32(truncatingIfNeeded: payload.byteCount &+ RPMsgHeader.encodedByteCount),
      direction: .deviceReads)
  }

  /// A free buffer, or `nil`.
  @inlinable
  @inline(__always)
  mutating func takeBuffer() throws(RPMsgError) -> UInt16? {
    do throws(VringError) {
      if let head = try ring.reserve() { return head }
      return try ring.popUsed()?.head
    } catch { throw .vring(error) }
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

/// A transmit buffer on its way: filled in place, then committed or cancelled.
///
/// A reservation that is dropped keeps its buffer out of use for good.
public struct RPMsgReservation: ~Copyable, Sendable {
  @usableFromInline let head: UInt16

  @inlinable
  init(head: UInt16) { self.head = head }
}

// Without a private copy of the payload.
extension RPMsgDriverTransmitter {
  /// Takes a free buffer.
  ///
  /// - Throws: ``RPMsgError/noBuffer`` or ``RPMsgError/vring(_:)``.
  @inlinable
  public mutating func reserve() throws(RPMsgError) -> RPMsgReservation {
    guard let head = try takeBuffer() else { throw .noBuffer }
    return RPMsgReservation(head: head)
  }

  /// Writes bytes of the payload.
  ///
  /// - Precondition: `offset + bytes.byteCount <= payloadCapacity`.
  @inlinable
  public func write(
    _ bytes: RawSpan, at offset: Int, in reservation: borrowing RPMsgReservation
  ) {
    precondition(
      offset >= 0 && offset <= payloadCapacity && bytes.byteCount <= payloadCapacity - offset,
      "payload out of bounds")
    let start = block.offset(of: reservation.head) &+ RPMsgHeader.encodedByteCount
    block.memory.copyIn(bytes, at: start &+ offset)
  }

  /// Sends the first `byteCount` bytes that were written; the remote sees them after
  /// ``publish()``.
  ///
  /// - Precondition: `0 <= byteCount <= payloadCapacity`.
  /// - Throws: ``RPMsgError/illegalAddress(_:)``; the buffer is free again then.
  @inlinable
  public mutating func commit(
    _ reservation: consuming RPMsgReservation, byteCount: Int,
    from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    precondition(byteCount >= 0 && byteCount <= payloadCapacity, "payload out of bounds")
    guard source != .any, destination != .any else {
      cancel(reservation)
      throw .illegalAddress(.any)
    }
    let head = reservation.head
    let header = RPMsgHeader(
      source: source, destination: destination,
      byteCount: UInt16(truncatingIfNeeded: byteCount))
    header.copy(into: block.memory, at: block.offset(of: head))
    ring.add(
      head, address: block.address(of: head),
      byteCount: UInt32(truncatingIfNeeded: byteCount &+ RPMsgHeader.encodedByteCount),
      direction: .deviceReads)
  }

  /// Gives the buffer back unsent.
  @inlinable
  public mutating func cancel(_ reservation: consuming RPMsgReservation) {
    ring.release(reservation.head)
  }
}
