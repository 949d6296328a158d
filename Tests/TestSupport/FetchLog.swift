import Synchronization

/// Counts how often each byte of shared memory is fetched within one operation.
public final class FetchLog: Sendable {
  private struct State {
    var counts: [Int: Int] = [:]
    var repeated: Set<Int> = []
  }

  private let state = Mutex(State())

  /// Makes a log without fetches.
  public init() {}

  /// Runs one operation; returns its result and the bytes that it fetched more than once.
  public func operation<Result>(
    _ body: () throws -> Result
  ) rethrows -> (result: Result, fetchedAgain: [Int], fetched: Int) {
    state.withLock { $0 = State() }
    let result = try body()
    let log = state.withLock { ($0.repeated.sorted(), $0.counts.count) }
    return (result, log.0, log.1)
  }

  func fetch(_ bytes: Range<Int>) {
    state.withLock { state in
      for byte in bytes {
        state.counts[byte, default: 0] += 1
        if state.counts[byte] == 2 { state.repeated.insert(byte) }
      }
    }
  }
}
