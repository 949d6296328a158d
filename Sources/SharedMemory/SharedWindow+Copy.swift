public import Synchronization

// Copies in and out. None of them ever forms a `Span` over shared bytes.
extension SharedWindow {
  @inlinable
  func start(of offset: Int, count: Int) -> UnsafeMutableRawPointer {
    precondition(
      offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset,
      "shared copy out of bounds")
    // SAFETY: inside the window by the check above.
    return unsafe base + offset
  }

  /// Copies bytes the protocol has handed over to us; the other side ought not to write them now.
  @inlinable
  public func copyOut(from offset: Int, into target: inout MutableRawSpan) {
    let count = target.byteCount
    let source = unsafe start(of: offset, count: count)
    // SAFETY: both ranges are checked, and private memory never overlaps shared memory.
    unsafe target.withUnsafeMutableBytes { bytes in
      guard let to = bytes.baseAddress else { return }
      unsafe to.copyMemory(from: source, byteCount: count)
    }
    // ORDERING: the compiler may not read the shared bytes again in place of the private copy.
    atomicMemoryFence(ordering: .acquiring)
  }

  /// Copies `source` to bytes the protocol has handed over to us.
  @inlinable
  public func copyIn(_ source: RawSpan, at offset: Int) {
    let count = source.byteCount
    let target = unsafe start(of: offset, count: count)
    // SAFETY: both ranges are checked, and private memory never overlaps shared memory.
    unsafe source.withUnsafeBytes { bytes in
      guard let from = bytes.baseAddress else { return }
      unsafe target.copyMemory(from: from, byteCount: count)
    }
  }

  /// Copies bytes that the other side may well be writing now, such as a log.
  public func sample(from offset: Int, into target: inout MutableRawSpan) {
    precondition(
      offset >= 0 && offset <= byteCount && target.byteCount <= byteCount - offset,
      "shared copy out of bounds")
    for index in 0..<target.byteCount {
      target.storeBytes(of: loadUInt8(at: offset + index), toByteOffset: index, as: UInt8.self)
    }
  }

  /// Sets `count` bytes to `value`.
  public func fill(from offset: Int, count: Int, with value: UInt8) {
    let target = unsafe start(of: offset, count: count)
    // SAFETY: inside the window by the check in `start(of:count:)`.
    unsafe target.initializeMemory(as: UInt8.self, repeating: value, count: count)
  }
}
