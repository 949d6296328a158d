import Foundation
import Scheduling
import Synchronization
import Testing

/// Waits until `condition` holds, at most five seconds.
func eventually(_ condition: () -> Bool) -> Bool {
  let deadline = MonotonicTime.now.advanced(by: .seconds(5))
  while !condition() {
    if MonotonicTime.now > deadline { return false }
    sched_yield()
  }
  return true
}

final class Counter: Sendable {
  let value = Atomic<Int>(0)
  func increment() { value.wrappingAdd(1, ordering: .acquiringAndReleasing) }
  var count: Int { value.load(ordering: .acquiring) }
}

@Suite("Worker pool")
struct WorkerPoolTests {
  @Test("A job runs when it is scheduled, not before")
  func runs() {
    let pool = WorkerPool(name: "test", threadCount: 2)
    let counter = Counter()
    let job = pool.makeJob {
      counter.increment()
      return .sleep
    }
    #expect(counter.count == 0)
    job.schedule()
    #expect(eventually { counter.count == 1 })
  }

  @Test("A time that comes while the body runs makes it run once more")
  func dueWhileRunning() {
    let pool = WorkerPool(name: "test", threadCount: 2)
    let runs = Counter()
    let lastStart = Counter()
    let due = MonotonicTime.now.advanced(by: .milliseconds(100))
    let job = pool.makeJob {
      lastStart.value.store(Int(MonotonicTime.now.nanoseconds), ordering: .releasing)
      runs.increment()
      guard runs.count == 2 else { return runs.count == 1 ? .sleepUntil(due) : .sleep }
      while MonotonicTime.now < due.advanced(by: .milliseconds(20)) { sched_yield() }
      return .sleep
    }
    job.schedule()
    #expect(eventually { runs.count == 1 })
    job.schedule()
    // Wherever a busy machine lets the second run begin: one run begins when the time has come.
    #expect(eventually { lastStart.count >= Int(due.nanoseconds) })
    job.cancel()
  }

  @Test("A body never runs twice at once, and no request made while it runs is lost")
  func exclusive() {
    let pool = WorkerPool(name: "test", threadCount: 4, spinTime: .microseconds(20))
    let inside = Counter()
    let clashes = Counter()
    let requests = Counter()
    let seen = Counter()
    let job = pool.makeJob {
      if inside.value.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue != 0 {
        clashes.increment()
      }
      seen.value.store(requests.count, ordering: .releasing)
      inside.value.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      return .sleep
    }
    for _ in 0..<20_000 {
      requests.increment()
      job.schedule()
    }
    #expect(eventually { seen.count == 20_000 })
    #expect(clashes.count == 0)
    job.cancel()
  }

  @Test("Jobs that want to run again take turns on one thread")
  func fairness() {
    let pool = WorkerPool(name: "test", threadCount: 1)
    let counters = [Counter(), Counter(), Counter()]
    let jobs = counters.map { counter in
      pool.makeJob {
        counter.increment()
        return .again
      }
    }
    jobs.forEach { $0.schedule() }
    #expect(eventually { counters.allSatisfy { $0.count > 100 } })
    jobs.forEach { $0.cancel() }
  }

  @Test("A job wakes by itself at the time it asked for, and not before")
  func timers() {
    let pool = WorkerPool(name: "test", threadCount: 1)
    let start = MonotonicTime.now
    let runs = Counter()
    let woken = Counter()
    let job = pool.makeJob {
      runs.increment()
      if runs.count == 2 {
        woken.value.store(Int(MonotonicTime.now.nanoseconds), ordering: .releasing)
        return .sleep
      }
      return .sleepUntil(start.advanced(by: .milliseconds(20)))
    }
    job.schedule()
    #expect(eventually { woken.count != 0 })
    let waited = MonotonicTime(nanoseconds: UInt64(woken.count)).since(start)
    #expect(waited >= .milliseconds(20))
    #expect(runs.count == 2)
  }

  @Test("After cancel returns the body runs no more", arguments: 0..<50)
  func cancel(round: Int) {
    let pool = WorkerPool(name: "test", threadCount: 2)
    let counter = Counter()
    let job = pool.makeJob {
      counter.increment()
      return .again
    }
    job.schedule()
    if round % 2 == 0 { #expect(eventually { counter.count > 0 }) }
    job.cancel()
    let after = counter.count
    job.schedule()
    sched_yield()
    #expect(counter.count == after)
  }

  @Test("A body may cancel its own job")
  func selfCancel() {
    final class Box: Sendable { let job = Guarded<Job?>(nil) }
    let box = Box()
    let pool = WorkerPool(name: "test", threadCount: 1)
    let counter = Counter()
    let job = pool.makeJob {
      counter.increment()
      box.job.withLock { $0 }?.cancel()
      return .again
    }
    box.job.withLock { $0 = job }
    job.schedule()
    job.cancel()
    #expect(counter.count <= 1)
  }

  @Test("Sleeping jobs cost no CPU time")
  func idle() {
    let pool = WorkerPool(name: "idle-test", threadCount: 2, spinTime: .microseconds(50))
    let jobs = (0..<256).map { _ in
      pool.makeJob { .sleepUntil(MonotonicTime.now.advanced(by: .seconds(60))) }
    }
    jobs.forEach { $0.schedule() }
    let before = threadTicks(named: "idle-test")
    let end = MonotonicTime.now.advanced(by: .milliseconds(300))
    let word = FutexWord()
    while MonotonicTime.now < end { word.wait(while: 0, until: end) }
    // A tick is 10 ms; two threads that never slept would use up to 60.
    #expect(threadTicks(named: "idle-test") - before <= 2)
    jobs.forEach { $0.cancel() }
  }

  /// Processor time that threads of this process with this name have used, in ticks.
  private func threadTicks(named name: String) -> Int {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.reduce(0) { sum, task in
      let path = "/proc/self/task/\(task)/stat"
      guard let line = try? String(contentsOfFile: path, encoding: .utf8),
        line.contains("(\(name))"), let end = line.lastIndex(of: ")")
      else { return sum }
      let fields = line[end...].split(separator: " ")
      return sum + (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
    }
  }
}

@Suite("The end of a pool")
struct PoolEndTests {
  private final class Token: Sendable {}

  @Test("Jobs that still wait end with the pool", arguments: [false, true])
  func waitingJobs(sleepsFirst: Bool) {
    weak var leftover: Token?
    let runs = Counter()
    do {
      let token = Token()
      leftover = token
      var pool: WorkerPool? = WorkerPool(name: "test", threadCount: 1)
      let job = pool?.makeJob {
        withExtendedLifetime(token) { runs.increment() }
        return .sleepUntil(MonotonicTime.now.advanced(by: .seconds(1000)))
      }
      if sleepsFirst {
        job?.schedule()
        #expect(eventually { runs.count == 1 })
      }
      pool = nil
      // Too late: nobody is left to run it.
      job?.schedule()
    }
    #expect(eventually { leftover == nil })
  }
}

@Suite("Jobs that the pool holds last")
struct LastHolderTests {
  /// Ends a job of the pool when it goes itself.
  private final class Ender: Sendable {
    let job: Job
    init(_ job: Job) { self.job = job }
    deinit { job.cancel() }
  }

  @Test("What ends with a job that only the queue holds may call the pool")
  func endsInTheQueue() {
    let pool = WorkerPool(name: "test", threadCount: 1)
    let gate = Counter()
    let runs = Counter()
    let blocker = pool.makeJob {
      while gate.count == 0 { sched_yield() }
      return .sleep
    }
    blocker.schedule()
    // Both wait in the queue when the worker comes back, and only the first is let go of.
    do {
      let ender = Ender(pool.makeJob { .sleep })
      let first = pool.makeJob {
        withExtendedLifetime(ender) { runs.increment() }
        return .sleep
      }
      first.schedule()
    }
    let second = pool.makeJob {
      runs.increment()
      return .sleep
    }
    second.schedule()
    gate.increment()
    #expect(eventually { runs.count == 2 })
    second.schedule()
    #expect(eventually { runs.count == 3 })
  }

  @Test("So may what ends with a job that waits for its time")
  func endsAmongTimed() {
    let pool = WorkerPool(name: "test", threadCount: 1)
    let runs = Counter()
    do {
      let ender = Ender(pool.makeJob { .sleep })
      let timed = pool.makeJob {
        withExtendedLifetime(ender) { runs.increment() }
        return runs.count == 1
          ? .sleepUntil(MonotonicTime.now.advanced(by: .milliseconds(20))) : .sleep
      }
      timed.schedule()
    }
    #expect(eventually { runs.count == 2 })
    let other = pool.makeJob {
      runs.increment()
      return .sleep
    }
    other.schedule()
    #expect(eventually { runs.count == 3 })
  }
}

@Suite("Monotonic time")
struct MonotonicTimeTests {
  @Test("Moments stop at the end of time instead of wrapping")
  func saturation() {
    let late = MonotonicTime(nanoseconds: .max - 1)
    #expect(late.advanced(by: .seconds(1)).nanoseconds == .max)
    #expect(late.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
    #expect(late.advanced(by: .seconds(-1)) == late)
    #expect(MonotonicTime(nanoseconds: 5).since(MonotonicTime(nanoseconds: 9)) == .zero)
  }
}

@Suite("Guarded values")
struct GuardedTests {
  @Test("Four threads never see the value half changed")
  func exclusion() {
    final class Pair: Sendable { let both = Guarded((0, 0)) }
    let pair = Pair()
    let torn = Counter()
    let done = Counter()
    let pool = WorkerPool(name: "test", threadCount: 4)
    let jobs = (0..<4).map { _ in
      pool.makeJob {
        for _ in 0..<5_000 {
          pair.both.withLock { both in
            if both.0 != both.1 { torn.increment() }
            both.0 += 1
            both.1 += 1
          }
        }
        done.increment()
        return .sleep
      }
    }
    jobs.forEach { $0.schedule() }
    #expect(eventually { done.count == 4 })
    #expect(torn.count == 0)
    #expect(pair.both.withLock { $0.0 } == 20_000)
  }
}
