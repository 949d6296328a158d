import RPMsg
import Scheduling
import SharedMemory
import Synchronization
import Vring

// Sending.
extension RPMsgHostBus {
  /// Puts a message into the ring and kicks; `false` when no buffer is free.
  func put(
    _ payload: RawSpan, on route: MessageRoute, by endpoint: RPMsgEndpoint,
    isWaiting: Bool = false
  ) throws(RPMsgBusError) -> Bool {
    if endpoint.isClosed { throw goneError(endpoint) }
    let publication: VringPublication?
    do throws(RPMsgBusError) {
      publication = try transmit.withLock { (side) throws(RPMsgBusError) in
        guard try side.enqueue(payload, on: route, isWaiting: isWaiting) else { return nil }
        endpoint.counters.countSent(payload.byteCount)
        counters.sentMessages.increase(by: 1)
        return side.ring.publishUnfenced()
      }
    } catch { throw latched(error) }
    guard let publication else { return false }
    askAndKick(publication)
    return true
  }

  /// Sends a message of the bus itself now or throws.
  func putControl(_ payload: RawSpan, on route: MessageRoute) throws(RPMsgBusError) {
    let publication: VringPublication?
    do throws(RPMsgBusError) {
      publication = try transmit.withLock { (side) throws(RPMsgBusError) in
        guard try side.enqueue(payload, on: route, isWaiting: false) else { return nil }
        counters.sentMessages.increase(by: 1)
        return side.ring.publishUnfenced()
      }
    } catch { throw latched(error) }
    guard let publication else { throw .wouldBlock }
    askAndKick(publication)
  }

  /// Kicks the other side if it wants to know of `publication`; the lock was given back since.
  func askAndKick(_ publication: VringPublication) {
    VringKickWish<SharedWindow>.fenceUnlessUnlocked()
    if transmitWish.isWanted(for: publication) { kick(transmitID) }
  }

  func goneError(_ endpoint: RPMsgEndpoint) -> RPMsgBusError {
    isClosed ? .remoteGone : .endpointGone(endpoint.address)
  }

  /// `error`, and when it says that the ring is broken everybody else is told.
  func latched(_ error: RPMsgBusError) -> RPMsgBusError {
    if case .deviceBroken(let reason) = error { latch(.transmit, reason) }
    return error
  }

  /// Sends a message as soon as a buffer is free.
  func putWaiting(
    _ payload: RawSpan, on route: MessageRoute, by endpoint: RPMsgEndpoint,
    within timeout: Duration
  ) throws(RPMsgBusError) {
    if try put(payload, on: route, by: endpoint) { return }
    var patience = Patience(timeout)
    beginWaiting()
    defer { endWaiting() }
    while true {
      // ORDERING: read before the look at the ring, so whatever changes after that look wakes us.
      let seen = space.value.load(ordering: .sequentiallyConsistent)
      if try put(payload, on: route, by: endpoint, isWaiting: true) { return }
      space.wait(while: seen, until: try patience.next())
    }
  }

  /// Sends a message as soon as a buffer is free, and suspends the task until then.
  func putSuspending(
    _ payload: RawSpan, on route: MessageRoute, by endpoint: RPMsgEndpoint,
    within timeout: Duration
  ) async throws(RPMsgBusError) {
    if try put(payload, on: route, by: endpoint) { return }
    var patience = Patience(timeout)
    beginWaiting()
    defer { endWaiting() }
    while true {
      if Task.isCancelled { throw .cancelled }
      let sender = SuspendedSender()
      // Before the look at the ring, so whatever changes after that look wakes us.
      transmit.withLock { $0.suspended.append(sender) }
      let isSent: Bool
      do throws(RPMsgBusError) {
        isSent = try put(payload, on: route, by: endpoint, isWaiting: true)
      } catch {
        withdraw(sender)
        throw error
      }
      if isSent { return withdraw(sender) }
      let deadline: MonotonicTime
      do throws(RPMsgBusError) { deadline = try patience.next() } catch {
        withdraw(sender)
        throw error
      }
      let alarm = Task {
        // A cancelled sleep wakes early, which does no harm.
        do { try await Task.sleep(for: deadline.since(.now)) } catch {}
        sender.wake()
      }
      await sender.wait()
      alarm.cancel()
      withdraw(sender)
    }
  }

  private func withdraw(_ sender: SuspendedSender) {
    transmit.withLock { side in side.suspended.removeAll { $0 === sender } }
  }

  private func beginWaiting() {
    counters.blockedSends.wrappingAdd(1, ordering: .relaxed)
    publishWhileHandling()
    waiterCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
    transmit.withLock { $0.waiterCount += 1 }
  }

  private func endWaiting() {
    waiterCount.wrappingSubtract(1, ordering: .relaxed)
    transmit.withLock { $0.endWaiting() }
  }

  /// Lets every sender that waits look again.
  func wakeSenders() {
    guard waiterCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
    space.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    space.wake()
    for sender in transmit.withLock({ $0.takeSuspended() }) { sender.wake() }
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

/// How long a sender sleeps before it looks by itself.
///
/// A remote that does not notify of buffers it gives back, or a lost notification, costs no more.
/// Source: practice (rpmsg-lite).
struct Patience {
  private static var shortestSlice: Duration { .microseconds(50) }
  private static var longestSlice: Duration { .milliseconds(5) }

  private let start = MonotonicTime.now
  private let deadline: MonotonicTime
  private var slice = Self.shortestSlice

  init(_ timeout: Duration) { deadline = start.advanced(by: timeout) }

  /// When to look next.
  ///
  /// - Throws: ``RPMsgBusError/timedOut(after:)`` at the end.
  mutating func next() throws(RPMsgBusError) -> MonotonicTime {
    let now = MonotonicTime.now
    guard now < deadline else { throw .timedOut(after: now.since(start)) }
    defer { slice = min(slice * 2, Self.longestSlice) }
    return min(deadline, now.advanced(by: slice))
  }
}
