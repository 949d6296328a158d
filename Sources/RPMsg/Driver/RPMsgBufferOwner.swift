public import SharedMemory
public import Synchronization

/// The buffers of one direction, and which of them somebody has let go of.
///
/// A reservation or a held message that is dropped, on any thread, leaves its number here; the
/// owner of the ring collects it. Thus no buffer is lost, and none comes back twice.
@usableFromInline
final class RPMsgBufferOwner<Memory: ForeignMemory>: Sendable {
  @usableFromInline let block: RPMsgBufferBlock<Memory>
  /// Whether some bit of ``words`` may be set.
  @usableFromInline let hasDropped = Atomic<Bool>(false)
  private let words: DroppedBits

  /// Whether somebody may have dropped a buffer.
  @inlinable
  var mayHaveDropped: Bool { hasDropped.load(ordering: .relaxed) }

  init(_ block: RPMsgBufferBlock<Memory>) {
    self.block = block
    words = DroppedBits(count: block.count)
  }

  /// Says that nobody needs buffer `head` any more; any thread may.
  @usableFromInline
  func drop(_ head: UInt16) {
    words.insert(head)
    // ORDERING: the bit is set before the owner of the ring sees that there is one.
    hasDropped.store(true, ordering: .releasing)
  }

  /// Takes out every buffer that was dropped; for the owner of the ring.
  @usableFromInline
  func collect(_ body: (UInt16) -> Void) {
    // ORDERING: cleared before the bits are taken, so a bit set later is announced again; what
    // droppers did to their buffers is visible from here on.
    guard hasDropped.exchange(false, ordering: .acquiringAndReleasing) else { return }
    words.removeAll(body)
  }
}

/// A set of small numbers that any thread adds to and one empties.
@safe
private struct DroppedBits: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the words are atomic, and the allocation has this one owner.
  private let base: UnsafeMutablePointer<Atomic<UInt32>>
  private let count: Int

  init(count: Int) {
    self.count = (count + 31) / 32
    unsafe base = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: self.count)
    for index in 0..<self.count { unsafe (base + index).initialize(to: Atomic(0)) }
  }

  deinit {
    // SAFETY: `base` holds `count` words from `init` to here.
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  func insert(_ number: UInt16) {
    let index = Int(number >> 5)
    precondition(index < count, "a buffer of the block")
    // ORDERING: what was done to the buffer is visible to who takes the bit.
    // SAFETY: inside the allocation by the check above.
    unsafe base[index].bitwiseOr(1 << UInt32(number & 31), ordering: .releasing)
  }

  func removeAll(_ body: (UInt16) -> Void) {
    for index in 0..<count where unsafe base[index].load(ordering: .relaxed) != 0 {
      // ORDERING: pairs with `insert`.
      var bits = unsafe base[index].exchange(0, ordering: .acquiring)
      while bits != 0 {
        body(UInt16(truncatingIfNeeded: 32 &* index &+ bits.trailingZeroBitCount))
        bits &= bits &- 1
      }
    }
  }
}
