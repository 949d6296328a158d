public import SharedMemory
public import WireTypes

/// A table of descriptors in the memory for buffers ([VIRTIO-1.2] §2.7.5.3), all of it in there.
@frozen
@usableFromInline
struct DescriptorTable: Sendable {
  /// Where it starts in the memory for buffers, in bytes; at any alignment.
  @usableFromInline let offset: Int
  /// Descriptors in it.
  @usableFromInline let count: Int

  @inlinable
  init(offset: Int, count: Int) {
    self.offset = offset
    self.count = count
  }
}

/// A private copy of one descriptor: what is checked is what is used.
@frozen
@usableFromInline
struct DescriptorCopy: Sendable {
  @usableFromInline let address: DeviceAddress
  @usableFromInline let byteCount: UInt32
  @usableFromInline let flags: UInt16
  @usableFromInline let next: UInt16

  /// The descriptor whose two halves, as little-endian words, are `first` and `second`.
  @inlinable
  init(first: UInt64, second: UInt64) {
    address = DeviceAddress(rawValue: first)
    byteCount = UInt32(truncatingIfNeeded: second)
    flags = UInt16(truncatingIfNeeded: second &>> 32)
    next = UInt16(truncatingIfNeeded: second &>> 48)
  }

  /// The 16 bytes at `offset`, which may be at any alignment.
  @inlinable
  init<Memory: ForeignMemory>(copyingFrom memory: borrowing Memory, at offset: Int) {
    var words = InlineArray<2, UInt64>(repeating: 0)
    var span = words.mutableSpan
    // SAFETY: every bit pattern is a valid integer.
    var bytes = unsafe span.mutableBytes
    memory.copyOut(from: offset, into: &bytes)
    self.init(first: UInt64(littleEndian: words[0]), second: UInt64(littleEndian: words[1]))
  }
}
