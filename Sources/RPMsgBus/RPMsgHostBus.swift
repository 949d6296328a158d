import RPMsg
import Scheduling
import SharedMemory
import Synchronization
public import Virtio
import Vring
public import WireTypes

/// Messages between the host and one remote processor, for many threads and many endpoints.
///
/// One end of an rpmsg device. Most hosts drive it: they lend the remote its receive buffers.
/// Where the remote is the driver (a Linux on the other core, say) the bus is the device, and all
/// else is the same. It hands what arrives to endpoints and follows which services the remote
/// announces. Whoever gets the remote's notifications passes them to ``notified(_:)``; the bus has
/// no thread of its own.
///
/// Senders share one lock, held for the time of a copy and never while a callback runs. One thread
/// at a time receives, without a lock. Any thread may call anything, callbacks included.
///
/// - Important: Close the bus before the memory of its device is given back: the bus keeps its
///   endpoints, and they keep the bus, until then.
public final class RPMsgHostBus: Sendable {
  /// Payload bytes that one message can carry.
  public let maximumByteCount: Int
  /// What both sides have agreed on.
  public let features: VirtioFeatures

  /// Which end of the device the bus is.
  public let role: RPMsgBusRole

  let options: RPMsgBusOptions
  let receiveID: NotifyID
  let transmitID: NotifyID
  let burstLimit: Int
  let slotByteCount: Int
  let bell: BusBell
  let eventHandler: @Sendable (RPMsgBusEvent) -> Void
  let whenReceivable: (@Sendable () -> Void)?
  let entry: VirtioDeviceEntry<SharedWindow>
  let transmitWish: VringKickWish<SharedWindow>
  let receiveWish: VringKickWish<SharedWindow>

  let transmit: Guarded<TransmitSide>
  let receive: Turnstile<ReceiveSide>
  /// The thread that drains; 0: none.
  let drainingThread = Atomic<UInt>(0)
  /// When it began to, if latencies are measured, in nanoseconds.
  let arrival = Atomic<UInt64>(0)
  /// Who touches the ring that we receive through, or a buffer, without a lock.
  let gate: UsageGate
  let endpoints: Guarded<EndpointTable>
  let endpointsByAddress = NumberedObjects<RPMsgEndpoint>()
  let channelTable = Guarded(ChannelTable())
  let counters = BusCounters()
  let closed = Atomic<Bool>(false)
  /// Changes whenever a sender that waits should look again.
  let space = FutexWord()
  let waiterCount = Atomic<Int>(0)

  init(
    _ ends: consuming BusEnds, bell: BusBell, options: RPMsgBusOptions,
    whenReceivable: (@Sendable () -> Void)?,
    eventHandler: @escaping @Sendable (RPMsgBusEvent) -> Void
  ) {
    role = ends.role
    features = ends.features
    maximumByteCount = ends.payloadCapacity
    slotByteCount = ends.receivedCapacity
    burstLimit = ends.bufferCount
    receiveID = ends.receiveID
    transmitID = ends.transmitID
    entry = ends.entry
    transmitWish = ends.transmitWish
    receiveWish = ends.receiveWish
    gate = UsageGate(slotCount: 1)
    self.options = options
    self.bell = bell
    self.whenReceivable = whenReceivable
    self.eventHandler = eventHandler
    endpoints = Guarded(EndpointTable(dynamicLimit: options.dynamicAddressCount))
    let (bufferCount, slotByteCount) = (ends.bufferCount, ends.receivedCapacity)
    receive = Turnstile(
      ReceiveSide(
        ring: ends.takeReceiver(), slotByteCount: slotByteCount, bufferCount: bufferCount))
    transmit = Guarded(TransmitSide(ring: ends.takeTransmitter()))
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
  /// channels are gone and their drivers removed, and in the driver role the status of the device
  /// is reset.
  ///
  /// When it returns the bus no longer writes to the memory of the device, and at most a send that
  /// another thread is about to finish still reads there whether to kick. A handler that runs on
  /// another thread at this moment is finished there; no other starts. A second call does nothing.
  public func close() {
    guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    let suspended = transmit.withLock { side in
      side.failure = .remoteGone
      return side.takeSuspended()
    }
    gate.close()
    let channels = channelTable.withLock { $0.close() }
    for channel in channels { retire(channel) }
    let open = endpoints.withLock { table in
      table.isClosed = true
      let all = table.removeAll()
      for endpoint in all { endpointsByAddress.store(nil, at: endpoint.address.rawValue) }
      return all
    }
    for endpoint in open where endpoint.markClosed() { endpoint.finishClosing() }
    if !receive.leaveNote(DrainNote.retired) { freeRetired() }
    for sender in suspended { sender.wake() }
    wakeSenders()
    if role == .driver { resetStatus() }
  }

  private func resetStatus() {
    do throws(VirtioError) { try entry.setStatus([], from: entry.status) } catch {
      // A reset is legal from every status.
    }
  }

  func kick(_ id: NotifyID) {
    counters.kicks.wrappingAdd(1, ordering: .relaxed)
    bell.ring(id)
  }

  func report(_ event: RPMsgBusEvent) { eventHandler(event) }
}
