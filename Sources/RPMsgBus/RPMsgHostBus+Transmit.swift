import RPMsg
import Scheduling
import Synchronization
import Vring

// Sending.
extension RPMsgHostBus {
  /// Sends a message now or throws.
  func sendNow(
    _ payload: RawSpan, on route: MessageRoute, by endpoint: RPMsgEndpoint
  ) throws(RPMsgBusError) {
    guard try attempt(payload, on: route, by: endpoint) else { throw .wouldBlock }
  }

  /// Sends a message as soon as a buffer is free.
  func sendWaiting(
    _ payload: RawSpan, on route: MessageRoute, by endpoint: RPMsgEndpoint,
    within timeout: Duration
  ) throws(RPMsgBusError) {
    if try attempt(payload, on: route, by: endpoint) { return }
    counters.blockedSends.wrappingAdd(1, ordering: .relaxed)
    beginWaiting()
    defer { endWaiting() }
    let start = MonotonicTime.now
    let deadline = start.advanced(by: timeout)
    var slice = Self.shortestSlice
    while true {
      // ORDERING: read before the look at the ring, so whatever changes after that look wakes us.
      let seen = space.value.load(ordering: .sequentiallyConsistent)
      if try attempt(payload, on: route, by: endpoint, isWaiting: true) { return }
      let now = MonotonicTime.now
      guard now < deadline else { throw .timedOut(after: now.since(start)) }
      space.wait(while: seen, until: min(deadline, now.advanced(by: slice)))
      slice = min(slice * 2, Self.longestSlice)
    }
  }

  // How long a sender sleeps before it looks by itself: a remote that does not notify of buffers
  // it gives back, or a lost notification, costs no more. Source: practice (rpmsg-lite).
  private static var shortestSlice: Duration { .microseconds(50) }
  private static var longestSlice: Duration { .milliseconds(5) }

  private func beginWaiting() {
    waiterCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
    transmit.withLock { $0.waiterCount += 1 }
  }

  private func endWaiting() {
    waiterCount.wrappingSubtract(1, ordering: .relaxed)
    transmit.withLock { side in
      side.waiterCount -= 1
      guard side.waiterCount == 0, side.failure == nil else { return }
      do throws(RPMsgError) { _ = try side.ring.setNotifications(false) } catch {
        // A broken ring notifies nobody; the next send says so.
      }
    }
  }

  /// Sends a message of the bus itself now or throws.
  func sendControl(_ payload: RawSpan, on route: MessageRoute) throws(RPMsgBusError) {
    guard try put(payload, on: route, counting: nil, isWaiting: false) else { throw .wouldBlock }
  }

  private func attempt(
    _ payload: RawSpan, on route: MessageRoute, by endpoint: RPMsgEndpoint,
    isWaiting: Bool = false
  ) throws(RPMsgBusError) -> Bool {
    if endpoint.isClosed { throw isClosed ? .remoteGone : .endpointGone(endpoint.address) }
    return try put(payload, on: route, counting: endpoint.counters, isWaiting: isWaiting)
  }

  /// Puts a message into the ring and kicks; `false` when no buffer is free.
  private func put(
    _ payload: RawSpan, on route: MessageRoute, counting sender: EndpointCounters?,
    isWaiting: Bool
  ) throws(RPMsgBusError) -> Bool {
    let outcome: TransmitSide.Outcome
    do throws(RPMsgBusError) {
      outcome = try transmit.withLock { (side) throws(RPMsgBusError) in
        let outcome = try side.send(payload, on: route, isWaiting: isWaiting)
        guard outcome != .full else { return outcome }
        sender?.countSent(payload.byteCount)
        counters.sentMessages.increase(by: 1)
        if outcome == .sentAndKick { counters.transmitKicks.increase(by: 1) }
        return outcome
      }
    } catch {
      if case .deviceBroken(let reason) = error { latch(.transmit, reason) }
      throw error
    }
    if outcome == .sentAndKick { ringBell(transmitID) }
    return outcome != .full
  }

  /// Lets every sender that waits look again.
  func wakeSenders() {
    guard waiterCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
    space.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    space.wake()
  }

  /// Makes every send fail from now on, as the remote broke a ring; reported once.
  func latch(_ direction: RPMsgBusEvent.Direction, _ reason: VringBreakage) {
    let isFirst = !counters.isBroken.exchange(true, ordering: .acquiringAndReleasing)
    guard isFirst else { return }
    transmit.withLock { side in
      if side.failure == nil { side.failure = .deviceBroken(reason) }
    }
    wakeSenders()
    report(.broken(direction, reason))
  }
}
