import Coredump
import Scheduling

// Dumps of a crashed processor.
extension ProcessorController where Platform: ~Copyable {
  /// Does what the options say about the memory of a processor that has crashed and stands still.
  func dump() {
    let policy = options.coredump
    // A copy that nobody would get is not made.
    guard policy.target != nil, let outcome = processor.dump(policy) else { return }
    switch outcome {
    case .written(let report, let path): tell(.dumped(report, path: path))
    case .captured(let copy): writeLater(copy, policy.target)
    case .failed(let error): tell(.dumpFailed(error))
    }
  }

  /// Writes a copy on a thread of the pool, while the processor starts again.
  private func writeLater(_ copy: CapturedCoredump, _ target: CoredumpTarget?) {
    guard let target else { return }
    let waiting = Guarded<CapturedCoredump?>(copy)
    let job = pool.makeJob { [listeners] in
      // A job may run without a reason.
      let copy = waiting.withLock { copy -> CapturedCoredump? in
        defer { copy = nil }
        return copy
      }
      guard let copy else { return .sleep }
      do throws(CoredumpError) {
        let (report, path) = try target.write(copy)
        listeners.send(.dumped(report, path: path))
      } catch { listeners.send(.dumpFailed(.coredump(error))) }
      return .sleep
    }
    job.schedule()
  }
}
