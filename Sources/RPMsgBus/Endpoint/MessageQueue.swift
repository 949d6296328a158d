import RPMsg
import Scheduling
import Synchronization
import WireTypes

/// The bounded queue behind one ``RPMsgMessageStream``.
///
/// All its memory is taken when it is made; a message is copied in, and copied out when it is
/// asked for.
final class MessageQueue: Sendable {
  typealias Waiter = CheckedContinuation<RPMsgMessage?, Never>

  private struct State {
    var headers: [RPMsgHeader]
    var bytes: [UInt8]
    var first = 0
    var count = 0
    var isFinished = false
    var waiter: Waiter?
  }

  private let state: Guarded<State>
  private let capacity: Int
  private let slotByteCount: Int
  private let policy: RPMsgOverflowPolicy

  init(capacity: Int, slotByteCount: Int, policy: RPMsgOverflowPolicy) {
    precondition((1...65_536).contains(capacity), "a stream buffers 1...65536 messages")
    self.capacity = capacity
    self.slotByteCount = slotByteCount
    self.policy = policy
    let none = RPMsgHeader(source: .any, destination: .any, byteCount: 0)
    state = Guarded(
      State(
        headers: Array(repeating: none, count: capacity),
        bytes: Array(repeating: 0, count: capacity * slotByteCount)))
  }

  /// Adds a message; `false` when one was dropped: this one, or an older one for it.
  func push(_ header: RPMsgHeader, _ payload: RawSpan) -> Bool {
    var kept = true
    let waiter = state.withLock { state -> Waiter? in
      if let waiter = state.waiter.take() { return waiter }
      kept = !state.isFinished && store(header, payload, in: &state)
      return nil
    }
    // Resumed outside the lock, as its task may run at once.
    waiter?.resume(returning: RPMsgMessage(header, payload))
    return kept
  }

  /// Ends the stream after the messages that wait.
  func finish() {
    let waiter = state.withLock { state -> Waiter? in
      state.isFinished = true
      return state.waiter.take()
    }
    waiter?.resume(returning: nil)
  }

  /// The oldest message; waits for one, and is `nil` at the end or when the task is cancelled.
  ///
  /// - Precondition: nobody else waits.
  func next() async -> RPMsgMessage? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { wait($0) }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume(returning: nil)
    }
  }

  private func wait(_ waiter: Waiter) {
    var answer: RPMsgMessage?
    let isDone = state.withLock { state -> Bool in
      precondition(state.waiter == nil, "two tasks wait for messages of one stream")
      answer = takeFirst(from: &state)
      // Checked under the lock that the cancellation takes: one of the two sees the other.
      if answer != nil || state.isFinished || Task.isCancelled { return true }
      state.waiter = waiter
      return false
    }
    if isDone { waiter.resume(returning: answer) }
  }

  private func store(_ header: RPMsgHeader, _ payload: RawSpan, in state: inout State) -> Bool {
    let isFull = state.count == capacity
    if isFull {
      guard policy == .dropOldest else { return false }
      state.first = (state.first + 1) % capacity
      state.count -= 1
    }
    let slot = (state.first + state.count) % capacity
    state.headers[slot] = header
    var bytes = state.bytes.mutableSpan
    for index in 0..<payload.byteCount {
      bytes[slot * slotByteCount + index] = payload.littleEndian(at: index)
    }
    state.count += 1
    return !isFull
  }

  private func takeFirst(from state: inout State) -> RPMsgMessage? {
    guard state.count > 0 else { return nil }
    let header = state.headers[state.first]
    let start = state.first * slotByteCount
    state.first = (state.first + 1) % capacity
    state.count -= 1
    return RPMsgMessage(
      source: header.source, destination: header.destination,
      payload: Array(state.bytes[start..<start + Int(header.byteCount)]))
  }
}
