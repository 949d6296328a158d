import CLinux
public import Synchronization

/// A value and the lock that guards it.
///
/// It stands where the standard library's `Mutex` would: the thread sanitizer sees each hand-over,
/// which it does not with a lock that the kernel passes on, and unlocking is a full fence on x86,
/// which the rings make use of. See `Documentation/Decisions/0003-own-lock.md`.
///
/// Do not guard a bare closure: it gains a thunk each time the value is reached, and calls get ever
/// deeper. Put it into a structure.
///
/// Any thread may call. A thread that calls ``withLock(_:)`` inside ``withLock(_:)`` of the same
/// value waits for itself for ever.
@safe
public struct Guarded<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the value is reached only while the lock is held.
  @usableFromInline enum State {
    @usableFromInline static var free: UInt32 { 0 }
    @usableFromInline static var held: UInt32 { 1 }
    @usableFromInline static var heldWithWaiters: UInt32 { 2 }
  }

  @usableFromInline let word: FutexWord
  @usableFromInline let value: UnsafeMutablePointer<Value>

  /// Guards `initial`.
  public init(_ initial: consuming sending Value) {
    word = FutexWord(0)
    unsafe value = .allocate(capacity: 1)
    unsafe value.initialize(to: initial)
  }

  deinit {
    unsafe value.deinitialize(count: 1)
    unsafe value.deallocate()
  }

  /// Calls `body` with the value while no other thread can reach it.
  @inlinable
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    // SAFETY: initialised in `init`, and exclusive while the lock is held.
    return try unsafe body(&value.pointee)
  }

  @inlinable
  borrowing func lock() {
    // ORDERING: acquires what the last holder released in `unlock`.
    let (taken, _) = word.value.compareExchange(
      expected: State.free, desired: State.held, ordering: .acquiring)
    if !taken { lockSlowly() }
  }

  @usableFromInline
  borrowing func lockSlowly() {
    for _ in 0..<64 {
      rproc_pause()
      guard word.value.load(ordering: .relaxed) == State.free else { continue }
      let (taken, _) = word.value.compareExchange(
        expected: State.free, desired: State.held, ordering: .acquiring)
      if taken { return }
    }
    while word.value.exchange(State.heldWithWaiters, ordering: .acquiring) != State.free {
      word.wait(while: State.heldWithWaiters)
    }
  }

  @inlinable
  borrowing func unlock() {
    // ORDERING: releases what we wrote to the next holder.
    if word.value.exchange(State.free, ordering: .acquiringAndReleasing) == State.heldWithWaiters {
      word.wake(1)
    }
  }
}
