public import SharedMemory
public import Virtio
public import Vring
public import WireTypes

/// Messages from the remote to the host: the virtio driver's end of vring 0.
///
/// One owner, no locks. Every buffer is lent to the remote at the start, and again as soon as its
/// message has been copied out; ``publish()`` shows that to the remote, once for many messages.
public struct RPMsgDriverReceiver<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline var ring: VringDriver<Memory>
  @usableFromInline let block: RPMsgBufferBlock<Memory>
  @usableFromInline let owner: RPMsgBufferOwner<Memory>
  /// The number by which the remote is kicked.
  public let notifyID: NotifyID

  /// Sets up vring 0 of `device` and lends every buffer.
  ///
  /// Publish and kick once when the remote may look at its rings. `usesEventIndex` says that the
  /// remote has agreed to ``/Virtio/VirtioFeatures/eventIndex``.
  ///
  /// - Throws: ``RPMsgError/missingVrings(count:)``, ``RPMsgError/vring(_:)``,
  ///   ``RPMsgError/bufferMemoryTooSmall(needed:available:)``, or as
  ///   ``RPMsgBufferSizes/byteCount(queueSize:)``.
  public init(
    _ device: VirtioDevice<Memory>, sizes: RPMsgBufferSizes = .standard,
    usedLengthRule: VringDriver<Memory>.UsedLengthRule = .strict, usesEventIndex: Bool = false
  ) throws(RPMsgError) {
    let (vring, layout) = try device.rpmsgVring(0)
    let block = try RPMsgBufferBlock(
      .receive, of: device.rpmsgBuffers(), queueSize: layout.queueSize, sizes: sizes)
    var ring = try vring.rpmsgDriver(
      layout, block, usedLengthRule, usesEventIndex: usesEventIndex)
    do throws(VringError) {
      while let head = try ring.reserve() { block.lend(head, to: &ring) }
    } catch { throw .vring(error) }
    self.ring = ring
    self.block = block
    owner = RPMsgBufferOwner(block)
    notifyID = vring.notifyID
  }

  /// The longest payload a message can have.
  @inlinable
  public var payloadCapacity: Int { block.payloadCapacity }

  /// Buffers copied out whose return ``publish()`` has not shown yet.
  @inlinable
  public var unpublishedCount: Int { ring.unpublishedCount }

  /// Whether so many buffers were copied out that the remote should see it now.
  ///
  /// Showing many at once costs less than one by one. Who calls ``publish()`` when this is true,
  /// and before it waits, keeps back at most half of the ring, and no more than 64 buffers, so that
  /// the remote always has some to fill.
  @inlinable
  public var isPublishDue: Bool { ring.unpublishedCount >= max(1, min(64, block.count &>> 1)) }

  /// Buffers in the ring.
  @inlinable
  public var bufferCount: Int { block.count }

  /// Why nothing can be received any more, or `nil`.
  public var broken: VringBreakage? { ring.broken }

  /// Takes the next message and copies its payload to the start of `target`; `nil`: none is there.
  ///
  /// Every byte of the shared buffer is read at most once. The buffer is lent to the remote again
  /// with the next ``publish()``, malformed message or not.
  ///
  /// - Precondition: `target.byteCount >= payloadCapacity`.
  /// - Throws: ``RPMsgError/vring(_:)`` when the remote broke the ring.
  @inlinable
  public mutating func receive(
    into target: inout MutableRawSpan
  ) throws(RPMsgError) -> RPMsgReceived? {
    precondition(target.byteCount >= payloadCapacity, "room for the longest message")
    guard let used = try takeUsed() else { return nil }
    let received = block.memory.copyMessage(
      at: block.offset(of: used.head), byteCount: Int(truncatingIfNeeded: used.byteCount),
      payloadInto: &target)
    block.lend(used.head, to: &ring)
    return received
  }

  /// The next buffer that the remote has filled, or `nil`.
  @inlinable
  @inline(__always)
  mutating func takeUsed() throws(RPMsgError) -> UsedBuffer? {
    do throws(VringError) { return try ring.popUsed() } catch { throw .vring(error) }
  }

  /// Shows the remote the buffers that are free for it again, those of dropped messages among
  /// them; `true`: kick it.
  @inlinable
  public mutating func publish() -> Bool {
    if owner.mayHaveDropped { lendDropped() }
    return ring.publish()
  }

  @usableFromInline
  mutating func lendDropped() {
    owner.collect { block.lend($0, to: &ring) }
  }

  /// Asks the remote to notify us of messages, or no longer to.
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
extension RPMsgDriverReceiver {
  /// Takes the next message and leaves its payload in the shared buffer; `nil`: none is there.
  ///
  /// The remote cannot use the buffer until it is released; hold at most a part of them.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the remote broke the ring.
  @inlinable
  public mutating func hold() throws(RPMsgError) -> RPMsgDriverHold<Memory>? {
    guard let used = try takeUsed() else { return nil }
    let byteCount = Int(truncatingIfNeeded: used.byteCount)
    switch block.memory.copyHeader(
      at: block.offset(of: used.head), byteCount: byteCount)
    {
    case .message(let header):
      return .message(RPMsgDriverHeldMessage(owner: owner, head: used.head, header: header))
    case .dropped(let reason):
      block.lend(used.head, to: &ring)
      return .dropped(reason)
    }
  }

  /// Lends the buffer of a message to the remote again, with the next ``publish()``.
  ///
  /// - Precondition: the message is of this receiver.
  @inlinable
  public mutating func release(_ message: consuming RPMsgDriverHeldMessage<Memory>) {
    precondition(message.owner === owner, "a message of another receiver")
    block.lend(message.take(), to: &ring)
  }
}

extension RPMsgBufferBlock {
  /// Puts the buffer of `head` into the available ring, for the remote to fill.
  @inlinable
  @inline(__always)
  func lend(_ head: UInt16, to ring: inout VringDriver<Memory>) {
    ring.add(
      head, address: address(of: head),
      byteCount: UInt32(truncatingIfNeeded: bufferByteCount), direction: .deviceWrites)
  }
}
