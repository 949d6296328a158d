public import SharedMemory
public import Virtio

extension RPMsgOwnedBus where Transmitter: ~Copyable, Receiver: ~Copyable {
  /// Sets up both rings of `device`, whose driver we are: vring 0 is the one we receive by.
  ///
  /// Say then that the driver is ready, and call ``start()``. `sizes` are those of the buffers, by our
  /// directions; `usesEventIndex` says that the device has agreed to
  /// ``/Virtio/VirtioFeatures/eventIndex``.
  ///
  /// - Throws: ``RPMsgError/missingVrings(count:)``, ``RPMsgError/vring(_:)``,
  ///   ``RPMsgError/bufferMemoryTooSmall(needed:available:)``, or as
  ///   ``RPMsgBufferSizes/byteCount(queueSize:)``.
  /// - Precondition: `endpointCapacity >= 1`.
  public init<Memory: ForeignMemory>(
    driving device: VirtioDevice<Memory>, sizes: RPMsgBufferSizes = .standard,
    usesEventIndex: Bool = false, doorbell: Bell, endpointCapacity: Int = 8
  ) throws(RPMsgError)
  where Transmitter == RPMsgDriverTransmitter<Memory>, Receiver == RPMsgDriverReceiver<Memory> {
    let transmitter = try RPMsgDriverTransmitter(
      device, sizes: sizes, usesEventIndex: usesEventIndex)
    let receiver = try RPMsgDriverReceiver(
      device, sizes: sizes, usesEventIndex: usesEventIndex)
    let payloadCapacity = receiver.payloadCapacity
    self.init(
      transmitter: transmitter, receiver: receiver, doorbell: doorbell,
      endpointCapacity: endpointCapacity, payloadCapacity: payloadCapacity)
  }

  /// Lends the buffers to the device, so that it can send; kicks it unless it asked not to.
  ///
  /// The first ``poll(_:)`` would do so, too.
  public mutating func start<Memory: ForeignMemory>()
  where Transmitter == RPMsgDriverTransmitter<Memory>, Receiver == RPMsgDriverReceiver<Memory> {
    flush()
  }
}
