import Scheduling

/// How long a core may run before others have their turn.
struct SliceBudget: Equatable, Sendable {
  /// Nanoseconds that a slice ought to take.
  static let goal: UInt64 = 2_000_000
  private static let range: ClosedRange<UInt64> = 1_000...8_000_000

  /// Steps of the next slice.
  private(set) var steps: UInt64 = 50_000

  /// Fits the steps to what the last slice took.
  mutating func adapt(to nanoseconds: UInt64) {
    if nanoseconds > Self.goal * 2 { steps = max(steps / 2, Self.range.lowerBound) }
    if nanoseconds < Self.goal / 2 { steps = min(steps * 2, Self.range.upperBound) }
  }
}

extension CoreState {
  /// Runs the core for one slice of host time.
  mutating func runSlice(_ budget: inout SliceBudget) -> JobVerdict {
    if case .restarting(let due) = phase {
      guard clock.nanoseconds >= due else { return .sleepUntil(clock.moment(at: due)) }
      restartNow()
    }
    guard mayExecute else { return .sleep }
    let start = clock.nanoseconds
    let resume = events.nextTime(at: start)
    guard resume <= start else { return .sleepUntil(clock.moment(at: resume)) }
    updateTimer(at: start)
    if sleep != .awake {
      guard isWakeable else { return sleepVerdict(at: start) }
      wakeUp(at: start)
    } else {
      watchdog.resume(at: start)
    }
    var steps = budget.steps
    // A timer that is due soon interrupts a busy core in time only between slices.
    if let due = timerDueTime(at: start), due > start,
      due - start < SliceBudget.goal
    {
      steps = max(steps / 16, 1_000)
    }
    sinkTime = 0
    let (outcome, _) = execute(steps)
    let end = clock.nanoseconds
    // What the host does with a kick is not the core's work.
    counters.add(end &- start &- sinkTime, to: counters.busyNanoseconds)
    checkWatchdog(at: end)
    if case .restarting(let due) = phase { return .sleepUntil(clock.moment(at: due)) }
    guard phase == .running else { return .sleep }
    switch outcome {
    case .ended: return .sleep
    case .attention: return .again
    case .throttled: return .sleepUntil(clock.moment(at: events.nextTime(at: end)))
    case .budgetSpent:
      if steps == budget.steps { budget.adapt(to: end &- start) }
      return .again
    case .asleep:
      updateTimer(at: end)
      return isWakeable ? .again : sleepVerdict(at: end)
    }
  }

  private func sleepVerdict(at now: UInt64) -> JobVerdict {
    guard let due = timerWakeTime(at: now) else { return .sleep }
    return .sleepUntil(clock.moment(at: due))
  }
}
