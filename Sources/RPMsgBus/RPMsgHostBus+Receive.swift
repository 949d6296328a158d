import RPMsg
import Scheduling
import SharedMemory
import Synchronization
import Virtio
import Vring
public import WireTypes

/// What others ask of the thread that drains.
enum DrainNote {
  /// Look at the ring once more.
  static var again: UInt32 { 1 }
  /// Let go of endpoints that are gone.
  static var retired: UInt32 { 2 }
}

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
    if id == nil || id == receiveID {
      // A remote that tells of messages only may have given back buffers as well.
      if waiterCount.load(ordering: .relaxed) > 0 { wakeSenders() }
      guard isStatusGood() else { return false }
      return drain()
    }
    counters.otherNotifications.wrappingAdd(1, ordering: .relaxed)
    guard isStatusGood() else { return false }
    if id == transmitID {
      wakeSenders()
    } else {
      counters.unknownNotifications.wrappingAdd(1, ordering: .relaxed)
    }
    return false
  }

  /// Whether the other side has not given up; once it has, the bus is of no use any more.
  ///
  /// Everything else that a remote may write into the status, which is the driver's, has no effect.
  private func isStatusGood() -> Bool {
    guard !isClosed else { return true }
    let status = entry.status
    let hasFailed = status.contains(.failed) || status.contains(.needsReset)
    guard hasFailed || (role == .device && !status.contains(.driverOK)) else { return true }
    let isFirst = transmit.withLock { side in
      defer { if side.failure == nil { side.failure = .deviceFailed(status) } }
      return side.failure == nil
    }
    guard isFirst else { return false }
    gate.close()
    endpoints.withLock { $0.isClosed = true }
    wakeSenders()
    report(.failed(status))
    return false
  }

  /// Receives at most a burst of messages, unless another thread does so, which then goes on.
  func drain() -> Bool {
    guard receive.enter(orLeave: DrainNote.again) else {
      counters.otherNotifications.wrappingAdd(1, ordering: .relaxed)
      return false
    }
    counters.drainedNotifications.increase(by: 1)
    drainingThread.store(ThreadNumber.current, ordering: .relaxed)
    if options.measuresLatency { arrival.store(MonotonicTime.now.nanoseconds, ordering: .relaxed) }
    var left = burstLimit
    while true {
      let shown = receiveBurst(&left)
      drainingThread.store(0, ordering: .relaxed)
      let notes = receive.leave()
      if notes == 0 {
        if let shown { askAndKickReceiver(shown) }
        return left == 0
      }
      // Still inside.
      drainingThread.store(ThreadNumber.current, ordering: .relaxed)
      if let shown { askAndKickReceiver(shown) }
      if notes & DrainNote.retired != 0 { freeRetired() }
    }
  }

  private func askAndKickReceiver(_ shown: VringPublication) {
    VringKickWish<SharedWindow>.fenceUnlessUnlocked()
    if receiveWish.isWanted(for: shown) { kick(receiveID) }
  }

  /// Hands out messages until none waits or `left` is used up; what the other side has been shown
  /// in the end and not asked about.
  private func receiveBurst(_ left: inout Int) -> VringPublication? {
    guard var slot = receive.withValue({ $0.slot.take() }) else { return nil }
    let shown = receiveBurst(&left, through: &slot)
    giveBack(consume slot)
    return shown
  }

  private func giveBack(_ slot: consuming PrivateArray<UInt8>) {
    var slot: PrivateArray<UInt8>? = consume slot
    receive.withValue { swap(&$0.slot, &slot) }
  }

  private func receiveBurst(
    _ left: inout Int, through slot: inout PrivateArray<UInt8>
  ) -> VringPublication? {
    guard deliverParked(slot) else { return nil }
    while left > 0 {
      guard gate.enter(0) else { return nil }
      let step: ReceiveSide.Step
      do throws(RPMsgError) {
        step = try receive.withValue { (side) throws(RPMsgError) in try side.next(into: &slot) }
      } catch {
        gate.leave(0)
        if case .vring(.broken(let reason)) = error { latch(.receive, reason) }
        return nil
      }
      gate.leave(0)
      switch step {
      case .empty(let shown): return shown
      case .received(let received, let mustKick):
        if mustKick { kick(receiveID) }
        left -= 1
        switch received {
        case .message(let header):
          guard deliver(header, slot) else { return publishParked(header) }
        case .dropped(let reason): drop(RPMsgDrop(reason))
        }
      }
    }
    return publishReceived()
  }

  /// Hands out the message in `slot`; `false` when the queue of its endpoint asks to wait.
  private func deliver(_ header: RPMsgHeader, _ slot: borrowing PrivateArray<UInt8>) -> Bool {
    guard let found = unsafe endpointsByAddress.find(header.destination.rawValue) else {
      deliverToNobody(header, slot)
      return true
    }
    // SAFETY: an endpoint that is removed is kept until no thread drains.
    return unsafe found._withUnsafeGuaranteedRef { endpoint in
      slot.withBytes(first: Int(header.byteCount)) { payload in
        endpoint.accept(header, payload)
      }
    }
  }

  /// Deals with what has no endpoint: the name service's, or nobody's.
  private func deliverToNobody(_ header: RPMsgHeader, _ slot: borrowing PrivateArray<UInt8>) {
    guard !isClosed else { return }
    guard header.destination == .nameService else {
      return drop(RPMsgDrop(.noEndpoint, header))
    }
    let failure = slot.withBytes(first: Int(header.byteCount)) { handleNameService($0) }
    if let failure { drop(RPMsgDrop(failure, header)) }
  }

  func drop(_ message: RPMsgDrop) {
    counters.droppedMessages.wrappingAdd(1, ordering: .relaxed)
    let unreported = receive.withValue { $0.drops.admit() }
    if let unreported { report(.dropped(message, unreported: unreported)) }
  }

  /// Lets go of the endpoints that are gone; only while no other thread drains.
  func freeRetired() {
    let gone = endpoints.withLock { $0.takeRetired() }
    // Here, without the lock, as what they capture may do anything when it goes.
    withExtendedLifetime(gone) {}
  }
}

// Showing the other side which buffers are free again.
extension RPMsgHostBus {
  private func publishReceived() -> VringPublication? {
    guard gate.enter(0) else { return nil }
    defer { gate.leave(0) }
    return receive.withValue { $0.ring.publishUnfenced() }
  }

  private func publishParked(_ header: RPMsgHeader) -> VringPublication? {
    receive.withValue { $0.parked = header }
    return publishReceived()
  }

  /// Hands out a message that had to wait; `false` when it still has to.
  private func deliverParked(_ slot: borrowing PrivateArray<UInt8>) -> Bool {
    guard let header = receive.withValue({ $0.parked }) else { return true }
    guard !isClosed, !deliver(header, slot) else {
      receive.withValue { $0.parked = nil }
      return true
    }
    return false
  }

  /// Shows the other side what was copied out, when this thread is in a handler and about to wait:
  /// the other side may be waiting for those very buffers.
  func publishWhileHandling() {
    guard drainingThread.load(ordering: .relaxed) == ThreadNumber.current, gate.enter(0) else {
      return
    }
    let mustKick = receive.withValue { $0.ring.publish() }
    gate.leave(0)
    if mustKick { kick(receiveID) }
  }

  /// Receives what the queue of an endpoint had no room for, now that it has.
  func resumeReceiving() {
    guard !isClosed else { return }
    if let whenReceivable { return whenReceivable() }
    while drain() {}
  }
}
