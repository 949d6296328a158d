import CLinux
public import Synchronization

/// A number that threads wait on: the one place where the package sleeps.
///
/// A waiter names the value it has seen, so a change between look and sleep is never missed.
public struct FutexWord: ~Copyable, Sendable {
  /// The number; change it, then call ``wake(_:)``.
  public let value: Atomic<UInt32>

  /// Starts with `value`.
  public init(_ value: UInt32 = 0) { self.value = Atomic(value) }

  /// Sleeps until somebody wakes this word, unless it no longer holds `seen`.
  ///
  /// Returns also without a reason, so ask again. Without `deadline` it may sleep for ever.
  public borrowing func wait(while seen: UInt32, until deadline: MonotonicTime? = nil) {
    var left = UInt64.max
    if let deadline {
      let now = MonotonicTime.now
      guard now < deadline else { return }
      left = deadline.nanoseconds - now.nanoseconds
    }
    _ = unsafe withWord { word in unsafe rproc_futex_wait(word, seen, left) }
  }

  /// Wakes at most `count` threads that sleep on this word.
  public borrowing func wake(_ count: Int32 = .max) {
    _ = unsafe withWord { unsafe rproc_futex_wake($0, count) }
  }

  private borrowing func withWord<Result>(_ body: (UnsafeRawPointer) -> Result) -> Result {
    // SAFETY: the atomic has a stable address while it is borrowed (it is stored in a class), and
    // the kernel only compares the word.
    unsafe withUnsafePointer(to: value) { unsafe body(UnsafeRawPointer($0)) }
  }
}
