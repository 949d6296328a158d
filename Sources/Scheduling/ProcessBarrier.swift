import CLinux
import Glibc
import Synchronization

/// Whether the kernel can order the memory of all threads of this process for one of them.
///
/// A process must ask for that once, and one that has several threads waits up to a tenth of a second
/// for the answer. Nobody who starts a processor shall wait so long, so a thread of its own asks.
enum ProcessBarrier {
  private enum State {
    static let unknown: UInt8 = 0
    static let asked: UInt8 = 1
    static let ready: UInt8 = 2
  }

  private static let state = Atomic<UInt8>(State.unknown)

  /// Whether it can be used from now on; the first call asks for it, and says no.
  static var isReady: Bool {
    let seen = state.load(ordering: .acquiring)
    if seen == State.unknown { ask() }
    return seen == State.ready
  }

  private static func prepare() {
    guard rproc_prepare_barrier() == 0 else { return }
    // ORDERING: who sees the state may rely on the kernel's answer.
    state.store(State.ready, ordering: .releasing)
  }

  private static func ask() {
    let (isFirst, _) = state.compareExchange(
      expected: State.unknown, desired: State.asked, ordering: .relaxed)
    guard isFirst else { return }
    var thread = pthread_t()
    // SAFETY: the thread gets no argument and touches nothing but the state.
    let result = unsafe pthread_create(
      &thread, nil,
      { _ in
        ProcessBarrier.prepare()
        return nil
      }, nil)
    // Without a thread it stays as it is: who enters a gate orders its memory itself.
    if result == 0 { pthread_detach(thread) }
  }
}
