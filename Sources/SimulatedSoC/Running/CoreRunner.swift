import RISCVCore
import Scheduling
import Synchronization
import WireTypes

/// Runs the core of one chip on the threads of a pool, or by hand.
///
/// The state has one owner at a time: whoever holds the lock. A slice holds it for a few
/// milliseconds at most; a host that wants it first asks the slice to end.
final class CoreRunner: Sendable {
  struct Running: ~Copyable {
    var core: CoreState
    var budget = SliceBudget()
  }

  private let running: Guarded<Running>
  private let lines: ChipLines
  /// Host calls that wait for the state; slices give way to them.
  private let waiters = Atomic<Int>(0)

  init(_ core: consuming CoreState) {
    lines = core.lines
    running = Guarded(Running(core: core))
  }

  /// One slice: the body of the core's job.
  func runSlice() -> JobVerdict {
    // The host schedules the job again when it is done.
    guard waiters.load(ordering: .sequentiallyConsistent) == 0 else { return .sleep }
    return running.withLock { $0.core.runSlice(&$0.budget) }
  }

  /// Calls `body` with the state, as soon as the present slice is over.
  func withCore<Result, Failure: Error>(
    _ body: (inout CoreState) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    waiters.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer { waiters.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    lines.requestAttention()
    return try running.withLock { running throws(Failure) in try body(&running.core) }
  }
}
