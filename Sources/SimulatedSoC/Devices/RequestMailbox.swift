import Scheduling
import Synchronization

/// The one request of the host that waits for the firmware's answer, behind `REQUEST` and
/// `ACKNOWLEDGE`.
///
/// One host thread asks at a time; the core answers, and whoever stops the core gives up for it.
struct RequestMailbox: ~Copyable, Sendable {
  /// What the word holds: the request in bits 0 and 1, what became of it in bits 2 and 3.
  private enum Word {
    static let requestMask: UInt32 = 0b11
    static let acknowledged: UInt32 = 1 << 2
    static let refused: UInt32 = 2 << 2
    static let stopped: UInt32 = 3 << 2
  }

  /// The bit of `ACKNOWLEDGE` that refuses the request in the other bits.
  static let refusalBit: UInt32 = 1 << 31

  private let word = FutexWord()
  private let isTaken = Atomic<Bool>(false)

  /// What `REQUEST` holds: the request, or 0 when there is none.
  var pending: UInt32 {
    word.value.load(ordering: .sequentiallyConsistent) & Word.requestMask
  }

  /// Takes the mailbox for one request; false when somebody else has it.
  func take() -> Bool { !isTaken.exchange(true, ordering: .acquiring) }

  /// Gives the mailbox back, with no request in it.
  func giveBack() {
    word.value.store(0, ordering: .sequentiallyConsistent)
    isTaken.store(false, ordering: .releasing)
  }

  /// Shows `request` to the firmware.
  func post(_ request: HostRequest) {
    // ORDERING: what the host wrote before it asked is visible to a core that sees the request.
    word.value.store(request.rawValue, ordering: .sequentiallyConsistent)
  }

  /// The firmware's store to `ACKNOWLEDGE`; one that names no pending request does nothing.
  func answer(_ value: UInt32) {
    let named = value & ~Self.refusalBit
    // A larger number could be the answer to an earlier request.
    guard named <= Word.requestMask else { return }
    settle(
      expected: named,
      as: value & Self.refusalBit == 0 ? Word.acknowledged : Word.refused)
  }

  /// No answer will come any more.
  func giveUp() { settle(expected: pending, as: Word.stopped) }

  private func settle(expected: UInt32, as answer: UInt32) {
    guard expected != 0 else { return }
    // ORDERING: releases what the firmware wrote before its answer to the host that waits for it.
    let (done, _) = word.value.compareExchange(
      expected: expected, desired: answer, ordering: .sequentiallyConsistent)
    if done { word.wake() }
  }

  /// What has become of the request; `nil` while it is pending.
  var outcome: HostRequestAnswer? {
    switch word.value.load(ordering: .sequentiallyConsistent) {
    case Word.acknowledged: .acknowledged
    case Word.refused: .refused
    case Word.stopped: .stopped
    default: nil
    }
  }

  /// Waits for an answer, and takes the request back when none comes until `deadline`.
  func wait(until deadline: MonotonicTime) -> HostRequestAnswer {
    while true {
      let seen = word.value.load(ordering: .sequentiallyConsistent)
      if let outcome { return outcome }
      guard MonotonicTime.now < deadline else { break }
      word.wait(while: seen, until: deadline)
    }
    // An answer that comes at this very moment still counts.
    _ = word.value.compareExchange(
      expected: pending, desired: 0, ordering: .sequentiallyConsistent)
    return outcome ?? .timedOut
  }
}
