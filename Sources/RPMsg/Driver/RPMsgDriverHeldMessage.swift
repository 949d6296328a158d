public import SharedMemory

/// A received message that still lies in its shared buffer.
///
/// The header is a private copy, read once and checked. The payload is shared: the other side ought
/// not to write it before it gets the buffer back, but can. Each read below fetches the bytes anew,
/// so take a byte out once, and check and use what was taken.
///
/// Any thread may read, without the owner of the ring. The buffer goes back through
/// `release(_:)` of the receiver, in any order; a message that is dropped is released as well, when
/// the receiver next looks at its ring. Nothing is lost, and the compiler sees to it that nothing
/// is released twice.
public struct RPMsgDriverHeldMessage<Memory: ForeignMemory>: ~Copyable, Sendable {
  /// The header: its byte count is that of the payload, and lies within the buffer.
  public let header: RPMsgHeader
  @usableFromInline let owner: RPMsgBufferOwner<Memory>
  @usableFromInline let head: UInt16
  @usableFromInline var isOver = false

  @inlinable
  init(owner: RPMsgBufferOwner<Memory>, head: UInt16, header: RPMsgHeader) {
    self.owner = owner
    self.head = head
    self.header = header
  }

  deinit { if !isOver { owner.drop(head) } }

  /// Bytes of the payload.
  @inlinable
  public var byteCount: Int { Int(header.byteCount) }

  /// Copies the payload from `offset` on into all of `target`.
  ///
  /// - Precondition: `0 <= offset`, `offset + target.byteCount <= byteCount`.
  @inlinable
  public func copyPayload(from offset: Int = 0, into target: inout MutableRawSpan) {
    owner.block.memory.copyOut(
      from: place(of: offset, byteCount: target.byteCount), into: &target)
  }

  /// Reads a little-endian integer of the payload.
  ///
  /// - Precondition: all of its bytes lie in `0..<byteCount`.
  @inlinable
  public func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Value.Type = Value.self
  ) -> Value {
    var value: Value = 0
    let start = place(of: offset, byteCount: MemoryLayout<Value>.size)
    // SAFETY: the bytes of an integer, all of whose patterns are valid, for the time of the call.
    unsafe withUnsafeMutableBytes(of: &value) { bytes in
      var span = unsafe MutableRawSpan(_unsafeBytes: bytes)
      owner.block.memory.copyOut(from: start, into: &span)
    }
    return Value(littleEndian: value)
  }

  @inlinable
  func place(of offset: Int, byteCount count: Int) -> Int {
    precondition(
      offset >= 0 && offset <= byteCount && count <= byteCount &- offset, "payload out of bounds")
    return owner.block.offset(of: head) &+ RPMsgHeader.encodedByteCount &+ offset
  }

  /// Ends the hold; the buffer is the caller's.
  @inlinable
  consuming func take() -> UInt16 {
    isOver = true
    return head
  }
}

/// What a receiver found in its ring and left there.
public enum RPMsgDriverHold<Memory: ForeignMemory>: ~Copyable, Sendable {
  /// A message whose buffer is held.
  case message(RPMsgDriverHeldMessage<Memory>)
  /// A malformed message; its buffer went back.
  case dropped(RPMsgDropReason)
}
