#if !hasFeature(Embedded) && os(Linux)
import CLinux
import Synchronization

// Words that several processes change at once and sleep on. Offsets are bytes, multiples of 4.
extension SharedWindow {
  /// Adds `value` to the word at `offset`, with wrap; everything before it is visible to who sees
  /// the sum, and it comes before everything after it.
  package func add(_ value: UInt32, at offset: Int) {
    // ORDERING: sequentially consistent, as one side adds to a word and then reads another that
    // the other side adds to before it reads the first.
    _ = unsafe cell(UInt32.self, at: offset).pointee.wrappingAdd(
      value, ordering: .sequentiallyConsistent)
  }

  /// Reads the word at `offset`, after everything that came before.
  package func loadInOrder(at offset: Int) -> UInt32 {
    // ORDERING: see `add`.
    unsafe cell(UInt32.self, at: offset).pointee.load(ordering: .sequentiallyConsistent)
  }

  /// Sleeps until a process wakes the word at `offset`, unless it no longer holds `seen`.
  ///
  /// At most for `nanoseconds`; returns also without a reason.
  package func sleep(while seen: UInt32, at offset: Int, nanoseconds: UInt64) {
    let word = unsafe UnsafeRawPointer(cell(UInt32.self, at: offset))
    // SAFETY: inside the window, which its owner keeps mapped; the kernel only compares the word.
    _ = unsafe rproc_futex_wait_shared(word, seen, nanoseconds)
    withExtendedLifetime(self) {}
  }

  /// Wakes all who sleep on the word at `offset`, in any process.
  package func wake(at offset: Int) {
    let word = unsafe UnsafeRawPointer(cell(UInt32.self, at: offset))
    // SAFETY: as above.
    _ = unsafe rproc_futex_wake_shared(word, .max)
    withExtendedLifetime(self) {}
  }
}
#endif
