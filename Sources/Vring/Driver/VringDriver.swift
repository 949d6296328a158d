public import SharedMemory
public import Synchronization
public import WireTypes

/// The driver role of one split virtqueue: lends buffers to the device and takes them back.
///
/// Everything the driver decides by is private: for each descriptor its address, byte count and
/// whether it is lent, and the list of free ones. Shared memory is written, and read only where the
/// device writes: the used ring. A device that breaks the protocol there breaks the ring for good;
/// ``broken`` says why.
///
/// One owner, no locks. Heads are descriptor numbers in `0..<queueSize`. Indices wrap at 2^16.
/// Source: [VIRTIO-1.2] §2.7.
public struct VringDriver<Memory: ForeignMemory>: ~Copyable, Sendable {
  /// What to do when the device claims more bytes than a buffer has.
  @frozen
  public enum UsedLengthRule: Equatable, Sendable {
    /// The ring breaks.
    case strict
    /// The length counts as that of the buffer. Source: practice (legacy devices).
    case clamp
  }

  /// Where the parts of the ring lie.
  public let layout: VringLayout
  /// Why the ring no longer works, or `nil` while it does.
  public internal(set) var broken: VringBreakage?

  @usableFromInline let memory: Memory
  @usableFromInline let fields: VringFields
  @usableFromInline let lengthRule: UsedLengthRule
  @usableFromInline let usesEventIndex: Bool
  @usableFromInline let usesIndirectDescriptors: Bool
  /// What the descriptor table holds, as far as we wrote it.
  @usableFromInline var table: PrivateRing<Descriptor>
  /// Bytes that the device may write by way of an indirect table; for no other buffer.
  @usableFromInline var indirectByteCounts: PrivateRing<UInt32>
  @usableFromInline var holders: PrivateRing<DescriptorHolder>
  @usableFromInline var availableShadow: PrivateRing<UInt16>
  /// Free heads in the order they became free: a ring between two counts.
  @usableFromInline var freeHeads: PrivateRing<UInt16>
  @usableFromInline var freeTaken: UInt16 = 0
  @usableFromInline var freeGiven: UInt16
  /// Index after the last entry added to the available ring, published or not.
  @usableFromInline var nextAvailable: UInt16 = 0
  /// The available index the device sees.
  @usableFromInline var published: UInt16 = 0
  /// Index after the last used entry taken.
  @usableFromInline var consumed: UInt16 = 0
  /// The used index as last read, checked against what was lent.
  ///
  /// Equal to ``consumed`` in a broken ring, so that nothing more is taken.
  @usableFromInline var usedSeen: UInt16 = 0
  @usableFromInline var availableFlags: UInt16 = 0

  /// Makes an empty ring in `memory`, whose bytes are set to zero.
  ///
  /// At most `bufferLimit` descriptors are ever handed out, heads `0..<bufferLimit`. With
  /// `usesEventIndex` notifications are asked for by index, and with `usesIndirectDescriptors`
  /// ``addIndirect(_:table:)`` may be called; both sides must have agreed on either.
  ///
  /// - Precondition: `1 <= bufferLimit`.
  /// - Throws: ``VringError/ringMemoryTooSmall(needed:available:)`` or
  ///   ``VringError/misalignedRing(alignment:)``.
  public init(
    memory: Memory, layout: VringLayout, bufferLimit: Int = VringLayout.maximumQueueSize,
    usedLengthRule: UsedLengthRule = .strict, usesEventIndex: Bool = false,
    usesIndirectDescriptors: Bool = false
  ) throws(VringError) {
    precondition(bufferLimit >= 1, "a ring without buffers")
    try layout.check(memory)
    self.memory = memory
    self.layout = layout
    fields = VringFields(layout)
    lengthRule = usedLengthRule
    self.usesEventIndex = usesEventIndex
    self.usesIndirectDescriptors = usesIndirectDescriptors
    let count = layout.queueSize
    table = PrivateRing(repeating: Descriptor(), count: count)
    // Rings without them need none; indices wrap at one.
    indirectByteCounts = PrivateRing(repeating: 0, count: usesIndirectDescriptors ? count : 1)
    holders = PrivateRing(repeating: .free, count: count)
    availableShadow = PrivateRing(repeating: 0, count: count)
    freeHeads = PrivateRing(repeating: 0, count: count)
    let usable = min(bufferLimit, count)
    freeGiven = UInt16(truncatingIfNeeded: usable)
    for head in 0..<freeGiven { freeHeads[head] = head }
    memory.fill(from: 0, count: layout.byteCount, with: 0)
  }

  /// Descriptors that can be reserved now.
  @inlinable
  public var freeCount: Int { Int(freeGiven &- freeTaken) }

  /// Buffers added that ``publish()`` has not shown yet.
  @inlinable
  public var unpublishedCount: Int { Int(nextAvailable &- published) }

  /// Buffers the device holds.
  @inlinable
  public var lentCount: Int { Int(published &- consumed) }
}

// Buffers on their way to the device.
extension VringDriver {
  /// Takes the descriptor that has been free longest, or `nil` when none is free.
  ///
  /// - Throws: ``VringError/broken(_:)``.
  @inlinable
  @inline(__always)
  public mutating func reserve() throws(VringError) -> UInt16? {
    if let broken { throw .broken(broken) }
    guard freeTaken != freeGiven else { return nil }
    let head = freeHeads[freeTaken]
    freeTaken &+= 1
    holders[head] = .caller
    return head
  }

  /// Makes a reserved descriptor free again.
  ///
  /// - Precondition: `head` is reserved.
  @inlinable
  public mutating func release(_ head: UInt16) {
    precondition(head <= fields.mask && holders[head] == .caller, "descriptor is not reserved")
    free(head)
  }

  @inlinable
  mutating func free(_ head: UInt16) {
    holders[head] = .free
    freeHeads[freeGiven] = head
    freeGiven &+= 1
  }

  /// Puts a buffer into the available ring; the device sees it after ``publish()``.
  ///
  /// Only what differs from the last use of the descriptor and the ring entry is written.
  ///
  /// - Precondition: `head` is reserved.
  @inlinable
  @inline(__always)
  public mutating func add(
    _ head: UInt16, address: DeviceAddress, byteCount: UInt32, direction: BufferDirection
  ) {
    precondition(head <= fields.mask && holders[head] == .caller, "descriptor is not reserved")
    write(Descriptor(address: address, byteCount: byteCount, flags: direction.flags), at: head)
    makeAvailable(head)
  }

  /// Puts `head`, whose descriptors are written, into the available ring.
  @inlinable
  @inline(__always)
  mutating func makeAvailable(_ head: UInt16) {
    if availableShadow[nextAvailable] != head {
      availableShadow[nextAvailable] = head
      // SAFETY: an entry of the ring; `init` has checked that the ring fits.
      unsafe memory.store(
        head, uncheckedAt: fields.availableRing &+ 2 &* Int(nextAvailable & fields.mask))
    }
    holders[head] = .device(position: nextAvailable)
    nextAvailable &+= 1
  }

  /// Writes what of `descriptor` the table does not hold yet.
  @inlinable
  @inline(__always)
  mutating func write(_ descriptor: Descriptor, at index: UInt16) {
    let old = table[index]
    guard old != descriptor else { return }
    let offset = Int(index & fields.mask) &* 16
    // SAFETY: an entry of the table; `init` has checked that the ring fits.
    if old.address != descriptor.address {
      unsafe memory.store(descriptor.address, uncheckedAt: offset)
    }
    if old.rest != descriptor.rest {
      unsafe memory.store(descriptor.rest, uncheckedAt: offset &+ 8)
    }
    table[index] = descriptor
  }

  /// Shows the device all buffers added since the last call; `true`: it wants to be kicked.
  @inlinable
  @inline(__always)
  public mutating func publish() -> Bool {
    guard published != nextAvailable, broken == nil else { return false }
    let old = published
    published = nextAvailable
    // ORDERING: descriptors and ring entries are visible before the index that covers them.
    // SAFETY: fields of the ring; `init` has checked that it fits.
    unsafe memory.storeReleasing(published, uncheckedAt: fields.availableIndex)
    // ORDERING: the index is visible before the flag is read. A device that turns notifications on
    // and then reads the index either sees ours, or we see its flag. [VIRTIO-1.2] §2.7.13.4.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard usesEventIndex else {
      return unsafe memory.loadUInt16(uncheckedAt: fields.usedFlags) & VringFields.noNotify == 0
    }
    let event = unsafe memory.loadUInt16(uncheckedAt: fields.availableEvent)
    return VringFields.hasPassed(event: event, from: old, to: published)
  }
}
