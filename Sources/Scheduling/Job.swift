import Glibc
import Synchronization

/// What a job wants after its body returned.
public enum JobVerdict: Sendable {
  /// Run again as soon as others that are ready had their turn.
  case again
  /// Run again when scheduled.
  case sleep
  /// Run again when scheduled, or at this moment at the latest.
  case sleepUntil(MonotonicTime)
}

/// A piece of recurring work that a ``WorkerPool`` runs: never twice at the same time.
///
/// Scheduling while it runs makes it run once more, so no request is lost. A body may be called
/// without a reason and must find out by itself whether there is work.
public final class Job: Sendable {
  private enum State {
    static let idle: UInt32 = 0
    static let queued: UInt32 = 1
    static let running: UInt32 = 2
    static let runningAgain: UInt32 = 3
    static let cancelling: UInt32 = 4
    static let cancelled: UInt32 = 5
  }

  private let state = FutexWord(State.idle)
  private let runner = Atomic<UInt>(0)
  /// When the pool wakes the job by itself, in nanoseconds; the largest number means never.
  ///
  /// Written under the pool's lock.
  let wakeTime = Atomic<UInt64>(.max)
  private let body: @Sendable () -> JobVerdict
  private let pool: PoolState

  init(pool: PoolState, body: @escaping @Sendable () -> JobVerdict) {
    self.pool = pool
    self.body = body
  }

  /// Asks for the body to run soon, and does not block.
  ///
  /// Any thread may call, also the body itself.
  public func schedule() {
    var seen = state.value.load(ordering: .relaxed)
    while true {
      let next: UInt32
      switch seen {
      case State.idle: next = State.queued
      case State.running: next = State.runningAgain
      default:
        // ORDERING: queued or to run again: that run must see what we wrote before this call, so
        // the unchanged state is written once more with release.
        next = seen
      }
      let (done, now) = state.value.compareExchange(
        expected: seen, desired: next, ordering: .acquiringAndReleasing)
      if done {
        if seen == State.idle { pool.push(self) }
        return
      }
      seen = now
    }
  }

  /// Marks a job whose time has come: one that runs to run again, an idle one as queued.
  ///
  /// Returns whether the caller must put it into the queue.
  func markDue() -> Bool {
    while true {
      let seen = state.value.load(ordering: .relaxed)
      let next: UInt32
      switch seen {
      case State.idle: next = State.queued
      case State.running: next = State.runningAgain
      default: return false
      }
      let (done, _) = state.value.compareExchange(
        expected: seen, desired: next, ordering: .acquiringAndReleasing)
      if done { return seen == State.idle }
    }
  }

  /// Ends the job for good; when it returns the body does not run and never runs again.
  ///
  /// Called from the body itself it returns at once, and the body runs no more after this run.
  public func cancel() {
    var seen = state.value.load(ordering: .acquiring)
    while seen != State.cancelled {
      let runs = seen == State.running || seen == State.runningAgain
      if seen != State.cancelling {
        let (done, now) = state.value.compareExchange(
          expected: seen, desired: runs ? State.cancelling : State.cancelled,
          ordering: .acquiringAndReleasing)
        guard done else {
          seen = now
          continue
        }
        seen = runs ? State.cancelling : State.cancelled
        continue
      }
      if runner.load(ordering: .relaxed) == UInt(pthread_self()) { return }
      state.wait(while: State.cancelling)
      seen = state.value.load(ordering: .acquiring)
    }
    pool.forget(self)
  }

  /// Runs the body once; called by a worker that took the job from the queue.
  func run() {
    let (started, _) = state.value.compareExchange(
      expected: State.queued, desired: State.running, ordering: .acquiringAndReleasing)
    guard started else { return }
    runner.store(UInt(pthread_self()), ordering: .relaxed)
    let verdict = body()
    runner.store(0, ordering: .relaxed)
    settle(verdict)
  }

  private func settle(_ verdict: JobVerdict) {
    if case .again = verdict { schedule() }
    while true {
      let seen = state.value.load(ordering: .relaxed)
      let next =
        switch seen {
        case State.runningAgain: State.queued
        case State.cancelling: State.cancelled
        default: State.idle
        }
      // The timer is set first: once the state says idle another thread may already run the job.
      if next == State.idle, case .sleepUntil(let time) = verdict { pool.wake(self, at: time) }
      let (done, _) = state.value.compareExchange(
        expected: seen, desired: next, ordering: .acquiringAndReleasing)
      guard done else { continue }
      if next == State.queued { pool.push(self) }
      if next == State.cancelled { state.wake() }
      return
    }
  }
}
