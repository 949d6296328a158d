public import SharedMemory
public import Synchronization

// Buffers on their way back.
extension VringDevice {
  /// Puts a chain into the used ring; the driver sees it after ``publish()``.
  ///
  /// `byteCount` is the number of bytes we wrote to it.
  ///
  /// - Precondition: we hold the chain of `head`.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  public mutating func complete(_ head: UInt16, byteCount: UInt32) {
    precondition(head <= fields.mask && isInFlight[head], "chain is not held")
    isInFlight[head] = false
    let entry = UsedEntry(id: UInt32(head), byteCount: byteCount)
    let old = usedShadow[nextUsed]
    // Only what differs is written: the driver's cache keeps the line.
    if old != entry {
      let offset = fields.usedRing &+ 8 &* Int(nextUsed & fields.mask)
      // SAFETY: an entry of the ring; `init` has checked that the ring fits.
      if old.id != entry.id { unsafe memory.store(entry.id, uncheckedAt: offset) }
      if old.byteCount != entry.byteCount {
        unsafe memory.store(entry.byteCount, uncheckedAt: offset &+ 4)
      }
      usedShadow[nextUsed] = entry
    }
    nextUsed &+= 1
  }

  /// Shows the driver all chains completed since the last call; `true`: it wants to be kicked.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  public mutating func publish() -> Bool {
    guard published != nextUsed, broken == nil else { return false }
    let old = published
    published = nextUsed
    // ORDERING: buffers and used entries are visible before the index that covers them.
    // SAFETY: fields of the ring; `init` has checked that it fits.
    unsafe memory.storeReleasing(published, uncheckedAt: fields.usedIndex)
    // ORDERING: the index is visible before the flag or the event index is read. A driver that
    // turns notifications on and then reads the index either sees ours, or we see its wish.
    // [VIRTIO-1.2] §2.7.7.2.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard VringSupport.hasEventIndex, usesEventIndex else {
      return unsafe memory.loadUInt16(uncheckedAt: fields.availableFlags)
        & VringFields.noInterrupt == 0
    }
    let event = unsafe memory.loadUInt16(uncheckedAt: fields.usedEvent)
    return VringFields.hasPassed(event: event, from: old, to: published)
  }

  /// Chains completed that ``publish()`` has not shown yet.
  @inlinable
  public var unpublishedCount: Int { Int(nextUsed &- published) }

  /// Turns the driver's notifications of available buffers on or off.
  ///
  /// Returns whether buffers wait already: after turning on, look once more before sleeping.
  @inlinable
  public mutating func setNotifications(_ enabled: Bool) throws(VringError) -> Bool {
    if let broken { throw .broken(broken) }
    let flags = enabled ? 0 : VringFields.noNotify
    if VringSupport.hasEventIndex, usesEventIndex {
      usedFlags = flags
      // An index that is behind is passed again after 65,535 buffers: as good as never.
      askFor(enabled ? consumed : consumed &- 1)
    } else if flags != usedFlags {
      usedFlags = flags
      memory.store(flags, at: fields.usedFlags)
    }
    // ORDERING: the wish is visible before the index is read; the other half of `publish`.
    if enabled {
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      if consumed == availableSeen { try readAvailableIndex() }
    }
    return consumed != availableSeen
  }

  /// Asks the driver to say when it makes the next buffer available, and looks whether it has
  /// already.
  @inlinable
  mutating func askForNext() throws(VringError) {
    // Who has asked already has looked since.
    guard askedFor != consumed else { return }
    askFor(consumed)
    // ORDERING: the index we wait for is visible before the available index is read. A driver that
    // publishes and then reads our index either sees it, or we see what it published.
    // [VIRTIO-1.2] §2.7.10.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    try readAvailableIndex()
  }

  /// Writes the index whose passing we want to hear of, unless it is there already.
  @inlinable
  mutating func askFor(_ index: UInt16) {
    guard askedFor != index else { return }
    askedFor = index
    memory.store(index, at: fields.availableEvent)
  }
}
