import Foundation
import Scheduling
import Synchronization

/// A thread whose end can be waited for.
final class JoinableThread: Sendable {
  private let done = FutexWord()

  func run(_ body: @escaping @Sendable () -> Void) {
    Thread { [self] in
      body()
      done.value.store(1, ordering: .releasing)
      done.wake()
    }.start()
  }

  func join() {
    while done.value.load(ordering: .acquiring) == 0 { done.wait(while: 0) }
  }
}

enum Threads {
  static func start(_ body: @escaping @Sendable () -> Void) -> JoinableThread {
    let thread = JoinableThread()
    thread.run(body)
    return thread
  }
}
