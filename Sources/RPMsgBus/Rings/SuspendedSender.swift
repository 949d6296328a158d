import Scheduling
import Synchronization

/// A task that waits for a free buffer.
final class SuspendedSender: Sendable {
  private enum State: Sendable {
    case fresh, woken
    case waiting(CheckedContinuation<Void, Never>)
  }

  private let state = Guarded(State.fresh)

  /// Suspends until ``wake()``, which may have come already, or cancellation.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isWoken = state.withLock { state in
          if case .woken = state { return true }
          state = .waiting(continuation)
          return false
        }
        if isWoken { continuation.resume() }
      }
    } onCancel: {
      wake()
    }
  }

  /// Lets the task go on; any number of calls.
  func wake() {
    let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
      defer { state = .woken }
      guard case .waiting(let continuation) = state else { return nil }
      return continuation
    }
    continuation?.resume()
  }
}
