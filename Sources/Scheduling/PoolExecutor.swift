/// Runs an actor on the threads of a ``WorkerPool``, so that its functions may block for a while
/// without holding up the threads that all other tasks share.
///
/// An actor returns it as its `unownedExecutor` and keeps it alive.
public final class PoolExecutor: SerialExecutor {
  private final class Queue: Sendable {
    struct State {
      var jobs: [UnownedJob] = []
      weak var executor: PoolExecutor?
    }

    let state = Guarded(State())

    /// Runs all that waits, in order.
    func drain() -> JobVerdict {
      let (jobs, executor) = state.withLock { state in
        defer { state.jobs = [] }
        return (state.jobs, state.executor)
      }
      // What waits belongs to an actor, which keeps its executor.
      guard let executor else { return .sleep }
      for job in jobs {
        // SAFETY: the executor is held for the time of the call.
        unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
      }
      return .sleep
    }
  }

  private let queue = Queue()
  private let job: Job
  /// Kept, as its threads end when nobody holds it any more.
  private let pool: WorkerPool

  /// Makes an executor that runs one thing at a time on some thread of `pool`.
  public init(pool: WorkerPool) {
    self.pool = pool
    let queue = queue
    job = pool.makeJob { queue.drain() }
    queue.state.withLock { $0.executor = self }
  }

  /// Takes a piece of work of the actor; the Swift runtime calls it.
  public func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    queue.state.withLock { $0.jobs.append(unowned) }
    self.job.schedule()
  }
}
