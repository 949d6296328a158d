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
  public mutating func complete(_ head: UInt16, byteCount: UInt32) {
    precondition(isInFlight[Int(head)], "chain is not held")
    isInFlight[Int(head)] = false
    let slot = Int(nextUsed & fields.mask)
    let entry = UsedEntry(id: UInt32(head), byteCount: byteCount)
    let old = usedShadow[slot]
    // Only what differs is written: the driver's cache keeps the line.
    if old != entry {
      let offset = fields.usedRing &+ 8 &* slot
      if old.id != entry.id { memory.store(entry.id, at: offset) }
      if old.byteCount != entry.byteCount { memory.store(entry.byteCount, at: offset &+ 4) }
      usedShadow[slot] = entry
    }
    nextUsed &+= 1
  }

  /// Shows the driver all chains completed since the last call; `true`: it wants to be kicked.
  @inlinable
  public mutating func publish() -> Bool {
    guard published != nextUsed, broken == nil else { return false }
    let old = published
    published = nextUsed
    // ORDERING: buffers and used entries are visible before the index that covers them.
    memory.storeReleasing(published, at: fields.usedIndex)
    // ORDERING: the index is visible before the flag or the event index is read. A driver that
    // turns notifications on and then reads the index either sees ours, or we see its wish.
    // [VIRTIO-1.2] §2.7.7.2.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard VringSupport.hasEventIndex, usesEventIndex else {
      return memory.loadUInt16(at: fields.availableFlags) & VringFields.noInterrupt == 0
    }
    let event = memory.loadUInt16(at: fields.usedEvent)
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
