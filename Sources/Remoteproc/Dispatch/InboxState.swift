import Glibc
import Scheduling
import Synchronization
import WireTypes

/// What a ``ProcessorInbox`` and the job that delivers from it share.
final class InboxState: Sendable {
  private struct Handlers {
    var notifications: [(token: HandlerToken, body: @Sendable (NotifyID?) -> Void)] = []
    var events: (@Sendable (PlatformEvent) -> Void)?
    var nextNumber: UInt64 = 0
  }

  /// Bit n: notify id n was kicked.
  private let pending = Atomic<UInt64>(0)
  /// Some vring was kicked, nobody knows which.
  private let pendingAny = Atomic<Bool>(false)
  private let handlers = Guarded(Handlers())
  private let events = Guarded(EventQueue())
  /// Odd while a delivery runs.
  private let deliveries = FutexWord()
  private let runner = Atomic<UInt>(0)
  /// When the slow poll is due, in nanoseconds; written by the delivery alone.
  private let nextPoll = Atomic<UInt64>(0)
  private let pollInterval: Duration

  private let notificationCount = Atomic<UInt64>(0)
  private let unusualIDCount = Atomic<UInt64>(0)
  private let pollCount = Atomic<UInt64>(0)

  init(pollInterval: Duration) { self.pollInterval = pollInterval }

  func markPending(_ id: NotifyID?) {
    notificationCount.wrappingAdd(1, ordering: .relaxed)
    // ORDERING: release, so that the delivery, which acquires, sees the rings as they were kicked.
    if let id, id.rawValue < 64 {
      pending.bitwiseOr(1 << UInt64(id.rawValue), ordering: .releasing)
    } else {
      if id != nil { unusualIDCount.wrappingAdd(1, ordering: .relaxed) }
      pendingAny.store(true, ordering: .releasing)
    }
  }

  func discard() {
    pending.store(0, ordering: .relaxed)
    pendingAny.store(false, ordering: .relaxed)
    _ = events.withLock { $0.takeAll() }
  }

  func append(_ event: PlatformEvent) { events.withLock { $0.append(event) } }

  func addHandler(_ body: @escaping @Sendable (NotifyID?) -> Void) -> HandlerToken {
    handlers.withLock { handlers in
      let token = HandlerToken(number: handlers.nextNumber)
      handlers.nextNumber += 1
      handlers.notifications.append((token, body))
      return token
    }
  }

  func removeHandler(_ token: HandlerToken) {
    handlers.withLock { $0.notifications.removeAll { $0.token == token } }
    waitForDelivery()
  }

  func setEventHandler(_ handler: (@Sendable (PlatformEvent) -> Void)?) {
    handlers.withLock { $0.events = handler }
    waitForDelivery()
  }

  /// Waits until a delivery that runs now, with handlers it took before, has ended.
  private func waitForDelivery() {
    let seen = deliveries.value.load(ordering: .sequentiallyConsistent)
    guard seen % 2 == 1, runner.load(ordering: .relaxed) != UInt(pthread_self()) else { return }
    while deliveries.value.load(ordering: .acquiring) == seen { deliveries.wait(while: seen) }
  }

  var statistics: InboxStatistics {
    InboxStatistics(
      notificationCount: notificationCount.load(ordering: .relaxed),
      unusualIDCount: unusualIDCount.load(ordering: .relaxed),
      pollCount: pollCount.load(ordering: .relaxed),
      droppedEventCount: events.withLock { $0.droppedCount })
  }

  /// The body of the inbox's job: delivers all that is there.
  func deliver() -> JobVerdict {
    runner.store(UInt(pthread_self()), ordering: .relaxed)
    deliveries.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer {
      runner.store(0, ordering: .relaxed)
      deliveries.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
      deliveries.wake()
    }
    let handlers = handlers.withLock { $0 }
    let verdict = poll(hasHandlers: !handlers.notifications.isEmpty)
    deliverNotifications(to: handlers)
    if let body = handlers.events {
      for event in events.withLock({ $0.takeAll() }) { body(event) }
    }
    return verdict
  }

  private func deliverNotifications(to handlers: Handlers) {
    // Kicks that nobody hears wait for the first handler.
    guard !handlers.notifications.isEmpty else { return }
    // ORDERING: acquire, pairs with the release in `markPending`.
    var bits = pending.exchange(0, ordering: .acquiring)
    if pendingAny.exchange(false, ordering: .acquiring) {
      for handler in handlers.notifications { handler.body(nil) }
      return
    }
    while bits != 0 {
      let id = NotifyID(rawValue: UInt32(bits.trailingZeroBitCount))
      bits &= bits &- 1
      for handler in handlers.notifications { handler.body(id) }
    }
  }

  /// Marks all vrings as kicked when the slow poll is due, and says when the job must run again.
  private func poll(hasHandlers: Bool) -> JobVerdict {
    guard hasHandlers else {
      nextPoll.store(0, ordering: .relaxed)
      return .sleep
    }
    let now = MonotonicTime.now
    let due = nextPoll.load(ordering: .relaxed)
    guard due == 0 || now.nanoseconds >= due else {
      return .sleepUntil(MonotonicTime(nanoseconds: due))
    }
    if due != 0 {
      pollCount.wrappingAdd(1, ordering: .relaxed)
      pendingAny.store(true, ordering: .relaxed)
    }
    let next = now.advanced(by: pollInterval)
    nextPoll.store(next.nanoseconds, ordering: .relaxed)
    return .sleepUntil(next)
  }
}
