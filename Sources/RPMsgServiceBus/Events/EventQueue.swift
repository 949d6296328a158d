import RPMsgBus
import RPMsgServices
import Scheduling

/// The bounded queue behind one ``ServiceEventStream``; its memory is taken when it is made.
final class EventQueue<Event: WireMessage>: Sendable {
  typealias Waiter = CheckedContinuation<ServiceEvent<Event>?, Never>

  private struct State {
    var slots: [ServiceEvent<Event>?]
    var first = 0
    var count = 0
    var isFinished = false
    var waiter: Waiter?
    /// The server's count of the event that came last; 0 before the first.
    var lastNumber: UInt32 = 0
  }

  private let state: Guarded<State>
  private let policy: RPMsgOverflowPolicy

  init(capacity: Int, policy: RPMsgOverflowPolicy) {
    precondition((1...65_536).contains(capacity), "a stream buffers 1...65536 events")
    self.policy = policy
    state = Guarded(State(slots: Array(repeating: nil, count: capacity)))
  }

  /// Adds an event; says whether all are kept, and how many the server has sent since the last
  /// one that did not come.
  func push(_ event: Event, number: UInt32) -> (kept: Bool, missed: UInt32) {
    var kept = true
    var missed: UInt32 = 0
    var item: ServiceEvent<Event>?
    let waiter = state.withLock { state -> Waiter? in
      // A server that has started to count anew has missed nothing.
      let gap = number &- state.lastNumber &- 1
      missed = state.lastNumber == 0 || gap >= 1 << 31 ? 0 : gap
      state.lastNumber = number
      item = ServiceEvent(value: event, number: number, missedCount: missed)
      if let waiter = state.waiter.take() { return waiter }
      kept = !state.isFinished && Self.store(item, in: &state, policy)
      return nil
    }
    // Resumed outside the lock, as its task may run at once.
    waiter?.resume(returning: item)
    return (kept, missed)
  }

  private static func store(
    _ item: ServiceEvent<Event>?, in state: inout State, _ policy: RPMsgOverflowPolicy
  ) -> Bool {
    let isFull = state.count == state.slots.count
    if isFull {
      guard policy == .dropOldest else { return false }
      state.first = (state.first + 1) % state.slots.count
      state.count -= 1
    }
    state.slots[(state.first + state.count) % state.slots.count] = item
    state.count += 1
    return !isFull
  }

  /// Ends the stream after the events that wait.
  func finish() {
    let waiter = state.withLock { state -> Waiter? in
      state.isFinished = true
      return state.waiter.take()
    }
    waiter?.resume(returning: nil)
  }

  /// The oldest event; waits for one, and is `nil` at the end or when the task is cancelled.
  ///
  /// - Precondition: nobody else waits.
  func next() async -> ServiceEvent<Event>? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { wait($0) }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume(returning: nil)
    }
  }

  private func wait(_ waiter: Waiter) {
    var answer: ServiceEvent<Event>?
    let isDone = state.withLock { state -> Bool in
      precondition(state.waiter == nil, "two tasks wait for events of one stream")
      if state.count > 0 {
        answer = state.slots[state.first].take()
        state.first = (state.first + 1) % state.slots.count
        state.count -= 1
      }
      // Checked under the lock that the cancellation takes: one of the two sees the other.
      if answer != nil || state.isFinished || Task.isCancelled { return true }
      state.waiter = waiter
      return false
    }
    if isDone { waiter.resume(returning: answer) }
  }
}
