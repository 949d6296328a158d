import Synchronization

/// Calls a function when a time has come, on a thread that all alarms of the process share.
///
/// For deadlines: thousands of alarms cost one thread, and one that is set anew to a later time
/// costs nothing. The function must not block, and may be called too early: it says what time it
/// wants next.
public final class Alarm: Sendable {
  private final class Setting: Sendable {
    /// When the function is to be called, in nanoseconds; the largest number means never.
    let time = Atomic<UInt64>(.max)
  }

  private static let pool = WorkerPool(name: "alarms", threadCount: 1)

  private let setting = Setting()
  private let job: Job

  /// Makes an alarm that is not set.
  ///
  /// - Parameter body: called on the alarm thread, never twice at the same time; returns when it
  ///   wants to be called again, or `nil` for not before it is set. It must not keep the alarm.
  public init(_ body: @escaping @Sendable () -> MonotonicTime?) {
    job = Self.pool.makeJob { [setting] in
      let due = setting.time.load(ordering: .sequentiallyConsistent)
      // Scheduled to learn of a new time, or because that has come.
      guard due <= MonotonicTime.now.nanoseconds else { return Self.verdict(due) }
      // ORDERING: whoever sets a time after this schedules the job once more, and who did before
      // has changed what the function looks at.
      setting.time.store(.max, ordering: .sequentiallyConsistent)
      if let next = body() { _ = Self.lower(setting, to: next) }
      return Self.verdict(setting.time.load(ordering: .sequentiallyConsistent))
    }
  }

  private static func verdict(_ due: UInt64) -> JobVerdict {
    due == .max ? .sleep : .sleepUntil(MonotonicTime(nanoseconds: due))
  }

  /// Has the function called at `time` at the latest, unless it is set to an earlier time.
  ///
  /// Any thread may call; it does not block.
  public func set(for time: MonotonicTime) {
    if Self.lower(setting, to: time) { job.schedule() }
  }

  /// Never calls the function again; when it returns the function does not run, unless this is it.
  public func cancel() { job.cancel() }

  /// Sets `setting` to `time` if that is earlier; returns whether it was.
  private static func lower(_ setting: Setting, to time: MonotonicTime) -> Bool {
    // Not `min` of the standard library, which compares as if the numbers were signed.
    var seen = setting.time.load(ordering: .relaxed)
    while time.nanoseconds < seen {
      let (done, now) = setting.time.compareExchange(
        expected: seen, desired: time.nanoseconds, ordering: .sequentiallyConsistent)
      if done { return true }
      seen = now
    }
    return false
  }
}
