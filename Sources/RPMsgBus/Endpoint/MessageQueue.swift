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
    /// When each message came, in nanoseconds, if latencies are measured.
    var arrivals: [UInt64]
    var first = 0
    var count = 0
    var highWaterMark = 0
    /// A message was refused, and whoever makes room says so.
    var hasRefused = false
    var isFinished = false
    var waiter: Waiter?
  }

  private let state: Guarded<State>
  private let capacity: Int
  private let slotByteCount: Int
  private let policy: RPMsgOverflowPolicy

  private let latencies: LatencyRecorder?
  private let whenRoom: @Sendable () -> Void

  /// What became of a message.
  enum Outcome {
    case stored
    /// This one was dropped, or an older one for it.
    case dropped
    /// It is to be offered again after `whenRoom` was called.
    case refused
  }

  init(
    capacity: Int, slotByteCount: Int, policy: RPMsgOverflowPolicy, measuresLatency: Bool = false,
    whenRoom: @escaping @Sendable () -> Void = {}
  ) {
    precondition((1...65_536).contains(capacity), "a stream buffers 1...65536 messages")
    self.capacity = capacity
    self.slotByteCount = slotByteCount
    self.policy = policy
    self.whenRoom = whenRoom
    latencies = measuresLatency ? LatencyRecorder() : nil
    let none = RPMsgHeader(source: .any, destination: .any, byteCount: 0)
    state = Guarded(
      State(
        headers: Array(repeating: none, count: capacity),
        bytes: Array(repeating: 0, count: capacity * slotByteCount),
        arrivals: measuresLatency ? Array(repeating: 0, count: capacity) : []))
  }

  /// Whether a full queue keeps the bus from receiving.
  var holdsBack: Bool { policy == .holdBack }

  /// The most messages that waited at a time.
  var highWaterMark: Int { state.withLock { $0.highWaterMark } }

  /// How long messages waited, if it is measured.
  var latency: LatencyHistogram? { latencies?.histogram }

  /// Adds a message.
  func push(_ header: RPMsgHeader, _ payload: RawSpan) -> Outcome {
    var outcome = Outcome.stored
    let waiter = state.withLock { state -> Waiter? in
      if let waiter = state.waiter.take() { return waiter }
      outcome = state.isFinished ? .dropped : store(header, payload, in: &state)
      return nil
    }
    guard let waiter else { return outcome }
    latencies?.record(since: MonotonicTime.now.nanoseconds)
    // Outside the lock, as the waiter may run at once.
    waiter.resume(returning: RPMsgMessage(header, payload))
    return .stored
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
    var isRoomWanted = false
    let isDone = state.withLock { state -> Bool in
      precondition(state.waiter == nil, "two tasks wait for messages of one stream")
      answer = takeFirst(from: &state)
      if answer != nil {
        isRoomWanted = state.hasRefused
        state.hasRefused = false
      }
      // Checked under the lock that the cancellation takes: one of the two sees the other.
      if answer != nil || state.isFinished || Task.isCancelled { return true }
      state.waiter = waiter
      return false
    }
    if isDone { waiter.resume(returning: answer) }
    if isRoomWanted { whenRoom() }
  }

  private func store(_ header: RPMsgHeader, _ payload: RawSpan, in state: inout State) -> Outcome {
    let isFull = state.count == capacity
    if isFull {
      switch policy {
      case .dropNewest: return .dropped
      case .holdBack:
        state.hasRefused = true
        return .refused
      case .dropOldest:
        state.first = (state.first + 1) % capacity
        state.count -= 1
      }
    }
    let slot = (state.first + state.count) % capacity
    state.headers[slot] = header
    if latencies != nil { state.arrivals[slot] = MonotonicTime.now.nanoseconds }
    let start = slot * slotByteCount
    // SAFETY: the array holds this slot, and the copy refuses a payload that is longer.
    unsafe state.bytes.withUnsafeMutableBytes { all in
      let slot = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start..<start + slotByteCount])
      unsafe payload.withUnsafeBytes { unsafe slot.copyMemory(from: $0) }
    }
    state.count += 1
    state.highWaterMark = max(state.highWaterMark, state.count)
    return isFull ? .dropped : .stored
  }

  private func takeFirst(from state: inout State) -> RPMsgMessage? {
    guard state.count > 0 else { return nil }
    let header = state.headers[state.first]
    let start = state.first * slotByteCount
    if let latencies { latencies.record(since: state.arrivals[state.first]) }
    state.first = (state.first + 1) % capacity
    state.count -= 1
    return RPMsgMessage(
      source: header.source, destination: header.destination,
      payload: Array(state.bytes[start..<start + Int(header.byteCount)]))
  }
}
