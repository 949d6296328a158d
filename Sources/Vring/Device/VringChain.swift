/// One buffer of a chain, checked: all of it lies in the memory for buffers.
@frozen
public struct VringSegment: Equatable, Sendable {
  /// Where the buffer starts in the memory for buffers, in bytes.
  public let offset: Int
  /// Bytes in the buffer; never 0.
  public let byteCount: UInt32
  /// Which way its bytes go.
  public let direction: BufferDirection

  @inlinable
  package init(offset: Int, byteCount: UInt32, direction: BufferDirection) {
    self.offset = offset
    self.byteCount = byteCount
    self.direction = direction
  }
}

/// A chain of buffers that the driver made available, and how far it has been walked.
@frozen
public struct VringChain: Sendable {
  /// The descriptor that names the chain.
  public let head: UInt16
  /// The descriptor to read next, in the ring's table or in ``table``; `nil` at the end.
  @usableFromInline var next: UInt16?
  @usableFromInline var table: DescriptorTable?
  @usableFromInline var descriptorCount = 0
  @usableFromInline var byteCount: UInt32 = 0
  @usableFromInline var hasWritable = false

  @inlinable
  init(head: UInt16) {
    self.head = head
    next = head
  }
}
