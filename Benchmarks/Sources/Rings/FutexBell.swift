import CBench
import SharedMemory
import Synchronization
import Vring
import WireTypes

/// A doorbell for another process: a word in shared memory that counts kicks, and a system call
/// that wakes whoever sleeps on it.
struct FutexBell: Doorbell, @unchecked Sendable {
  /// Where the words lie in the memory of a ``SharedLink``.
  static let driverOffset = 0x1000, deviceOffset = 0x1080

  private let word: UnsafeMutablePointer<Atomic<UInt32>>

  /// The word at `offset` of `link`, which must stay alive.
  init(_ link: SharedLink, at offset: Int) {
    word = link.region.window.withUnsafeBase { base in
      (base + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }
  }

  func kick(_ id: NotifyID) { ring() }

  func ring() {
    word.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
    bench_futex_wake(word)
  }

  /// What the word says; read it before looking whether there is something to do.
  var seen: UInt32 { word.pointee.load(ordering: .sequentiallyConsistent) }

  /// Sleeps until somebody has rung since `seen` was read.
  func wait(_ seen: UInt32) { bench_futex_wait(word, seen) }
}
