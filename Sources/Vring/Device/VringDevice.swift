public import SharedMemory
public import WireTypes

/// The device role of one split virtqueue: takes the buffers the driver lends, and gives them back.
///
/// The driver may be hostile: every descriptor is copied out once and the copy is checked before
/// it is used. A driver that breaks the protocol breaks the ring for good; ``broken`` says why.
///
/// One owner, no locks. Indices wrap at 2^16. Source: [VIRTIO-1.2] §2.7.
public struct VringDevice<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline
  struct UsedEntry: Equatable, Sendable {
    @usableFromInline var id: UInt32 = 0
    @usableFromInline var byteCount: UInt32 = 0

    @inlinable
    init(id: UInt32 = 0, byteCount: UInt32 = 0) {
      self.id = id
      self.byteCount = byteCount
    }
  }

  /// Where the parts of the ring lie.
  public let layout: VringLayout
  /// Where the driver's buffers may lie.
  public let buffers: MappedMemory<Memory>
  /// Why the ring no longer works, or `nil` while it does.
  public internal(set) var broken: VringBreakage?

  @usableFromInline let memory: Memory
  @usableFromInline let fields: VringFields
  @usableFromInline var isInFlight: PrivateArray<Bool>
  @usableFromInline var usedShadow: PrivateArray<UsedEntry>
  /// Index after the last available entry taken.
  @usableFromInline var consumed: UInt16 = 0
  /// The available index as last read; checked against what the ring can hold.
  @usableFromInline var availableSeen: UInt16 = 0
  /// Index after the last used entry written, published or not.
  @usableFromInline var nextUsed: UInt16 = 0
  /// The used index the driver sees.
  @usableFromInline var published: UInt16 = 0
  @usableFromInline var usedFlags: UInt16 = 0

  /// Takes up the ring in `memory`, which the driver has just set to zero.
  ///
  /// Nothing is written yet. Call it only after the driver has said that it is ready.
  ///
  /// - Throws: ``VringError/ringMemoryTooSmall(needed:available:)`` or
  ///   ``VringError/misalignedRing(alignment:)``.
  public init(
    memory: Memory, layout: VringLayout, buffers: MappedMemory<Memory>
  ) throws(VringError) {
    try layout.check(memory)
    self.memory = memory
    self.layout = layout
    self.buffers = buffers
    fields = VringFields(layout)
    isInFlight = PrivateArray(repeating: false, count: layout.queueSize)
    usedShadow = PrivateArray(repeating: UsedEntry(), count: layout.queueSize)
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
    if let broken { throw .broken(broken) }
    if consumed == availableSeen {
      try readAvailableIndex()
      if consumed == availableSeen { return nil }
    }
    let slot = Int(consumed & fields.mask)
    let head = memory.loadUInt16(at: fields.availableRing &+ 2 &* slot)
    guard head <= fields.mask else {
      throw breakRing(.badHead(head, queueSize: layout.queueSize))
    }
    guard !isInFlight[Int(head)] else { throw breakRing(.headInFlight(head: head)) }
    isInFlight[Int(head)] = true
    consumed &+= 1
    return VringChain(head: head)
  }

  /// The next buffer of `chain`, or `nil` after the last.
  ///
  /// - Throws: ``VringError/broken(_:)`` when the descriptor is not acceptable, or the ring broke
  ///   earlier.
  @inlinable
  public mutating func nextSegment(
    of chain: inout VringChain
  ) throws(VringError) -> VringSegment? {
    if let broken { throw .broken(broken) }
    guard let index = chain.next else { return nil }
    guard chain.descriptorCount < layout.queueSize else {
      throw breakRing(.chainTooLong(head: chain.head))
    }
    let offset = Int(index) &* 16
    // The one copy of the descriptor; all checks and uses are of the copy.
    let address = DeviceAddress(rawValue: memory.loadUInt64(at: offset))
    let second = memory.loadUInt64(at: offset &+ 8)
    let byteCount = UInt32(truncatingIfNeeded: second)
    let flags = UInt16(truncatingIfNeeded: second &>> 32)
    let next = UInt16(truncatingIfNeeded: second &>> 48)
    if flags & DescriptorFlags.next == 0 {
      chain.next = nil
    } else {
      guard next <= fields.mask else {
        throw breakRing(.badNext(next, queueSize: layout.queueSize))
      }
      chain.next = next
    }
    return try accept(address, byteCount, flags, into: &chain)
  }

  /// Checks one descriptor that was copied out of the table.
  @inlinable
  mutating func accept(
    _ address: DeviceAddress, _ byteCount: UInt32, _ flags: UInt16, into chain: inout VringChain
  ) throws(VringError) -> VringSegment {
    guard flags & DescriptorFlags.indirect == 0 else {
      throw breakRing(.indirectNotNegotiated(head: chain.head))
    }
    guard byteCount > 0 else { throw breakRing(.zeroLength(head: chain.head)) }
    let isWritable = flags & DescriptorFlags.write != 0
    guard isWritable || !chain.hasWritable else {
      throw breakRing(.wrongDirection(head: chain.head))
    }
    let (sum, overflow) = chain.byteCount.addingReportingOverflow(byteCount)
    guard !overflow else { throw breakRing(.chainTooLarge(head: chain.head)) }
    guard let offset = buffers.offset(of: address, byteCount: byteCount) else {
      throw breakRing(.badAddress(address, byteCount: byteCount))
    }
    chain.byteCount = sum
    chain.hasWritable = isWritable
    chain.descriptorCount &+= 1
    return VringSegment(
      offset: offset, byteCount: byteCount, direction: isWritable ? .deviceWrites : .deviceReads)
  }

  /// Takes the next available buffer, which must be a chain of one descriptor.
  ///
  /// - Throws: ``VringError/broken(_:)`` also when the chain has more, or goes the other way.
  @inlinable
  public mutating func popBuffer(
    _ direction: BufferDirection
  ) throws(VringError) -> (head: UInt16, segment: VringSegment)? {
    guard let chain = try popAvailable() else { return nil }
    let start = Int(chain.head) &* 16
    // The one copy of the descriptor; all checks and uses are of the copy.
    let address = DeviceAddress(rawValue: memory.loadUInt64(at: start))
    let second = memory.loadUInt64(at: start &+ 8)
    let byteCount = UInt32(truncatingIfNeeded: second)
    let flags = UInt16(truncatingIfNeeded: second &>> 32)
    guard flags & DescriptorFlags.all == direction.flags, byteCount > 0,
      let offset = buffers.offset(of: address, byteCount: byteCount)
    else {
      throw breakRing(
        refusal(of: chain.head, address, byteCount, flags, next: second &>> 48, direction))
    }
    return (chain.head, VringSegment(offset: offset, byteCount: byteCount, direction: direction))
  }

  /// Why a descriptor is not the one buffer that ``popBuffer(_:)`` takes.
  @usableFromInline
  func refusal(
    of head: UInt16, _ address: DeviceAddress, _ byteCount: UInt32, _ flags: UInt16, next: UInt64,
    _ direction: BufferDirection
  ) -> VringBreakage {
    if flags & DescriptorFlags.indirect != 0 { return .indirectNotNegotiated(head: head) }
    if flags & DescriptorFlags.next != 0 {
      let next = UInt16(truncatingIfNeeded: next)
      return next > fields.mask
        ? .badNext(next, queueSize: layout.queueSize) : .chainNotSupported(head: head)
    }
    if byteCount == 0 { return .zeroLength(head: head) }
    if flags & DescriptorFlags.write != direction.flags { return .wrongDirection(head: head) }
    return .badAddress(address, byteCount: byteCount)
  }

  /// Reads the available index, once, and checks it against what the ring can hold.
  @inlinable
  mutating func readAvailableIndex() throws(VringError) {
    let index = memory.loadAcquiringUInt16(at: fields.availableIndex)
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
    if broken == nil { broken = reason }
    return .broken(broken ?? reason)
  }
}
