import Foundation
import Synchronization

/// Whether the user asked this process to stop, by Ctrl-C or a polite kill.
enum Interrupts {
  private static let count = Atomic<Int>(0)

  /// How often the user asked so far.
  static var seen: Int { count.load(ordering: .relaxed) }

  /// Counts SIGINT, SIGTERM and SIGHUP from now on; the second of a kind ends the process as usual, in
  /// case that a clean stop takes too long.
  static func install() {
    // The first use makes the counter, which a signal handler must not do.
    _ = seen
    var numbers = sigset_t()
    unsafe sigemptyset(&numbers)
    for number in [SIGINT, SIGTERM, SIGHUP] where !(number == SIGHUP && isIgnored(number)) {
      var action = sigaction()
      // SAFETY: the handler only counts; a lock-free atomic may be used in a signal handler.
      unsafe action.__sigaction_handler.sa_handler = { _ in
        Interrupts.count.wrappingAdd(1, ordering: .relaxed)
      }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      unsafe sigaction(number, &action, nil)
      unsafe sigaddset(&numbers, number)
    }
    // Who started us may have blocked them: threads of some run-time libraries do.
    unsafe pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }

  // `nohup` has the end of the terminal ignored.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    let handler = unsafe action.__sigaction_handler.sa_handler
    return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
