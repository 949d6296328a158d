public import SharedMemory
public import Vring
public import WireTypes

/// The end of a ring that messages leave by, whichever virtio role it has.
///
/// One owner, no locks.
public protocol RPMsgTransmitter: ~Copyable, Sendable {
  /// Why nothing can be sent any more, or `nil`.
  var broken: VringBreakage? { get }
  /// The number by which the other side is kicked.
  var notifyID: NotifyID { get }

  /// Puts one message into a buffer; the other side sees it after ``publish()``.
  ///
  /// - Throws: ``RPMsgError/illegalAddress(_:)``, ``RPMsgError/noBuffer``,
  ///   ``RPMsgError/payloadTooLong(byteCount:capacity:)`` or ``RPMsgError/vring(_:)``; in each
  ///   case nothing was sent.
  mutating func enqueue(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError)

  /// Shows the other side what was enqueued since the last call; `true`: kick it.
  mutating func publish() -> Bool
}

/// The end of a ring that messages come in by, whichever virtio role it has.
///
/// One owner, no locks.
public protocol RPMsgReceiver: ~Copyable, Sendable {
  /// Why nothing can be received any more, or `nil`.
  var broken: VringBreakage? { get }
  /// The number by which the other side is kicked.
  var notifyID: NotifyID { get }
  /// The most messages the ring holds at a time.
  var messageLimit: Int { get }

  /// Takes the next message and copies its payload to the start of `target`; `nil`: none is there.
  ///
  /// - Precondition: `target` has room for the payload of a buffer.
  /// - Throws: ``RPMsgError/vring(_:)`` when the other side broke the ring.
  mutating func receive(into target: inout MutableRawSpan) throws(RPMsgError) -> RPMsgReceived?

  /// Shows the other side the buffers that are free again; `true`: kick it.
  mutating func publish() -> Bool

  /// Asks the other side to kick us when it sends, or no longer to.
  ///
  /// Returns whether messages wait already: after turning on, look once more before sleeping.
  ///
  /// - Throws: ``RPMsgError/vring(_:)``.
  mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool
}

extension RPMsgDriverTransmitter: RPMsgTransmitter {}
extension RPMsgDeviceTransmitter: RPMsgTransmitter {}

extension RPMsgDriverReceiver: RPMsgReceiver {
  /// The most messages the ring holds at a time: its buffers.
  @inlinable
  public var messageLimit: Int { bufferCount }
}

extension RPMsgDeviceReceiver: RPMsgReceiver {
  /// The most messages the ring holds at a time.
  @inlinable
  public var messageLimit: Int { queueSize }
}

/// rpmsg for firmware as the virtio device, the usual role of a remote.
public typealias RPMsgRemote<Memory: ForeignMemory, Bell: Doorbell> =
  RPMsgOwnedBus<RPMsgDeviceTransmitter<Memory>, RPMsgDeviceReceiver<Memory>, Bell>

/// rpmsg for firmware as the virtio driver: the buffers are its own, and the host is the device.
public typealias RPMsgDriverRemote<Memory: ForeignMemory, Bell: Doorbell> =
  RPMsgOwnedBus<RPMsgDriverTransmitter<Memory>, RPMsgDriverReceiver<Memory>, Bell>
