public import Scheduling

/// One crash of a processor.
public struct CrashRecord: Equatable, Sendable {
  /// What came of it.
  public enum Outcome: Equatable, Sendable {
    /// Nothing yet.
    case pending
    /// It started again, this long after the crash.
    case recovered(after: Duration)
    /// It was left crashed, or stopped.
    case left
    /// It was left crashed, as it crashed too often.
    case gaveUp
    /// It could not be started again.
    case failed(RemoteprocError)
  }

  /// Which crash of the processor it was, from 1.
  public let number: UInt64
  /// When it was noted.
  public let time: MonotonicTime
  /// What the platform knows.
  public let report: CrashReport
  /// What came of it.
  public internal(set) var outcome = Outcome.pending
}

/// The crashes of a processor: how many, and the newest of them.
public struct CrashHistory: Equatable, Sendable {
  /// Records that are kept.
  public static let capacity = 64

  /// The newest crashes, oldest first.
  public private(set) var records: [CrashRecord] = []
  /// All crashes, also those whose records are gone.
  public private(set) var totalCount: UInt64 = 0

  /// Makes a history without a crash.
  public init() {}

  /// The last crash.
  public var newest: CrashRecord? { records.last }

  /// Adds a crash.
  public mutating func add(_ report: CrashReport, at time: MonotonicTime) {
    totalCount &+= 1
    if records.count == Self.capacity { records.removeFirst() }
    records.append(CrashRecord(number: totalCount, time: time, report: report))
  }

  /// Notes what came of the last crash.
  mutating func settle(_ outcome: CrashRecord.Outcome) {
    guard !records.isEmpty else { return }
    records[records.count - 1].outcome = outcome
  }

  /// Crashes in the time `window` before `now`; those whose records are gone do not count.
  public func count(within window: Duration, before now: MonotonicTime) -> Int {
    records.count { now.since($0.time) <= window }
  }
}
