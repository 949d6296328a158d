public import Scheduling

/// Delivers what remote processors tell the host, for any number of them, on a few threads.
///
/// A doorbell that got lost costs at most one poll interval: each inbox that has a handler is
/// looked at that often as if every vring had been kicked.
public final class NotificationDispatcher: Sendable {
  private let pool: WorkerPool
  private let pollInterval: Duration

  /// Delivers on the threads of `pool`.
  ///
  /// - Parameters:
  ///   - pool: may be shared with other work.
  ///   - pollInterval: more than zero; at most 100 ms keeps the promise about lost doorbells.
  public init(pool: WorkerPool, pollInterval: Duration = .milliseconds(100)) {
    precondition(pollInterval > .zero, "the poll interval is positive")
    self.pool = pool
    self.pollInterval = pollInterval
  }

  /// Makes the inbox of one processor; it is served as long as it lives.
  public func makeInbox() -> ProcessorInbox {
    let box = InboxState(pollInterval: pollInterval)
    return ProcessorInbox(box: box, job: pool.makeJob { box.deliver() })
  }
}
