import Scheduling
import SharedMemory

/// A doorbell of two words in the shared file, for two processes of this package.
///
/// | Offset | Bytes | Field                                         | Written by |
/// |-------:|------:|-----------------------------------------------|------------|
/// |      0 |     4 | `0x42445052`: the remote has such a doorbell   | remote     |
/// |      4 |     4 | 1: the host uses it                           | host       |
/// |      8 |     4 | the remote's process, in case the mark is stale | remote   |
/// |     64 |     4 | kicks of the host, a counter                  | remote     |
/// |     68 |     4 | how many threads of the host sleep on it       | host       |
/// |    128 |     4 | kicks of the remote, a counter                | host       |
/// |    132 |     4 | how many threads of the remote sleep on it     | remote     |
///
/// The remote writes its mark before it listens, and the host its own before it sets a status, so
/// that both know by which doorbell kicks come once the driver is ready. A peer of another kind
/// leaves the marks alone. Source: practice (this package; nobody else has it).
struct SharedDoorbell: Sendable {
  private static var byteCount: Int { 192 }
  private static var mark: UInt32 { 0x4244_5052 }

  /// Who looks at the doorbell.
  enum Side {
    case host, remote

    fileprivate var word: Int { self == .host ? 64 : 128 }
    fileprivate var other: Int { self == .host ? 128 : 64 }
  }

  private let window: SharedWindow
  private let side: Side

  /// The doorbell in `file`, seen from `side`.
  init(of file: SharedFile, _ side: Side) {
    let window = file.region.window.window(
      at: UInt64(ProcessLink.doorbellOffset), byteCount: UInt64(Self.byteCount))
    guard let window else {
      preconditionFailure("the file has room for it: checked when it was opened")
    }
    self.window = window
    self.side = side
  }

  /// The remote, which is `process`: says that it has such a doorbell, or with `nil` none.
  func offer(_ process: Int32?) {
    for offset in [64, 68, 128, 132] { window.store(UInt32(0), at: offset) }
    window.store(UInt32(0), at: 4)
    window.store(UInt32(bitPattern: process ?? 0), at: 8)
    window.storeReleasing(process == nil ? 0 : Self.mark, at: 0)
  }

  /// The host: uses it if the remote, which is `process`, has one; whether it does.
  func accept(from process: Int32) -> Bool {
    guard process > 0, window.loadAcquiringUInt32(at: 0) == Self.mark,
      window.loadUInt32(at: 8) == UInt32(bitPattern: process)
    else { return false }
    window.storeReleasing(UInt32(1), at: 4)
    return true
  }

  /// The remote: whether the host uses it.
  var isAccepted: Bool {
    window.loadAcquiringUInt32(at: 0) == Self.mark && window.loadAcquiringUInt32(at: 4) == 1
  }

  /// Tells the other side to look at its rings; a system call only if somebody sleeps there.
  func kick() {
    // ORDERING: a sleeper counts itself before the kernel compares the word, and we change the word
    // before we read the count: one of the two sees the other.
    window.add(1, at: side.other)
    if window.loadInOrder(at: side.other + 4) != 0 { window.wake(at: side.other) }
  }

  /// What the own word holds now; read it before the rings, and sleep while it is the same.
  var seen: UInt32 { window.loadInOrder(at: side.word) }

  /// Sleeps until the other side kicks, unless it has since `seen`; at most `time`.
  func sleep(while seen: UInt32, for time: Duration) {
    window.add(1, at: side.word + 4)
    let left = MonotonicTime(nanoseconds: 0).advanced(by: time).nanoseconds
    window.sleep(while: seen, at: side.word, nanoseconds: left)
    window.add(.max, at: side.word + 4)
  }

  /// Wakes who sleeps on the own word.
  func wakeSelf() {
    window.add(1, at: side.word)
    window.wake(at: side.word)
  }
}
