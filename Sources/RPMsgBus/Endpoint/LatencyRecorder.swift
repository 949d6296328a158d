import Scheduling

/// The latencies of one endpoint; any thread may call.
final class LatencyRecorder: Sendable {
  private let state = Guarded(LatencyHistogram())

  var histogram: LatencyHistogram { state.withLock { $0 } }

  /// Adds the time from `start`, in nanoseconds, to now.
  func record(since start: UInt64) {
    let now = MonotonicTime.now.nanoseconds
    state.withLock { $0.record(nanoseconds: now &- min(start, now)) }
  }
}
