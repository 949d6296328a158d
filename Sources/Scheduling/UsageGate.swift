import CLinux
public import Synchronization

/// Lets threads use something until it is closed, each pass for the price of two plain stores.
///
/// Who wants to use it enters by a slot that is its own for that time, and leaves soon after
/// without waiting for anything. Closing lets nobody in any more and waits for those inside.
/// What makes entering cheap is that the closing thread orders the memory of all others:
/// `Documentation/Decisions/0013-usage-gate.md`.
public final class UsageGate: Sendable {
  @safe
  @usableFromInline
  struct Slots: ~Copyable, @unchecked Sendable {
    // SAFETY (unchecked Sendable): the pointer is immutable and what it points to are atomics.
    @usableFromInline let base: UnsafeMutablePointer<Atomic<UInt8>>
    @usableFromInline let count: Int

    init(_ count: Int) {
      self.count = count
      unsafe base = .allocate(capacity: count)
      for index in 0..<count { unsafe (base + index).initialize(to: Atomic(0)) }
    }

    deinit {
      unsafe base.deinitialize(count: count)
      unsafe base.deallocate()
    }

    @inlinable
    func store(_ value: UInt8, at index: Int) {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such slot")
      // ORDERING: what was done inside is visible to who sees that we have left.
      // SAFETY: inside the allocation by the check above.
      unsafe base[index].store(value, ordering: .releasing)
    }

    @inlinable
    func load(_ index: Int) -> UInt8 {
      // ORDERING: pairs with the store of who leaves.
      // SAFETY: called for the indices of the allocation.
      unsafe base[index].load(ordering: .acquiring)
    }
  }

  @usableFromInline let closed = Atomic<Bool>(false)
  /// Whether those who enter order their memory themselves, as who closes cannot do it for them.
  @usableFromInline let needsFence: Bool
  @usableFromInline let slots: Slots

  /// Makes an open gate with `slotCount` slots.
  ///
  /// - Precondition: `slotCount >= 1`.
  public init(slotCount: Int) {
    precondition(slotCount >= 1, "a gate without slots")
    needsFence = !ProcessBarrier.isReady
    slots = Slots(slotCount)
  }

  /// Whether it was closed.
  public var isClosed: Bool { closed.load(ordering: .acquiring) }

  /// Enters by `slot`; `false` when the gate is closed, and then there is nothing to leave.
  ///
  /// - Precondition: nobody is inside by this slot.
  @inlinable
  public func enter(_ slot: Int) -> Bool {
    slots.store(1, at: slot)
    // ORDERING: either we see that the gate is closed, or who closes it sees us inside. The
    // barrier that puts the store before the load on this processor is the closing thread's.
    if needsFence { atomicMemoryFence(ordering: .sequentiallyConsistent) }
    if !closed.load(ordering: .acquiring) { return true }
    slots.store(0, at: slot)
    return false
  }

  /// Leaves by `slot`.
  @inlinable
  public func leave(_ slot: Int) { slots.store(0, at: slot) }

  /// Lets nobody in from now on, and returns when all are out.
  ///
  /// - Precondition: the calling thread is not inside.
  public func close() {
    closed.store(true, ordering: .sequentiallyConsistent)
    if !needsFence { _ = rproc_barrier_everywhere() }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    for slot in 0..<slots.count {
      while slots.load(slot) != 0 { rproc_pause() }
    }
  }
}
