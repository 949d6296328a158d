import SharedMemory
import WireTypes

// Chains of descriptors, in the ring's table and in tables of their own.
extension VringDevice {
  /// The next buffer of `chain`, or `nil` after the last.
  ///
  /// A chain has at most as many buffers as the ring has descriptors, wherever they are named.
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
    let copy: DescriptorCopy
    if let table = chain.table {
      copy = DescriptorCopy(
        copyingFrom: buffers.memory, at: table.offset &+ Int(index) &* 16)
    } else {
      copy = copyDescriptor(index)
      if copy.flags & DescriptorFlags.indirect != 0 { return try enter(copy, of: &chain) }
    }
    try advance(&chain, past: copy)
    return try accept(copy, into: &chain)
  }

  /// Moves `chain` on to the descriptor after `copy`.
  @inlinable
  mutating func advance(
    _ chain: inout VringChain, past copy: DescriptorCopy
  ) throws(VringError) {
    guard copy.flags & DescriptorFlags.next != 0 else {
      chain.next = nil
      return
    }
    let count = chain.table?.count ?? layout.queueSize
    guard Int(copy.next) < count else { throw breakRing(.badNext(copy.next, queueSize: count)) }
    chain.next = copy.next
  }

  /// Enters the table that `copy` names, which ends the chain, and gives its first buffer.
  ///
  /// The direction of the descriptor itself means nothing. Source: [VIRTIO-1.2] §2.7.5.3.
  @usableFromInline
  mutating func enter(
    _ copy: DescriptorCopy, of chain: inout VringChain
  ) throws(VringError) -> VringSegment {
    guard VringSupport.hasIndirectDescriptors, usesIndirectDescriptors else {
      throw breakRing(.indirectNotNegotiated(head: chain.head))
    }
    guard copy.flags & DescriptorFlags.next == 0 else {
      throw breakRing(.nestedIndirect(head: chain.head))
    }
    guard copy.byteCount > 0, copy.byteCount & 15 == 0,
      copy.byteCount / 16 <= UInt32(truncatingIfNeeded: layout.queueSize)
    else {
      throw breakRing(.badIndirectTable(head: chain.head, byteCount: copy.byteCount))
    }
    guard let offset = buffers.offset(of: copy.address, byteCount: copy.byteCount) else {
      throw breakRing(.badAddress(copy.address, byteCount: copy.byteCount))
    }
    chain.table = DescriptorTable(
      offset: offset, count: Int(truncatingIfNeeded: copy.byteCount / 16))
    let first = DescriptorCopy(copyingFrom: buffers.memory, at: offset)
    try advance(&chain, past: first)
    return try accept(first, into: &chain)
  }

  /// Checks one descriptor that was copied out of a table.
  @inlinable
  mutating func accept(
    _ copy: DescriptorCopy, into chain: inout VringChain
  ) throws(VringError) -> VringSegment {
    guard copy.flags & DescriptorFlags.indirect == 0 else {
      throw breakRing(.nestedIndirect(head: chain.head))
    }
    guard copy.byteCount > 0 else { throw breakRing(.zeroLength(head: chain.head)) }
    let isWritable = copy.flags & DescriptorFlags.write != 0
    guard isWritable || !chain.hasWritable else {
      throw breakRing(.wrongDirection(head: chain.head))
    }
    let (sum, overflow) = chain.byteCount.addingReportingOverflow(copy.byteCount)
    guard !overflow else { throw breakRing(.chainTooLarge(head: chain.head)) }
    guard let offset = buffers.offset(of: copy.address, byteCount: copy.byteCount) else {
      throw breakRing(.badAddress(copy.address, byteCount: copy.byteCount))
    }
    chain.byteCount = sum
    chain.hasWritable = isWritable
    chain.descriptorCount &+= 1
    return VringSegment(
      offset: offset, byteCount: copy.byteCount,
      direction: isWritable ? .deviceWrites : .deviceReads)
  }

  /// What ``popBuffer(_:)`` does with a descriptor that is not the one buffer it takes: a table with
  /// one buffer is as good, all else breaks the ring.
  @usableFromInline
  mutating func takeOther(
    _ copy: DescriptorCopy, _ head: UInt16, _ direction: BufferDirection
  ) throws(VringError) -> VringSegment {
    guard VringSupport.hasIndirectDescriptors, usesIndirectDescriptors,
      copy.flags & DescriptorFlags.indirect != 0
    else { throw breakRing(refusal(of: copy, head, direction)) }
    var chain = VringChain(head: head)
    let segment = try enter(copy, of: &chain)
    guard chain.next == nil else { throw breakRing(.chainNotSupported(head: head)) }
    guard segment.direction == direction else { throw breakRing(.wrongDirection(head: head)) }
    return segment
  }

  /// Why a descriptor is not the one buffer that ``popBuffer(_:)`` takes.
  @usableFromInline
  func refusal(
    of copy: DescriptorCopy, _ head: UInt16, _ direction: BufferDirection
  ) -> VringBreakage {
    if copy.flags & DescriptorFlags.indirect != 0 { return .indirectNotNegotiated(head: head) }
    if copy.flags & DescriptorFlags.next != 0 {
      return copy.next > fields.mask
        ? .badNext(copy.next, queueSize: layout.queueSize) : .chainNotSupported(head: head)
    }
    if copy.byteCount == 0 { return .zeroLength(head: head) }
    if copy.flags & DescriptorFlags.write != direction.flags {
      return .wrongDirection(head: head)
    }
    return .badAddress(copy.address, byteCount: copy.byteCount)
  }
}
