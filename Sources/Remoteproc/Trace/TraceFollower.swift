public import Scheduling

/// Follows one trace buffer for any number of readers.
///
/// It looks at the buffer at an interval, on a worker pool, and whenever it is told to. Text is
/// counted once for all readers; what comes faster than the rate allows is left out and counted.
/// The memory of the buffer is kept as long as the follower, so that a processor that stops
/// meanwhile does no harm: nothing new comes then.
public final class TraceFollower: Sendable {
  private struct State {
    var reader: TraceReader
    var rate: ByteRate
    var queues: [TraceQueue] = []
    var droppedByteCount: UInt64 = 0
    var isFinished = false
  }

  /// Bytes that wait for one reader before it is dropped, unless something else is said.
  public static let standardCapacity = 256 << 10

  private let shared: Shared
  private let job: Job

  /// What the job and the follower share, so that the job does not keep the follower.
  private final class Shared: Sendable {
    let state: Guarded<State>
    /// Held from the look to the last reader, so that text arrives in its order.
    let order = Guarded(())
    let interval: Duration

    init(_ state: consuming State, interval: Duration) {
      self.state = Guarded(state)
      self.interval = interval
    }
  }

  /// Follows `buffer` from its start.
  ///
  /// - Parameters:
  ///   - buffer: a trace of a processor that runs, or ran.
  ///   - pool: where the looking is done.
  ///   - interval: between two looks, more than zero. Text that the remote overwrites faster is
  ///     lost, see ``TraceReader``.
  ///   - rate: bytes that pass.
  /// - Throws: ``TraceError/unavailable(_:)``.
  public init(
    _ buffer: TraceBuffer, pool: WorkerPool, interval: Duration = .milliseconds(20),
    rate: ByteRate = .trace
  ) throws(TraceError) {
    precondition(interval > .zero, "looking takes time")
    guard buffer.isAvailable else { throw .unavailable(buffer.name) }
    let shared = Shared(State(reader: TraceReader(buffer), rate: rate), interval: interval)
    self.shared = shared
    job = pool.makeJob { Self.look(shared) }
  }

  deinit { finish() }

  /// The text from now on, which no other reader takes away; the first reader also gets what the
  /// buffer holds.
  ///
  /// - Parameter capacity: bytes that may wait before a reader that is too slow is dropped; more
  ///   than 0. A capacity below the size of the buffer can be too little for the first piece.
  /// - Returns: a stream for one task.
  public func makeStream(capacity: Int = standardCapacity) -> TraceStream {
    let queue = TraceQueue(capacity: capacity)
    shared.state.withLock { state in
      if state.isFinished { queue.finish() } else { state.queues.append(queue) }
    }
    job.schedule()
    return TraceStream(queue)
  }

  /// Bytes that were left out, as they came faster than the rate allows.
  public var droppedByteCount: UInt64 { shared.state.withLock { $0.droppedByteCount } }

  /// Readers that follow now.
  public var readerCount: Int { shared.state.withLock { $0.queues.count } }

  /// Looks now, such as after a kick; any thread, does not block for long.
  public func look() { _ = Self.look(shared) }

  /// Takes what is there, and ends all streams; without effect the second time.
  public func finish() {
    job.cancel()
    _ = Self.look(shared)
    let queues = shared.state.withLock { state in
      state.isFinished = true
      defer { state.queues = [] }
      return state.queues
    }
    for queue in queues { queue.finish() }
  }

  /// Gives what is new to all readers; says when to look again.
  private static func look(_ shared: Shared) -> JobVerdict {
    shared.order.withLock { _ in
      let (bytes, queues) = shared.state.withLock { take(from: &$0) }
      let gone = queues.filter { !$0.push(bytes) }
      let isFollowed = shared.state.withLock { state in
        state.queues.removeAll { queue in gone.contains { $0 === queue } }
        return !state.queues.isEmpty
      }
      guard isFollowed else { return .sleep }
      return .sleepUntil(MonotonicTime.now.advanced(by: shared.interval))
    }
  }

  private static func take(from state: inout State) -> ([UInt8], [TraceQueue]) {
    guard !state.isFinished, !state.queues.isEmpty else { return ([], []) }
    let new = state.reader.readNew()
    let count = state.rate.take(new.count, at: .now)
    state.droppedByteCount &+= UInt64(new.count - count)
    return (Array(new.prefix(count)), state.queues)
  }
}
