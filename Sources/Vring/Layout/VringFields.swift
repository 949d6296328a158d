public import SharedMemory

/// Byte offsets of the fields of one ring, worked out once.
@frozen
@usableFromInline
struct VringFields: Sendable {
  @usableFromInline let mask: UInt16
  @usableFromInline let availableFlags: Int
  @usableFromInline let availableIndex: Int
  @usableFromInline let availableRing: Int
  @usableFromInline let usedFlags: Int
  @usableFromInline let usedIndex: Int
  @usableFromInline let usedRing: Int
  /// What the driver writes with an event index: the used index whose passing it wants to hear of.
  @usableFromInline let usedEvent: Int
  /// What the device writes with an event index, for the available index.
  @usableFromInline let availableEvent: Int

  @inlinable
  init(_ layout: VringLayout) {
    mask = UInt16(truncatingIfNeeded: layout.queueSize &- 1)
    availableFlags = layout.available.offset
    availableIndex = availableFlags &+ 2
    availableRing = availableFlags &+ 4
    usedFlags = layout.used.offset
    usedIndex = usedFlags &+ 2
    usedRing = usedFlags &+ 4
    usedEvent = availableRing &+ 2 &* layout.queueSize
    availableEvent = usedRing &+ 8 &* layout.queueSize
  }

  /// Whether an index that went from `old` to `new` passed `event` ([VIRTIO-1.2] §2.7.7.2).
  @inlinable
  static func hasPassed(event: UInt16, from old: UInt16, to new: UInt16) -> Bool {
    new &- event &- 1 < new &- old
  }

  /// Bit 0 of the available flags: the driver wants no notification ([VIRTIO-1.2] §2.7.7).
  @inlinable static var noInterrupt: UInt16 { 1 }
  /// Bit 0 of the used flags: the device wants no notification ([VIRTIO-1.2] §2.7.10).
  @inlinable static var noNotify: UInt16 { 1 }
}

/// Flags of a descriptor ([VIRTIO-1.2] §2.7.5).
@usableFromInline
enum DescriptorFlags {
  /// `next` continues the chain.
  @inlinable static var next: UInt16 { 1 }
  /// The device writes the buffer; otherwise it reads it.
  @inlinable static var write: UInt16 { 2 }
  /// The buffer holds a table of descriptors.
  @inlinable static var indirect: UInt16 { 4 }
  /// All flags that mean something.
  @inlinable static var all: UInt16 { 7 }
}

extension VringLayout {
  /// Checks that the ring fits into `memory` and may start there.
  @inlinable
  func check<Memory: ForeignMemory>(_ memory: borrowing Memory) throws(VringError) {
    guard memory.byteCount >= byteCount else {
      throw .ringMemoryTooSmall(needed: byteCount, available: memory.byteCount)
    }
    guard memory.isAligned(to: Self.baseAlignment) else {
      throw .misalignedRing(alignment: Self.baseAlignment)
    }
  }
}

/// Which way the bytes of a buffer go.
@frozen
public enum BufferDirection: Equatable, Sendable {
  /// The driver has filled the buffer; the device reads it.
  case deviceReads
  /// The device fills the buffer; the driver reads it afterwards.
  case deviceWrites

  @inlinable
  var flags: UInt16 { self == .deviceWrites ? DescriptorFlags.write : 0 }
}
