import Scheduling

/// What the threads of one ``PingClient`` share; guarded by a lock.
struct PingState {
  let options: PingOptions
  var result = PingResult()
  /// Number of the next message to send.
  private(set) var next: UInt32 = 0
  /// Number of the oldest message that is under way.
  private(set) var oldest: UInt32 = 0
  /// Whether a thread sends at this moment; others leave it to that one.
  private var isSending = false
  private var buffer: [UInt8]?
  private var sentAt: [UInt64]
  private(set) var lastProgress = MonotonicTime.now
  /// Timeouts since the last answer.
  private var timeoutCount = 0
  let start: MonotonicTime

  init(_ options: PingOptions) {
    self.options = options
    buffer = Array(repeating: 0, count: options.byteCount)
    sentAt = Array(repeating: 0, count: options.window)
    result.byteCount = options.byteCount
    start = MonotonicTime.now
  }

  private var underWayCount: Int { Int(next &- oldest) }

  /// Whether nothing is left to send or to wait for.
  var isDone: Bool {
    result.failure != nil || (Int(next) >= options.messageCount && oldest == next)
  }

  /// Claims the sending of the next message, with the memory for it; `nil`: not now.
  mutating func beginSending() -> (number: UInt32, buffer: [UInt8])? {
    guard !isSending, !isDone, underWayCount < options.window,
      Int(next) < options.messageCount, let buffer = buffer.take()
    else { return nil }
    isSending = true
    let number = next
    next &+= 1
    sentAt[Int(number) % options.window] = MonotonicTime.now.nanoseconds
    result.sentCount += 1
    return (number, buffer)
  }

  /// Ends what ``beginSending()`` began; returns whether to go on.
  mutating func endSending(_ buffer: consuming [UInt8], _ failure: RPMsgBusError?) -> Bool {
    self.buffer = buffer
    isSending = false
    guard let failure else { return true }
    // It never was under way: the answer to it cannot have come.
    next &-= 1
    result.sentCount -= 1
    oldest = min(oldest, next)
    if failure != .wouldBlock { result.failure = failure }
    return false
  }

  /// Takes an answer.
  mutating func receive(_ payload: RawSpan) {
    let now = MonotonicTime.now
    let position = PingPattern.position(of: payload, oldest: oldest, count: underWayCount)
    guard let position else {
      // No progress: a remote that babbles must not keep us waiting for ever.
      result.wrongCount += 1
      return
    }
    lastProgress = now
    timeoutCount = 0
    // The remote answers in order: those before this one were not answered.
    result.lostCount += position
    let number = oldest &+ UInt32(truncatingIfNeeded: position)
    oldest = number &+ 1
    guard PingPattern.matches(payload, number: number, byteCount: options.byteCount) else {
      result.wrongCount += 1
      return
    }
    result.receivedCount += 1
    let sent = sentAt[Int(number) % options.window]
    result.latency.record(nanoseconds: now.nanoseconds &- min(sent, now.nanoseconds))
    result.elapsed = now.since(start)
  }

  /// Gives up the messages under way when nothing has come for too long.
  mutating func giveUpIfStalled(now: MonotonicTime) {
    guard !isSending, lastProgress.advanced(by: options.timeout) <= now else { return }
    lastProgress = now
    timeoutCount += 1
    if timeoutCount >= options.timeoutLimit {
      result.failure = .noAnswer(after: options.timeout * timeoutCount)
    }
    result.lostCount += underWayCount
    oldest = next
    result.elapsed = now.since(start)
  }
}
