import RPMsg
import RPMsgBus
import RPMsgTransfers
import Scheduling

/// What the threads of one channel for large messages share.
final class LargeMessageCore: Sendable {
  typealias Reader = CheckedContinuation<[UInt8]?, Never>

  struct State: ~Copyable {
    /// The protocol; `nil` with a plain peer.
    var link: TransferLink?
    /// Memory for the message that is coming; taken out while the handler reads it.
    var memory: [UInt8]?
    /// Memory for the frame that is being sent; taken out by the one thread that sends.
    var scratch: [UInt8]?
    var endpoint: RPMsgEndpoint?
    var outgoing: [OutgoingMessage] = []
    var nextID: UInt64 = 0
    /// Complete messages that wait for who reads them.
    var inbox: [[UInt8]] = []
    /// Bytes of a complete message that has found the inbox full and stays in `memory`.
    var heldCount: Int?
    var reader: Reader?
    var isGone = false
    var statistics = LargeMessageStatistics()
    /// How far the message that is coming was at `progressTime`.
    var progress: Int?
    var progressTime = MonotonicTime.now
  }

  /// What is told when the lock is free again.
  struct Notices {
    var finished: [(waiter: SendWaiter, failure: LargeMessageError?)] = []
    var reader: (reader: Reader, message: [UInt8]?)?
    var events: [LargeMessageEvent] = []
    /// A message of so many bytes is for the handler.
    var received: Int?
  }

  let state: Guarded<State>
  let options: LargeMessageOptions
  let handler: LargeMessageChannel.Handler?
  let eventHandler: @Sendable (LargeMessageEvent) -> Void
  private let alarm = AlarmSlot()

  init(
    _ options: LargeMessageOptions, link: consuming TransferLink?, frameByteCount: Int,
    handler: LargeMessageChannel.Handler?,
    eventHandler: @escaping @Sendable (LargeMessageEvent) -> Void
  ) {
    self.options = options
    self.handler = handler
    self.eventHandler = eventHandler
    let memory = link == nil ? [] : Self.untouched(options.maximumByteCount)
    state = Guarded(
      State(
        link: link, memory: memory, scratch: Array(repeating: 0, count: frameByteCount)))
    let alarm = Alarm { [weak self] in self?.expire() }
    self.alarm.value.withLock { $0 = alarm }
  }

  deinit { alarm.value.withLock { $0.take() }?.cancel() }

  /// The alarm, which refers back to the core and so is made after it.
  private final class AlarmSlot: Sendable {
    let value = Guarded<Alarm?>(nil)
  }

  func wake(at time: MonotonicTime) { alarm.value.withLock { $0 }?.set(for: time) }

  func tell(_ notices: Notices) {
    for (waiter, failure) in notices.finished { waiter.finish(failure) }
    if let (reader, message) = notices.reader { reader.resume(returning: message) }
    for event in notices.events { eventHandler(event) }
  }

  /// Memory that costs nothing until it is used.
  private static func untouched(_ byteCount: Int) -> [UInt8] {
    // SAFETY: every bit pattern is a valid byte, and none is read before it was written: the link
    // gives out the bytes of complete messages alone.
    unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { _, count in count = byteCount }
  }

  /// Ends everything, once: messages that wait fail, the stream ends.
  func end() {
    let notices = state.withLock { state -> Notices in
      var notices = Notices()
      guard !state.isGone else { return notices }
      state.isGone = true
      state.endpoint = nil
      notices.finished = state.outgoing.map { ($0.waiter, .remoteGone) }
      state.outgoing = []
      // A reader waits only when nothing is there to be read.
      notices.reader = state.reader.take().map { ($0, nil) }
      return notices
    }
    tell(notices)
  }
}
