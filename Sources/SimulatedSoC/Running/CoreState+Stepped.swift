/// What a stepped run came to.
public struct SteppedRun: Equatable, Sendable {
  /// How a stepped run ended.
  public enum End: Equatable, Sendable {
    /// All cycles were used; the core would go on.
    case budgetSpent
    /// The core sleeps or is suspended, and nothing but the host can wake it.
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
    while left > 0 {
      if case .restarting(let due) = phase {
        left -= skip(to: due, upTo: left)
        if clock.nanoseconds >= due { restartNow() }
        continue
      }
      guard phase == .running else { break }
      guard !isSuspended else { return SteppedRun(cycleCount: budget - left, end: .asleep) }
      let now = clock.nanoseconds
      updateTimer(at: now)
      if sleep != .awake {
        guard isWakeable else {
          guard let due = timerWakeTime(at: now) else {
            return SteppedRun(cycleCount: budget - left, end: .asleep)
          }
          left -= skip(to: due, upTo: left)
          continue
        }
        wakeUp(at: now)
      }
      var steps = left
      if let due = timerDueTime(at: now), due > now {
        steps = min(steps, clock.cycles(until: due))
      }
      let (_, executed) = execute(min(steps, Self.longestStep))
      left -= min(left, executed)
      let end = clock.nanoseconds
      counters.add(end &- now, to: counters.busyNanoseconds)
      checkWatchdog(at: end)
    }
    let isOver = phase == .stopped || phase == .ended
    return SteppedRun(cycleCount: budget - left, end: isOver ? .ended : .budgetSpent)
  }

  /// Lets the clock run on to `due`, by at most `limit` cycles; returns how many it took.
  private mutating func skip(to due: UInt64, upTo limit: UInt64) -> UInt64 {
    let skipped = min(limit, clock.cycles(until: due))
    clock.advance(cycles: skipped)
    return skipped
  }

  // Watchdog and timer are looked at no later than after so many cycles.
  private static let longestStep: UInt64 = 10_000
}
