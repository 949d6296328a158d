public import WireTypes

/// Why a vring could not be made or used.
public enum VringError: Error, Equatable, Sendable {
  /// The number of descriptors is not a power of two in `1...32768`.
  case invalidQueueSize(Int)
  /// The alignment is not a power of two in `4...2^30`.
  case invalidAlignment(Int)
  /// The memory ends before the ring does; both numbers are bytes.
  case ringMemoryTooSmall(needed: Int, available: Int)
  /// The memory does not start at a multiple of `alignment` bytes.
  case misalignedRing(alignment: Int)
  /// The other side broke the protocol earlier; only a new ring helps.
  case broken(VringBreakage)
}

/// What the other side did that broke a vring for good.
public enum VringBreakage: Equatable, Sendable {
  /// The used index moved past what was lent, or backwards.
  case usedIndexJump(index: UInt16, consumed: UInt16, lent: UInt16)
  /// A used entry names a descriptor that does not exist.
  case badID(UInt32, queueSize: Int)
  /// A used entry names a buffer that the device does not hold.
  case notOutstanding(head: UInt16)
  /// A used entry names a descriptor inside of a chain, not its first.
  case notHead(UInt16)
  /// The device claims to have written more bytes than the buffer has.
  case badUsedLength(head: UInt16, byteCount: UInt32, posted: UInt32)
  /// The available index moved past what the ring can hold, or backwards.
  case availableIndexJump(index: UInt16, consumed: UInt16, limit: UInt16)
  /// An available entry names a descriptor that does not exist.
  case badHead(UInt16, queueSize: Int)
  /// A descriptor's `next` names a descriptor that does not exist.
  case badNext(UInt16, queueSize: Int)
  /// A chain has more descriptors than the ring, so it is a loop.
  case chainTooLong(head: UInt16)
  /// The bytes of a chain do not fit into 32 bits.
  case chainTooLarge(head: UInt16)
  /// A head was made available again before it was used.
  case headInFlight(head: UInt16)
  /// A buffer lies outside the memory for buffers, or on top of a ring.
  case badAddress(DeviceAddress, byteCount: UInt32)
  /// A descriptor of zero bytes.
  case zeroLength(head: UInt16)
  /// An indirect descriptor though the feature was not negotiated.
  case indirectNotNegotiated(head: UInt16)
  /// A table of descriptors whose size is not that of one to as many descriptors as the ring has.
  case badIndirectTable(head: UInt16, byteCount: UInt32)
  /// An indirect descriptor in a table, or one that has a next.
  case nestedIndirect(head: UInt16)
  /// A buffer goes the wrong way for this ring, or readable after writable.
  case wrongDirection(head: UInt16)
  /// A chain of several descriptors where the device takes one buffer.
  case chainNotSupported(head: UInt16)
  /// A buffer too small for what the device must put there.
  case bufferTooSmall(head: UInt16, needed: UInt32, available: UInt32)
}

#if !hasFeature(Embedded)
extension VringError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .invalidQueueSize(let size):
      "vring of \(size) descriptors (must be a power of two up to 32768)"
    case .invalidAlignment(let alignment):
      "vring alignment \(alignment) (must be a power of two from 4 to 2^30)"
    case .ringMemoryTooSmall(let needed, let available):
      "vring needs \(needed) bytes of memory, \(available) available"
    case .misalignedRing(let alignment):
      "vring memory does not start at a multiple of \(alignment) bytes"
    case .broken(let breakage): "vring broken: \(breakage)"
    }
  }
}

extension VringBreakage: CustomStringConvertible {
  /// One line for a person: what the other side did.
  public var description: String {
    switch self {
    case .usedIndexJump(let index, let consumed, let lent):
      "used index jumped to \(index) with \(consumed) consumed and \(lent) lent"
    case .badID(let id, let queueSize): "used entry for descriptor \(id) of \(queueSize)"
    case .notOutstanding(let head): "used entry for descriptor \(head), which was not lent"
    case .notHead(let index): "used entry for descriptor \(index), which continues a chain"
    case .badUsedLength(let head, let byteCount, let posted):
      "used entry for descriptor \(head) claims \(byteCount) bytes of \(posted)"
    case .availableIndexJump(let index, let consumed, let limit):
      "available index jumped to \(index) with \(consumed) consumed and room for \(limit)"
    case .badHead(let head, let queueSize): "available entry for descriptor \(head) of \(queueSize)"
    case .badNext(let next, let queueSize): "next descriptor \(next) of \(queueSize)"
    case .chainTooLong(let head): "chain from descriptor \(head) does not end"
    case .chainTooLarge(let head): "chain from descriptor \(head) has more than 2^32 - 1 bytes"
    case .headInFlight(let head): "descriptor \(head) available again before it was used"
    case .badAddress(let address, let byteCount): "buffer of \(byteCount) bytes at \(address)"
    case .zeroLength(let head): "descriptor of zero bytes in the chain from \(head)"
    case .indirectNotNegotiated(let head): "indirect descriptor in the chain from \(head)"
    case .badIndirectTable(let head, let byteCount):
      "table of \(byteCount) bytes for descriptors in the chain from \(head)"
    case .nestedIndirect(let head):
      "indirect descriptor where none may be, in the chain from \(head)"
    case .wrongDirection(let head): "buffer of the wrong direction in the chain from \(head)"
    case .chainNotSupported(let head): "chain of several descriptors from \(head)"
    case .bufferTooSmall(let head, let needed, let available):
      "buffer of descriptor \(head) has \(available) bytes, \(needed) needed"
    }
  }
}
#endif
