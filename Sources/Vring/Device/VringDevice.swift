public import SharedMemory

/// The device role of one split virtqueue: takes the buffers the driver lends, and gives them back.
///
/// The driver may be hostile: every descriptor is copied out once and the copy is checked before
/// it is used. A driver that breaks the protocol breaks the ring for good; ``broken`` says why.
///
/// One owner, no locks. Indices wrap at 2^16. Source: [VIRTIO-1.2] §2.7.
public struct VringDevice<Memory: ForeignMemory>: ~Copyable, Sendable {
  /// Where the parts of the ring lie.
  public let layout: VringLayout
  /// Where the driver's buffers may lie.
  public let buffers: MappedMemory<Memory>
  /// Why the ring no longer works, or `nil` while it does.
  public internal(set) var broken: VringBreakage?
  /// Whether notifications are asked for by index, instead of by flag.
  public let usesEventIndex: Bool
  /// Whether a descriptor may name a table of descriptors.
  public let usesIndirectDescriptors: Bool

  @usableFromInline let memory: Memory
  @usableFromInline let fields: VringFields
  @usableFromInline var isInFlight: PrivateRing<Bool>
  /// What the used ring holds, as far as we wrote it.
  @usableFromInline var usedShadow: PrivateRing<UsedEntry>
  /// Index after the last available entry taken.
  @usableFromInline var consumed: UInt16 = 0
  /// The available index as last read; checked against what the ring can hold.
  ///
  /// Equal to ``consumed`` in a broken ring, so that nothing more is taken.
  @usableFromInline var availableSeen: UInt16 = 0
  /// Index after the last used entry written, published or not.
  @usableFromInline var nextUsed: UInt16 = 0
  /// The used index the driver sees.
  @usableFromInline var published: UInt16 = 0
  /// What we want of the driver: 0, or not to be told.
  ///
  /// With an event index it is only kept here.
  @usableFromInline var usedFlags: UInt16 = 0
  /// The event index that the driver sees.
  @usableFromInline var askedFor: UInt16 = 0

  /// Takes up the ring in `memory`, which the driver has just set to zero.
  ///
  /// Nothing is written yet. Call it only after the driver has said that it is ready, and name the
  /// features that it has accepted.
  ///
  /// - Precondition: firmware is compiled with the condition of each feature that is used:
  ///   `VRING_EVENT_INDEX`, `VRING_INDIRECT_DESCRIPTORS`.
  /// - Throws: ``VringError/ringMemoryTooSmall(needed:available:)`` or
  ///   ``VringError/misalignedRing(alignment:)``.
  public init(
    memory: Memory, layout: VringLayout, buffers: MappedMemory<Memory>,
    usesEventIndex: Bool = false, usesIndirectDescriptors: Bool = false
  ) throws(VringError) {
    precondition(VringSupport.hasEventIndex || !usesEventIndex, "event index not compiled in")
    precondition(
      VringSupport.hasIndirectDescriptors || !usesIndirectDescriptors,
      "indirect descriptors not compiled in")
    try layout.check(memory)
    self.memory = memory
    self.layout = layout
    self.buffers = buffers
    self.usesEventIndex = usesEventIndex
    self.usesIndirectDescriptors = usesIndirectDescriptors
    fields = VringFields(layout)
    isInFlight = PrivateRing(repeating: false, count: layout.queueSize)
    usedShadow = PrivateRing(repeating: UsedEntry(), count: layout.queueSize)
  }

  /// Chains we hold.
  @inlinable
  public var heldCount: Int { Int(consumed &- nextUsed) }
}

// Buffers on their way to us.
extension VringDevice {
  /// Takes the next chain that the driver made available, or `nil` when there is none.
  ///
  /// - Throws: ``VringError/broken(_:)`` when the driver broke the protocol, now or earlier.
  @inlinable
  public mutating func popAvailable() throws(VringError) -> VringChain? {
    guard let head = try popHead() else { return nil }
    return VringChain(head: head)
  }

  /// Takes the next available buffer, which must be a chain of one descriptor.
  ///
  /// - Throws: ``VringError/broken(_:)`` also when the chain has more, or goes the other way.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  public mutating func popBuffer(
    _ direction: BufferDirection
  ) throws(VringError) -> (head: UInt16, segment: VringSegment)? {
    guard let head = try popHead() else { return nil }
    let copy = copyDescriptor(head)
    guard copy.flags & DescriptorFlags.all == direction.flags, copy.byteCount > 0,
      let offset = buffers.offset(of: copy.address, byteCount: copy.byteCount)
    else { return (head, try takeOther(copy, head, direction)) }
    return (head, VringSegment(offset: offset, byteCount: copy.byteCount, direction: direction))
  }

  /// The one copy of descriptor `index` of the ring's own table.
  ///
  /// - Precondition: `index` is that of a descriptor.
  @inlinable
  @inline(__always)
  func copyDescriptor(_ index: UInt16) -> DescriptorCopy {
    let offset = Int(index & fields.mask) &* 16
    // SAFETY: an entry of the table; `init` has checked that the ring fits.
    return unsafe DescriptorCopy(
      first: memory.loadUInt64(uncheckedAt: offset),
      second: memory.loadUInt64(uncheckedAt: offset &+ 8))
  }

  /// Takes the next head out of the available ring.
  @inlinable
  #if !hasFeature(Embedded)
  @inline(__always)
  #endif
  mutating func popHead() throws(VringError) -> UInt16? {
    if consumed == availableSeen {
      try refill()
      if consumed == availableSeen { return nil }
    }
    // SAFETY: an entry of the ring; `init` has checked that the ring fits.
    let head = unsafe memory.loadUInt16(
      uncheckedAt: fields.availableRing &+ 2 &* Int(consumed & fields.mask))
    guard head <= fields.mask else {
      throw breakRing(.badHead(head, queueSize: layout.queueSize))
    }
    guard !isInFlight[head] else { throw breakRing(.headInFlight(head: head)) }
    isInFlight[head] = true
    consumed &+= 1
    return head
  }

  /// Looks for more in the available ring, and with an event index asks to be told of the next.
  @inlinable
  mutating func refill() throws(VringError) {
    if let broken { throw .broken(broken) }
    try readAvailableIndex()
    guard VringSupport.hasEventIndex, usesEventIndex, usedFlags == 0,
      consumed == availableSeen
    else { return }
    try askForNext()
  }

  /// Reads the available index, once, and checks it against what the ring can hold.
  @inlinable
  mutating func readAvailableIndex() throws(VringError) {
    // SAFETY: a field of the ring; `init` has checked that it fits.
    let index = unsafe memory.loadAcquiringUInt16(uncheckedAt: fields.availableIndex)
    // What we hold or have not yet given back is part of the ring's capacity.
    let limit = UInt16(truncatingIfNeeded: layout.queueSize) &- (consumed &- published)
    guard index &- consumed <= limit else {
      throw breakRing(.availableIndexJump(index: index, consumed: consumed, limit: limit))
    }
    availableSeen = index
  }

  /// Latches `reason`, for a layer above that finds the driver at fault; the first reason stays.
  @discardableResult
  public mutating func breakRing(_ reason: VringBreakage) -> VringError {
    let first = broken ?? reason
    broken = first
    // Only the way that looks for more asks whether the ring is broken.
    availableSeen = consumed
    return .broken(first)
  }
}
