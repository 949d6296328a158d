import Scheduling
import Synchronization

/// Who waits for the answer of a call.
enum CallWaiter<Response: Sendable>: Sendable {
  case task(CheckedContinuation<Result<Response, ServiceCallError>, Never>)
  case thread(CallParker<Response>)

  func finish(_ result: Result<Response, ServiceCallError>) {
    switch self {
    case .task(let continuation): continuation.resume(returning: result)
    case .thread(let parker): parker.finish(result)
    }
  }
}

/// Where a thread waits for the answer of its call; used again for later calls.
final class CallParker<Response: Sendable>: Sendable {
  private let result = Guarded<Result<Response, ServiceCallError>?>(nil)
  private let word = FutexWord()

  func finish(_ answer: Result<Response, ServiceCallError>) {
    result.withLock { $0 = answer }
    word.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    word.wake()
  }

  /// The result, if it comes before `deadline`; it is taken out.
  func wait(until deadline: MonotonicTime?) -> Result<Response, ServiceCallError>? {
    while true {
      // ORDERING: read before the look at the result, so a result after that look changes it.
      let seen = word.value.load(ordering: .sequentiallyConsistent)
      if let answer = result.withLock({ $0.take() }) { return answer }
      if let deadline, deadline <= .now { return nil }
      word.wait(while: seen, until: deadline)
    }
  }
}
