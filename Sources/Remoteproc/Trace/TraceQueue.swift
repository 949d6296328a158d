import Scheduling

/// The bounded text behind one ``TraceStream``.
final class TraceQueue: Sendable {
  typealias Piece = Result<[UInt8]?, TraceError>
  typealias Waiter = CheckedContinuation<Piece, Never>

  private struct State {
    var bytes: [UInt8] = []
    var end: Piece?
    var waiter: Waiter?
  }

  private let state = Guarded(State())
  private let capacity: Int

  init(capacity: Int) {
    precondition(capacity > 0, "a stream holds at least one byte")
    self.capacity = capacity
  }

  /// Adds text; false when the stream is over, or when that was too much for it.
  func push(_ bytes: [UInt8]) -> Bool {
    guard !bytes.isEmpty else { return state.withLock { $0.end == nil } }
    var isOpen = true
    let waiter = state.withLock { state -> Waiter? in
      guard state.end == nil else {
        isOpen = false
        return nil
      }
      if let waiter = state.waiter.take() { return waiter }
      guard bytes.count <= capacity - state.bytes.count else {
        state.end = .failure(.lagged(waitingByteCount: state.bytes.count))
        isOpen = false
        return nil
      }
      state.bytes += bytes
      return nil
    }
    // Resumed outside the lock, as its task may run at once.
    waiter?.resume(returning: .success(bytes))
    return isOpen
  }

  /// Ends the stream after the text that waits.
  func finish() { end(dropping: false) }

  /// Ends the stream at once.
  func abandon() { end(dropping: true) }

  private func end(dropping: Bool) {
    let waiter = state.withLock { state -> Waiter? in
      if state.end == nil || dropping { state.end = .success(nil) }
      if dropping { state.bytes = [] }
      return state.waiter.take()
    }
    waiter?.resume(returning: .success(nil))
  }

  /// All text that waits, or the next; `nil` at the end and when the task is cancelled.
  ///
  /// - Precondition: nobody else waits.
  func next() async -> Piece {
    await withTaskCancellationHandler {
      await withCheckedContinuation { wait($0) }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume(returning: .success(nil))
    }
  }

  private func wait(_ waiter: Waiter) {
    let piece = state.withLock { state -> Piece? in
      precondition(state.waiter == nil, "two tasks wait for text of one stream")
      if let piece = Self.take(from: &state) { return piece }
      // Checked under the lock that the cancellation takes: one of the two sees the other.
      if Task.isCancelled { return .success(nil) }
      state.waiter = waiter
      return nil
    }
    if let piece { waiter.resume(returning: piece) }
  }

  private static func take(from state: inout State) -> Piece? {
    guard state.bytes.isEmpty else {
      defer { state.bytes = [] }
      return .success(state.bytes)
    }
    defer { if state.end != nil { state.end = .success(nil) } }
    return state.end
  }
}
