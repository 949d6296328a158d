public import SharedMemory

#if !arch(x86_64)
public import Synchronization
#endif

/// What one publishing has shown to the other side.
@frozen
public struct VringPublication: Equatable, Sendable {
  /// The index before.
  @usableFromInline let old: UInt16
  /// The index after.
  @usableFromInline let new: UInt16

  @inlinable
  init(old: UInt16, new: UInt16) {
    self.old = old
    self.new = new
  }

  /// Whether nothing was shown.
  @inlinable
  public var isEmpty: Bool { old == new }
}

/// Where the other side says whether it wants to be kicked: read, and never written by us.
///
/// It is a value of its own so that a lock can be given back between publishing and asking: the
/// unlocking is a fence on some processors, and is then the one that the question needs.
@frozen
public struct VringKickWish<Memory: ForeignMemory>: Sendable {
  @usableFromInline let memory: Memory
  @usableFromInline let flagsOffset: Int
  /// Where the event index lies, or 0 when there is none: never the first of a ring.
  @usableFromInline let eventOffset: Int

  @inlinable
  init(memory: Memory, flagsOffset: Int, eventOffset: Int) {
    self.memory = memory
    self.flagsOffset = flagsOffset
    self.eventOffset = eventOffset
  }

  /// Whether the other side wants to be kicked for `publication`.
  ///
  /// - Precondition: a full fence lies between publishing and this call, which
  ///   ``fenceUnlessUnlocked()`` adds where giving back a lock is none.
  @inlinable
  public func isWanted(for publication: VringPublication) -> Bool {
    if publication.isEmpty { return false }
    guard eventOffset != 0 else {
      return memory.loadUInt16(at: flagsOffset) & VringFields.noNotify == 0
    }
    let event = memory.loadUInt16(at: eventOffset)
    return VringFields.hasPassed(event: event, from: publication.old, to: publication.new)
  }

  /// The fence between publishing and asking, where an atomic exchange after the publishing is
  /// not one already.
  @inlinable
  public static func fenceUnlessUnlocked() {
    #if !arch(x86_64)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    #endif
  }
}

extension VringDriver {
  /// Where the device says whether it wants to be kicked.
  public var kickWish: VringKickWish<Memory> {
    VringKickWish(
      memory: memory, flagsOffset: fields.usedFlags,
      eventOffset: usesEventIndex ? fields.availableEvent : 0)
  }

  /// Shows the device all buffers added since the last call; ask ``kickWish`` after a fence.
  @inlinable
  public mutating func publishUnfenced() -> VringPublication {
    let old = published
    guard old != nextAvailable, broken == nil else { return VringPublication(old: old, new: old) }
    published = nextAvailable
    // ORDERING: descriptors and ring entries are visible before the index that covers them.
    // SAFETY: a field of the ring; `init` has checked that it fits.
    unsafe memory.storeReleasing(published, uncheckedAt: fields.availableIndex)
    return VringPublication(old: old, new: published)
  }
}

extension VringDevice {
  /// Where the driver says whether it wants to be kicked.
  public var kickWish: VringKickWish<Memory> {
    VringKickWish(
      memory: memory, flagsOffset: fields.availableFlags,
      eventOffset: usesEventIndex ? fields.usedEvent : 0)
  }

  /// Shows the driver all chains completed since the last call; ask ``kickWish`` after a fence.
  @inlinable
  public mutating func publishUnfenced() -> VringPublication {
    let old = published
    guard broken == nil, old != nextUsed else { return VringPublication(old: old, new: old) }
    published = nextUsed
    // ORDERING: buffers and used entries are visible before the index that covers them.
    memory.storeReleasing(published, at: fields.usedIndex)
    return VringPublication(old: old, new: published)
  }
}
