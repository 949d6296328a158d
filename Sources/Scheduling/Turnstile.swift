public import Synchronization

/// A value that one thread at a time works on, for as long as it likes; others leave a note.
///
/// Unlike a lock nobody ever waits: who finds it taken writes down what is wanted, and the thread
/// inside sees the note before it goes. Entering and leaving are a full fence each on x86.
@safe
public struct Turnstile<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the value is reached only by the one thread inside.
  @usableFromInline static var taken: UInt32 { 1 << 31 }

  @usableFromInline let word = Atomic<UInt32>(0)
  @usableFromInline let value: UnsafeMutablePointer<Value>

  /// Lets one at a time to `initial`.
  public init(_ initial: consuming sending Value) {
    unsafe value = .allocate(capacity: 1)
    unsafe value.initialize(to: initial)
  }

  deinit {
    unsafe value.deinitialize(count: 1)
    unsafe value.deallocate()
  }

  /// Enters, or leaves `note` for the thread that is inside; whether we are in.
  ///
  /// - Precondition: `note` has bits of 0..<31 only, and at least one.
  @inlinable
  public borrowing func enter(orLeave note: UInt32) -> Bool {
    // ORDERING: acquires what the last one inside released in `leave`.
    let (entered, _) = word.compareExchange(
      expected: 0, desired: Self.taken, ordering: .acquiring)
    return entered || enterSlowly(note)
  }

  @usableFromInline
  borrowing func enterSlowly(_ note: UInt32) -> Bool {
    precondition(note != 0 && note & Self.taken == 0, "a note has bits of 0..<31")
    let old = word.bitwiseOr(note | Self.taken, ordering: .acquiringAndReleasing).oldValue
    guard old & Self.taken == 0 else { return false }
    // Nobody was inside after all, so nobody is left to read the note.
    word.bitwiseAnd(~note, ordering: .relaxed)
    return true
  }

  /// Leaves; or stays inside and returns the notes that were left since, which are gone then.
  @inlinable
  public borrowing func leave() -> UInt32 {
    // ORDERING: releases what we did to the next one inside.
    let (left, _) = word.compareExchange(
      expected: Self.taken, desired: 0, successOrdering: .acquiringAndReleasing,
      failureOrdering: .acquiring)
    if left { return 0 }
    return word.exchange(Self.taken, ordering: .acquiringAndReleasing) & ~Self.taken
  }

  /// Leaves `note` for the thread inside, if there is one, which reads it before it goes.
  ///
  /// When it returns `false` nobody is inside, and whoever enters later sees all that was done
  /// before this call.
  public borrowing func leaveNote(_ note: UInt32) -> Bool {
    while true {
      let seen = word.load(ordering: .relaxed)
      let isTaken = seen & Self.taken != 0
      // ORDERING: also without a note: who enters next acquires what we did.
      let (done, _) = word.compareExchange(
        expected: seen, desired: isTaken ? seen | note : seen, ordering: .acquiringAndReleasing)
      if done { return isTaken }
    }
  }

  /// Calls `body` with the value.
  ///
  /// - Precondition: the calling thread is inside, and `body` does not get here again.
  @inlinable
  public borrowing func withValue<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: initialised in `init`, and the caller is the only one inside.
    try unsafe body(&value.pointee)
  }
}
