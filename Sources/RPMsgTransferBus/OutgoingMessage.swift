import Scheduling
import Synchronization

/// A message that waits to be sent, or is being sent.
struct OutgoingMessage: Sendable {
  let id: UInt64
  let bytes: [UInt8]
  let start: MonotonicTime
  let deadline: MonotonicTime
  let waiter: SendWaiter
  var isStarted = false
}

/// Who waits for the end of a message that goes out.
enum SendWaiter: Sendable {
  case task(CheckedContinuation<LargeMessageError?, Never>)
  case thread(SendParker)

  /// Says that the message was delivered, or why not.
  func finish(_ failure: LargeMessageError?) {
    switch self {
    case .task(let continuation): continuation.resume(returning: failure)
    case .thread(let parker): parker.finish(failure)
    }
  }
}

/// Where a thread waits for the end of its message.
final class SendParker: Sendable {
  private let failure = Guarded<LargeMessageError?>(nil)
  private let word = FutexWord()

  func finish(_ failure: LargeMessageError?) {
    self.failure.withLock { $0 = failure }
    // ORDERING: releases the result to the thread that waits.
    word.value.store(1, ordering: .releasing)
    word.wake()
  }

  /// Blocks until the end, which the deadline of the message brings at the latest.
  func wait() -> LargeMessageError? {
    // ORDERING: acquires the result.
    while word.value.load(ordering: .acquiring) == 0 { word.wait(while: 0) }
    return failure.withLock { $0 }
  }
}
