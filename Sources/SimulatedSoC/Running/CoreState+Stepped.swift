/// What a stepped run came to.
public struct SteppedRun: Equatable, Sendable {
  /// How a stepped run ended.
  public enum End: Equatable, Sendable {
    /// All cycles were used; the core would go on.
    case budgetSpent
    /// The core sleeps and nothing but the host can wake it.
    case asleep
    /// The core crashed or exited, or was not started.
    case ended
  }

  /// Cycles that passed: instructions, and those slept through until the timer.
  public var cycleCount: UInt64
  /// Why it is over.
  public var end: End

  /// Makes a result.
  public init(cycleCount: UInt64, end: End) {
    self.cycleCount = cycleCount
    self.end = end
  }
}

extension CoreState {
  /// Runs for at most `budget` cycles of the chip's own clock, on the caller's thread.
  mutating func runStepped(_ budget: UInt64) -> SteppedRun {
    var left = budget
    while left > 0, phase == .running {
      let now = clock.nanoseconds
      updateTimer(at: now)
      if sleep != .awake {
        guard isWakeable else {
          guard let due = timerWakeTime(at: now) else {
            return SteppedRun(cycleCount: budget - left, end: .asleep)
          }
          let skipped = min(left, clock.cycles(until: due))
          clock.advance(cycles: skipped)
          left -= skipped
          continue
        }
        wakeUp(at: now)
      }
      var steps = left
      if hasTimer, let due = clint.dueTime(at: now), due > now {
        steps = min(steps, clock.cycles(until: due))
      }
      let (_, executed) = execute(min(steps, Self.longestStep))
      left -= min(left, executed)
      let end = clock.nanoseconds
      counters.add(end &- now, to: counters.busyNanoseconds)
      checkWatchdog(at: end)
    }
    return SteppedRun(cycleCount: budget - left, end: phase == .running ? .budgetSpent : .ended)
  }

  // Watchdog and timer are looked at no later than after so many cycles.
  private static let longestStep: UInt64 = 10_000
}
