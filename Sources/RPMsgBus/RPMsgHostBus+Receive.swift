import RPMsg
import Scheduling
import Synchronization
import Virtio
import Vring
public import WireTypes

// Receiving.
extension RPMsgHostBus {
  /// Says that the remote has kicked: receives what waits, and lets senders that wait look again.
  ///
  /// Handlers and service drivers are called from here. At most as many messages as the ring has
  /// buffers are received in one call, so that others get their turn. While one thread is in here
  /// others return at once: what they came for is received by it.
  ///
  /// - Parameter id: which vring; `nil`: perhaps both.
  /// - Returns: whether messages may still wait, so that it must be called again soon.
  public func notified(_ id: NotifyID? = nil) -> Bool {
    counters.notifications.wrappingAdd(1, ordering: .relaxed)
    guard isStatusGood() else { return false }
    if id == nil || id == transmitID { wakeSenders() }
    if id == nil || id == receiveID { return drain() }
    if id != transmitID { counters.unknownNotifications.wrappingAdd(1, ordering: .relaxed) }
    return false
  }

  /// Whether the remote has not given up; once it has, the bus is of no use any more.
  ///
  /// Everything else it may write into the status, which is the driver's, has no effect.
  private func isStatusGood() -> Bool {
    guard !isClosed else { return true }
    let status = entry.status
    guard status.contains(.failed) || status.contains(.needsReset) else { return true }
    let isFirst = transmit.withLock { side in
      defer { if side.failure == nil { side.failure = .deviceFailed(status) } }
      return side.failure == nil
    }
    guard isFirst else { return false }
    receive.withLock { $0.isClosed = true }
    wakeSenders()
    report(.failed(status))
    return false
  }

  private func drain() -> Bool {
    var held: ReceiveBatch?
    var left = burstLimit
    while left > 0 {
      let step: ReceiveSide.Step
      do throws(RPMsgError) {
        step = try receive.withLock { (side) throws(RPMsgError) in
          try side.next(&held, limit: left)
        }
      } catch {
        if case .vring(.broken(let reason)) = error { latch(.receive, reason) }
        return false
      }
      guard case .deliver(let mustKick) = step, var batch = held.take() else { return false }
      if mustKick {
        counters.receiveKicks.increase(by: 1)
        ringBell(receiveID)
      }
      left -= batch.count
      deliver(&batch)
      held = consume batch
    }
    receive.withLock { $0.batch = held.take() }
    return true
  }

  /// Hands out the messages of a batch, in order and without a lock.
  private func deliver(_ batch: inout ReceiveBatch) {
    for index in 0..<batch.count {
      let endpoint = batch.takeEndpoint(index)
      switch batch.entries[index].received {
      case .message(let header):
        if let endpoint, !endpoint.isClosed {
          deliver(header, at: index, of: batch, to: endpoint)
        } else if !isClosed {
          deliverSlowly(header, at: index, of: &batch)
        }
      case .dropped(let reason): drop(RPMsgDrop(reason), &batch.drops)
      }
    }
  }

  private func deliver(
    _ header: RPMsgHeader, at index: Int, of batch: borrowing ReceiveBatch,
    to endpoint: RPMsgEndpoint
  ) {
    let byteCount = Int(header.byteCount)
    endpoint.counters.countReceived(byteCount)
    counters.receivedMessages.increase(by: 1)
    let start = index &* batch.slotByteCount
    // SAFETY: bytes have no padding.
    let payload = unsafe batch.bytes.span.bytes.extracting(start..<start &+ byteCount)
    endpoint.handler(endpoint, header, payload)
  }

  /// Delivers what found no open endpoint when it was received: to the name service, to an
  /// endpoint made since, or to nobody.
  private func deliverSlowly(
    _ header: RPMsgHeader, at index: Int, of batch: inout ReceiveBatch
  ) {
    if header.destination == .nameService {
      let start = index &* batch.slotByteCount
      // SAFETY: bytes have no padding.
      let failure = unsafe handleNameService(
        batch.bytes.span.bytes.extracting(start..<start &+ Int(header.byteCount)))
      if let failure { drop(RPMsgDrop(failure, header), &batch.drops) }
      return
    }
    guard let endpoint = receive.withLock({ $0.endpoints[header.destination] }) else {
      return drop(RPMsgDrop(.noEndpoint, header), &batch.drops)
    }
    deliver(header, at: index, of: batch, to: endpoint)
  }

  private func drop(_ message: RPMsgDrop, _ limiter: inout DropLimiter) {
    counters.droppedMessages.increase(by: 1)
    if let unreported = limiter.admit() {
      report(.dropped(message, unreported: unreported))
    }
  }
}
