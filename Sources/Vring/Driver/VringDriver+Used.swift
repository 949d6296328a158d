public import SharedMemory
public import Synchronization

/// A buffer that came back from the device.
@frozen
public struct UsedBuffer: Equatable, Sendable {
  /// Its descriptor, now reserved for us; of a chain the first, and the others are free.
  public let head: UInt16
  /// Bytes the device wrote; at most the buffer's, and 0 for a buffer that it only reads.
  public let byteCount: UInt32

  @inlinable
  init(head: UInt16, byteCount: UInt32) {
    self.head = head
    self.byteCount = byteCount
  }
}

// Buffers on their way back.
extension VringDriver {
  /// Takes the next buffer that the device has used, or `nil` when there is none.
  ///
  /// The descriptor is reserved then: add it again, or release it.
  ///
  /// - Throws: ``VringError/broken(_:)`` when the device broke the protocol, now or earlier.
  @inlinable
  @inline(__always)
  public mutating func popUsed() throws(VringError) -> UsedBuffer? {
    if consumed == usedSeen {
      guard try lookForUsed() else { return nil }
    }
    let offset = fields.usedRing &+ 8 &* Int(consumed & fields.mask)
    // Each field is read once; the values read are checked and used, whatever memory holds later.
    // SAFETY: an entry of the ring; `init` has checked that the ring fits.
    let id = unsafe memory.loadUInt32(uncheckedAt: offset)
    guard id <= UInt32(fields.mask) else {
      throw breakRing(.badID(id, queueSize: layout.queueSize))
    }
    let head = UInt16(truncatingIfNeeded: id)
    let holder = holders[head]
    guard holder.isDevice, published == nextAvailable || isPublished(head, holder) else {
      throw breakRing(holder == .chain ? .notHead(head) : .notOutstanding(head: head))
    }
    // Devices put any length there for buffers that they only read. Source: practice.
    var byteCount: UInt32 = 0
    let descriptor = table[head]
    if descriptor.flags != 0 {
      let isSingle = descriptor.flags == DescriptorFlags.write
      let posted = isSingle ? descriptor.byteCount : endChain(head)
      if posted > 0 {
        byteCount = unsafe memory.loadUInt32(uncheckedAt: offset &+ 4)
        if byteCount > posted { byteCount = try limit(byteCount, to: posted, of: head) }
      }
    }
    holders[head] = .caller
    consumed &+= 1
    return UsedBuffer(head: head, byteCount: byteCount)
  }

  /// Whether the device can have seen the buffer of `head`, which was added.
  @inlinable
  func isPublished(_ head: UInt16, _ holder: DescriptorHolder) -> Bool {
    // A buffer that the device has held for many turns may have a position that is due again; the
    // entry there names another one then.
    holder.position &- published >= nextAvailable &- published
      || availableShadow[holder.position] != head
  }

  /// What a claim of more bytes than the buffer has counts as.
  @usableFromInline
  mutating func limit(
    _ byteCount: UInt32, to posted: UInt32, of head: UInt16
  ) throws(VringError) -> UInt32 {
    guard lengthRule == .clamp else {
      throw breakRing(.badUsedLength(head: head, byteCount: byteCount, posted: posted))
    }
    return posted
  }

  /// Reads the used index, as all that was seen is taken; `false`: nothing new.
  @inlinable
  @inline(__always)
  mutating func lookForUsed() throws(VringError) -> Bool {
    if let broken { throw .broken(broken) }
    try readUsedIndex()
    if consumed == usedSeen, usesEventIndex, availableFlags == 0 { try askForNext() }
    return consumed != usedSeen
  }

  /// Turns the device's notifications of used buffers on or off.
  ///
  /// Returns whether used buffers wait already: after turning on, look once more before sleeping.
  @inlinable
  public mutating func setNotifications(_ enabled: Bool) throws(VringError) -> Bool {
    if let broken { throw .broken(broken) }
    let flags = enabled ? 0 : VringFields.noInterrupt
    if usesEventIndex {
      availableFlags = flags
      // An index that is behind is passed again after 65,535 buffers: as good as never.
      memory.store(enabled ? consumed : consumed &- 1, at: fields.usedEvent)
    } else if flags != availableFlags {
      availableFlags = flags
      memory.store(flags, at: fields.availableFlags)
    }
    // ORDERING: the wish is visible before the index is read; the other half of `publish`.
    if enabled {
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      if consumed == usedSeen { try readUsedIndex() }
    }
    return consumed != usedSeen
  }

  /// Asks the device to say when it uses the next buffer, and looks whether it has already.
  @inlinable
  mutating func askForNext() throws(VringError) {
    memory.store(consumed, at: fields.usedEvent)
    // ORDERING: the index we wait for is visible before the used index is read. A device that
    // publishes and then reads our index either sees it, or we see what it published.
    // [VIRTIO-1.2] §2.7.7.2.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    try readUsedIndex()
  }

  /// Reads the used index, once, and checks it against what was lent.
  @inlinable
  @inline(__always)
  mutating func readUsedIndex() throws(VringError) {
    // SAFETY: a field of the ring; `init` has checked that it fits.
    let index = unsafe memory.loadAcquiringUInt16(uncheckedAt: fields.usedIndex)
    guard index &- consumed <= published &- consumed else {
      throw breakRing(
        .usedIndexJump(index: index, consumed: consumed, lent: published &- consumed))
    }
    usedSeen = index
  }

  /// Latches `reason`; the first one stays.
  @usableFromInline
  mutating func breakRing(_ reason: VringBreakage) -> VringError {
    if broken == nil { broken = reason }
    usedSeen = consumed
    return .broken(broken ?? reason)
  }
}
