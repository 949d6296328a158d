import CLinux
import Synchronization

/// What the threads of one pool share.
final class PoolState: Sendable {
  private struct Queue {
    /// Jobs to run, in their order; a place is emptied when its job is taken.
    var ready: [Job?] = []
    /// Index of the first job of `ready` that was not taken yet.
    var head = 0
    /// Jobs with a wake time, in no order; each at most once.
    var timed: [Job] = []
    var earliest = UInt64.max
    var isStopping = false
  }

  private let queue = Guarded(Queue())
  /// Changes whenever a worker should look again.
  private let generation = FutexWord()
  private let sleepers = Atomic<Int>(0)
  private let spinners = Atomic<Int>(0)
  private let spinTime: UInt64

  private let name: String

  init(name: String, spinTime: Duration) {
    self.name = String(name.prefix(15))
    self.spinTime = MonotonicTime(nanoseconds: 0).advanced(by: spinTime).nanoseconds
  }

  func push(_ job: Job) {
    // Nobody would take it out again, and job and pool would keep each other for ever.
    queue.withLock { queue in if !queue.isStopping { queue.ready.append(job) } }
    notify(1)
  }

  func wake(_ job: Job, at time: MonotonicTime) {
    let isEarlier = queue.withLock { queue in
      guard !queue.isStopping else { return false }
      if job.wakeTime.load(ordering: .relaxed) == .max { queue.timed.append(job) }
      job.wakeTime.store(min(time.nanoseconds, .max - 1), ordering: .relaxed)
      guard time.nanoseconds < queue.earliest else { return false }
      queue.earliest = time.nanoseconds
      return true
    }
    if isEarlier { notify(1) }
  }

  func forget(_ job: Job) {
    queue.withLock { queue in
      queue.timed.removeAll { $0 === job }
      job.wakeTime.store(.max, ordering: .relaxed)
    }
  }

  func stop() {
    var dropped = Queue(isStopping: true)
    queue.withLock { swap(&$0, &dropped) }
    notify(.max)
    // Only now, without the lock: what a job holds may end with it, and call the pool. A value
    // that is not held on to ends after its last use, which is under the lock.
    withExtendedLifetime(dropped) {}
  }

  /// What each worker thread does until the pool stops.
  func serve() {
    unsafe rproc_name_thread(name)
    while true {
      // ORDERING: read before the look into the queue, so a push after that look changes it.
      let seen = generation.value.load(ordering: .sequentiallyConsistent)
      switch take() {
      case .run(let job): job.run()
      case .stop: return
      case .wait(let deadline):
        if !spin(while: seen) { sleep(while: seen, until: deadline) }
      }
    }
  }

  private enum Step {
    case run(Job)
    case wait(UInt64)
    case stop
  }

  private func take() -> Step {
    // Released after the lock: the queue may have held a job last, and what ends with it may call
    // the pool.
    var dropped: [Job] = []
    let step = queue.withLock { queue -> Step in
      if queue.isStopping { return .stop }
      if queue.earliest != .max { dropped = Self.wakeDue(&queue) }
      guard queue.head < queue.ready.count else { return .wait(queue.earliest) }
      let job = queue.ready[queue.head].take()
      queue.head += 1
      if queue.head == queue.ready.count || queue.head > 64 {
        // Empty places only.
        queue.ready.removeFirst(queue.head)
        queue.head = 0
      }
      guard let job else { preconditionFailure("a place is emptied once") }
      return .run(job)
    }
    withExtendedLifetime(dropped) {}
    return step
  }

  /// Moves jobs whose time has come to those that are ready; returns the others of them.
  private static func wakeDue(_ queue: inout Queue) -> [Job] {
    let now = MonotonicTime.now.nanoseconds
    guard queue.earliest <= now else { return [] }
    queue.earliest = .max
    var due: [Job] = []
    queue.timed.removeAll { job in
      let time = job.wakeTime.load(ordering: .relaxed)
      guard time <= now else {
        queue.earliest = min(queue.earliest, time)
        return false
      }
      job.wakeTime.store(.max, ordering: .relaxed)
      due.append(job)
      return true
    }
    var dropped: [Job] = []
    for job in due {
      if job.markDue() { queue.ready.append(job) } else { dropped.append(job) }
    }
    return dropped
  }

  /// Looks for news for a short time, at most one worker at once; true when there is some.
  private func spin(while seen: UInt32) -> Bool {
    guard spinTime > 0 else { return false }
    guard spinners.wrappingAdd(1, ordering: .relaxed).oldValue == 0 else {
      spinners.wrappingSubtract(1, ordering: .relaxed)
      return false
    }
    defer { spinners.wrappingSubtract(1, ordering: .relaxed) }
    let end = MonotonicTime.now.nanoseconds &+ spinTime
    while MonotonicTime.now.nanoseconds < end {
      for _ in 0..<16 {
        if generation.value.load(ordering: .relaxed) != seen { return true }
        rproc_pause()
      }
    }
    return false
  }

  private func sleep(while seen: UInt32, until deadline: UInt64) {
    // ORDERING: counted before the kernel compares the generation; `notify` changes the
    // generation before it reads the count. One of the two sees the other.
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    generation.wait(
      while: seen, until: deadline == .max ? nil : MonotonicTime(nanoseconds: deadline))
    sleepers.wrappingSubtract(1, ordering: .relaxed)
  }

  private func notify(_ count: Int32) {
    generation.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { generation.wake(count) }
  }
}
