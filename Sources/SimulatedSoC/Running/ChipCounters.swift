import Scheduling
import Synchronization

/// Counters that the core's thread writes and any thread reads.
final class ChipCounters: Sendable {
  let instructions = Atomic<UInt64>(0)
  let busyNanoseconds = Atomic<UInt64>(0)
  let asleepNanoseconds = Atomic<UInt64>(0)
  let sleeps = Atomic<UInt64>(0)
  let kicksToHost = Atomic<UInt64>(0)
  let deviceAccesses = Atomic<UInt64>(0)
  /// Times the core started by itself since the chip was made.
  let restarts = Atomic<UInt64>(0)
  /// Changes when a core that is about to start by itself did so or was stopped.
  let changes = FutexWord()

  /// Adds to a counter that only one thread writes at a time.
  func add(_ amount: UInt64, to counter: borrowing Atomic<UInt64>) {
    counter.store(counter.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  /// Wakes who waits for a core that is about to start by itself.
  func noteChange() {
    // ORDERING: after the change itself, so that who sees the new number sees the change.
    changes.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    changes.wake()
  }

  func reset() {
    instructions.store(0, ordering: .relaxed)
    busyNanoseconds.store(0, ordering: .relaxed)
    asleepNanoseconds.store(0, ordering: .relaxed)
    sleeps.store(0, ordering: .relaxed)
    kicksToHost.store(0, ordering: .relaxed)
    deviceAccesses.store(0, ordering: .relaxed)
  }

  func snapshot(kicksFromHost: UInt64) -> ChipStatistics {
    var statistics = ChipStatistics()
    statistics.instructionCount = instructions.load(ordering: .relaxed)
    statistics.busyTime = .nanoseconds(
      Int64(clamping: busyNanoseconds.load(ordering: .relaxed)))
    statistics.asleepTime = .nanoseconds(
      Int64(clamping: asleepNanoseconds.load(ordering: .relaxed)))
    statistics.sleepCount = sleeps.load(ordering: .relaxed)
    statistics.kicksFromHost = kicksFromHost
    statistics.kicksToHost = kicksToHost.load(ordering: .relaxed)
    statistics.deviceAccessCount = deviceAccesses.load(ordering: .relaxed)
    return statistics
  }
}
