import Scheduling

/// Gives every event to every stream.
final class EventFanOut: Sendable {
  private struct State {
    var continuations: [UInt64: AsyncStream<ControlEvent>.Continuation] = [:]
    var nextNumber: UInt64 = 0
    var isOver = false
  }

  private static let capacity = 256
  private let state = Guarded(State())

  deinit { finish() }

  /// A stream of what is sent from now on.
  func makeStream() -> AsyncStream<ControlEvent> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: ControlEvent.self, bufferingPolicy: .bufferingNewest(Self.capacity))
    let number = state.withLock { state -> UInt64? in
      guard !state.isOver else { return nil }
      defer { state.nextNumber += 1 }
      state.continuations[state.nextNumber] = continuation
      return state.nextNumber
    }
    guard let number else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.continuations.removeValue(forKey: number) }
    }
    return stream
  }

  /// Sends an event to all streams.
  func send(_ event: ControlEvent) {
    // Outside the lock: a stream that has ended removes itself.
    for continuation in state.withLock({ Array($0.continuations.values) }) {
      continuation.yield(event)
    }
  }

  /// Ends all streams.
  func finish() {
    let all = state.withLock { state in
      state.isOver = true
      defer { state.continuations = [:] }
      return Array(state.continuations.values)
    }
    for continuation in all { continuation.finish() }
  }
}
