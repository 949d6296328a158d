import RPMsg
import SharedMemory
import Virtio
import Vring
import WireTypes

/// Which end of an rpmsg device a bus is.
public enum RPMsgBusRole: Equatable, Sendable {
  /// The virtio driver: it lends the buffers of both directions.
  case driver
  /// The virtio device: it uses the buffers that the other side lends.
  case device
}

/// Both rings of a device that was bound, and what the bus must know of them.
struct BusEnds: ~Copyable {
  let role: RPMsgBusRole
  let features: VirtioFeatures
  let entry: VirtioDeviceEntry<SharedWindow>
  let payloadCapacity: Int
  let receivedCapacity: Int
  let bufferCount: Int
  let receiveID: NotifyID
  let transmitID: NotifyID
  let receiveWish: VringKickWish<SharedWindow>
  let transmitWish: VringKickWish<SharedWindow>
  private var receiver: ReceiveRing?
  private var transmitter: TransmitRing?

  init(
    _ binding: DeviceBinding, driver receiver: consuming RPMsgDriverReceiver<SharedWindow>,
    _ transmitter: consuming RPMsgDriverTransmitter<SharedWindow>
  ) {
    role = .driver
    features = binding.features
    entry = binding.device.entry
    payloadCapacity = transmitter.payloadCapacity
    receivedCapacity = receiver.payloadCapacity
    bufferCount = receiver.bufferCount
    receiveID = receiver.notifyID
    transmitID = transmitter.notifyID
    receiveWish = receiver.kickWish
    transmitWish = transmitter.kickWish
    self.receiver = ReceiveRing(driver: receiver)
    self.transmitter = TransmitRing(driver: transmitter)
  }

  init(
    _ serving: DeviceServing, device receiver: consuming RPMsgDeviceReceiver<SharedWindow>,
    _ transmitter: consuming RPMsgDeviceTransmitter<SharedWindow>
  ) {
    role = .device
    features = serving.features
    entry = serving.device.entry
    payloadCapacity = serving.payloadCapacity
    receivedCapacity = serving.receivedCapacity
    bufferCount = min(receiver.queueSize, RPMsgBufferBlock<SharedWindow>.maximumCount)
    receiveID = receiver.notifyID
    transmitID = transmitter.notifyID
    receiveWish = receiver.kickWish
    transmitWish = transmitter.kickWish
    self.receiver = ReceiveRing(device: receiver)
    self.transmitter = TransmitRing(device: transmitter)
  }

  /// The rings themselves; at most once.
  mutating func takeReceiver() -> ReceiveRing {
    guard let ring = receiver.take() else { preconditionFailure("rings are taken once") }
    return ring
  }

  /// The rings themselves; at most once.
  mutating func takeTransmitter() -> TransmitRing {
    guard let ring = transmitter.take() else { preconditionFailure("rings are taken once") }
    return ring
  }
}

/// How the other side is kicked; the closure in a `let` of a final class is called for next to
/// nothing.
final class BusBell: Sendable {
  let ring: @Sendable (NotifyID) -> Void

  init(_ doorbell: some Doorbell) { ring = { id in doorbell.kick(id) } }
}
