/// Counters of one run of a chip, from its start on.
public struct ChipStatistics: Equatable, Sendable {
  /// Instructions that were executed.
  public var instructionCount: UInt64 = 0
  /// Time during which the core executed instructions, without what the host did with its kicks.
  public var busyTime: Duration = .zero
  /// Time during which the core slept, up to its last wake-up.
  public var asleepTime: Duration = .zero
  /// Times the core went to sleep.
  public var sleepCount: UInt64 = 0
  /// Kicks of the host; several may have merged before the core saw them.
  public var kicksFromHost: UInt64 = 0
  /// Writes to `KICK`.
  public var kicksToHost: UInt64 = 0
  /// Loads and stores outside RAM.
  public var deviceAccessCount: UInt64 = 0

  /// Makes counters that are all 0.
  public init() {}

  /// Millions of instructions for each second of ``busyTime``; 0 before any.
  public var millionInstructionsPerSecond: Double {
    let seconds = busyTime / .seconds(1)
    return seconds > 0 ? Double(instructionCount) / seconds / 1e6 : 0
  }
}
