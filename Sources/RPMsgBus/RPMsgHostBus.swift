import RPMsg
import Scheduling
public import SharedMemory
import Synchronization
public import Virtio
public import Vring
public import WireTypes

/// Messages between the host and one remote processor, for many threads and many endpoints.
///
/// The host's driver of one rpmsg device: it lends the remote its receive buffers, hands what
/// arrives to endpoints, and follows which services the remote announces. Whoever gets the remote's
/// notifications passes them to ``notified(_:)``; the bus has no thread of its own.
///
/// One lock for each direction, held for the time of a copy and never while a callback runs.
/// Any thread may call anything, callbacks included.
///
/// - Important: Close the bus before the memory of its device is given back: the bus keeps its
///   endpoints, and they keep the bus, until then.
public final class RPMsgHostBus: Sendable {
  /// Payload bytes that one message can carry.
  public let maximumByteCount: Int
  /// What both sides have agreed on.
  public let features: VirtioFeatures

  let options: RPMsgBusOptions
  let receiveID: NotifyID
  let transmitID: NotifyID
  let burstLimit: Int
  let ringBell: @Sendable (NotifyID) -> Void
  let eventHandler: @Sendable (RPMsgBusEvent) -> Void
  let entry: VirtioDeviceEntry<SharedWindow>

  let transmit: Guarded<TransmitSide>
  let receive: Guarded<ReceiveSide>
  let channelTable = Guarded(ChannelTable())
  let counters = BusCounters()
  let closed = Atomic<Bool>(false)
  /// Changes whenever a sender that waits should look again.
  let space = FutexWord()
  let waiterCount = Atomic<Int>(0)

  /// Takes over `device`: agrees on features, lends the receive buffers, sets the status to ready
  /// and kicks vring 0 once.
  ///
  /// Services may be announced as soon as notifications are passed on, so register service drivers
  /// before that, or later: a driver also gets the channels that are already there.
  ///
  /// - Parameters:
  ///   - device: an rpmsg device with two vrings; nobody else drives it.
  ///   - doorbell: how the remote is kicked; any thread may do so.
  ///   - options: limits.
  ///   - eventHandler: told of channels and drops, without a lock held; must not block for long.
  /// - Precondition: the options are in their ranges.
  /// - Throws: ``RPMsgBusError/wrongDevice(_:)``, with the device untouched;
  ///   ``RPMsgBusError/rings(_:)`` or ``RPMsgBusError/device(_:)``, with its status "failed".
  public init(
    binding device: VirtioDevice<SharedWindow>, doorbell: some Doorbell,
    options: RPMsgBusOptions = RPMsgBusOptions(),
    eventHandler: @escaping @Sendable (RPMsgBusEvent) -> Void = { _ in }
  ) throws(RPMsgBusError) {
    precondition((1...65_536).contains(options.dynamicAddressCount), "1...65536 addresses")
    precondition((1...4096).contains(options.maximumChannelCount), "1...4096 channels")
    let binding = try DeviceBinding(device)
    var receiver = try binding.makeReceiver()
    let transmitter = try binding.makeTransmitter()
    let mustKick = receiver.publish()
    try binding.finish()
    features = binding.features
    maximumByteCount = transmitter.payloadCapacity
    burstLimit = receiver.bufferCount
    receiveID = receiver.notifyID
    transmitID = transmitter.notifyID
    self.options = options
    self.eventHandler = eventHandler
    entry = device.entry
    ringBell = { id in doorbell.kick(id) }
    receive = Guarded(
      ReceiveSide(
        ring: receiver, endpoints: EndpointTable(dynamicCount: options.dynamicAddressCount),
        slotByteCount: maximumByteCount))
    transmit = Guarded(TransmitSide(ring: transmitter))
    if mustKick {
      counters.receiveKicks.increase(by: 1)
      ringBell(receiveID)
    }
  }

  /// Whether the bus was closed.
  public var isClosed: Bool { closed.load(ordering: .acquiring) }

  /// The number by which the remote announces messages for us; that of vring 0.
  public var receiveNotifyID: NotifyID { receiveID }

  /// The number by which the remote returns our buffers; that of vring 1.
  public var transmitNotifyID: NotifyID { transmitID }

  /// What the bus has counted so far.
  public var statistics: RPMsgBusStatistics { counters.snapshot }

  /// Ends all communication: every sender fails with ``RPMsgBusError/remoteGone``, streams end,
  /// channels are gone and their drivers removed, and the status of the device is reset.
  ///
  /// When it returns the bus no longer touches the memory of the device. A handler that runs on
  /// another thread at this moment is finished there; no other starts. A second call does nothing.
  public func close() {
    guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    transmit.withLock { $0.failure = .remoteGone }
    let endpoints = receive.withLock { side in
      side.isClosed = true
      return side.endpoints.removeAll()
    }
    let channels = channelTable.withLock { $0.close() }
    for channel in channels { retire(channel) }
    for endpoint in endpoints where endpoint.markClosed() { endpoint.finishClosing() }
    wakeSenders()
    resetStatus()
  }

  private func resetStatus() {
    do throws(VirtioError) { try entry.setStatus([], from: entry.status) } catch {
      // A reset is legal from every status.
    }
  }

  func report(_ event: RPMsgBusEvent) { eventHandler(event) }
}
