/// What is done about a crash.
public struct RecoveryPolicy: Equatable, Sendable {
  /// Whether crashed processors start again by themselves.
  public enum Mode: Equatable, Sendable {
    /// After each crash.
    case enabled
    /// Never; the processor stays crashed until somebody recovers or stops it.
    case disabled
    /// After the next crash, and never again.
    case once
  }

  /// Whether crashed processors start again by themselves.
  public var mode: Mode
  /// How long the second crash within ``window`` waits before the restart.
  ///
  /// Each further one waits twice as long as the one before. The first starts again at once.
  public var backOff: Duration
  /// The longest wait before a restart.
  public var maximumBackOff: Duration
  /// Crashes within ``window`` after which the processor is left crashed.
  public var limit: Int
  /// How long a crash counts.
  public var window: Duration

  /// Makes a policy.
  ///
  /// - Precondition: `limit` is 0 or more.
  public init(
    mode: Mode = .enabled, backOff: Duration = .milliseconds(100),
    maximumBackOff: Duration = .seconds(10), limit: Int = 10, window: Duration = .seconds(60)
  ) {
    precondition(limit >= 0, "a limit is not negative")
    self.mode = mode
    self.backOff = backOff
    self.maximumBackOff = maximumBackOff
    self.limit = limit
    self.window = window
  }

  /// What to do about the newest crash of `history`, which happened just now.
  public func decision(after history: CrashHistory) -> RecoveryDecision {
    guard mode != .disabled, let newest = history.newest else { return .stay }
    let count = history.count(within: window, before: newest.time)
    guard count <= limit else { return .giveUp(crashes: count, within: window) }
    return .restart(after: delay(beforeRestart: count))
  }

  /// The wait before the restart that follows the `count`-th crash.
  private func delay(beforeRestart count: Int) -> Duration {
    guard count > 1, backOff > .zero else { return .zero }
    // Doubling stops at the maximum, long before a sum could overflow.
    var delay = backOff
    for _ in 2..<count where delay < maximumBackOff { delay += delay }
    return min(delay, maximumBackOff)
  }
}

/// What a ``RecoveryPolicy`` says about a crash.
public enum RecoveryDecision: Equatable, Sendable {
  /// The processor stays crashed, as recovery is off.
  case stay
  /// It starts again after this time.
  case restart(after: Duration)
  /// It stays crashed, as it crashed too often.
  case giveUp(crashes: Int, within: Duration)
}
