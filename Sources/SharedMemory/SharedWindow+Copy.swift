public import Synchronization
import WireTypes

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
    let count = target.byteCount
    var index = 0
    #if _pointerBitWidth(_64)
    // Words, as far as they are aligned in shared memory.
    let address = UInt(bitPattern: unsafe base + offset)
    let lead = min(count, Int((8 &- address & 7) & 7))
    sampleBytes(from: offset, 0..<lead, into: &target)
    index = lead
    while count - index >= 8 {
      target.storeLittleEndian(loadUInt64(at: offset + index), at: index)
      index += 8
    }
    #endif
    sampleBytes(from: offset, index..<count, into: &target)
  }

  private func sampleBytes(
    from offset: Int, _ range: Range<Int>, into target: inout MutableRawSpan
  ) {
    for index in range {
      target.storeBytes(of: loadUInt8(at: offset + index), toByteOffset: index, as: UInt8.self)
    }
  }

  /// The lowest offset, not below `offset`, of a byte that somebody may have written since the
  /// memory was made or cleared; ``byteCount`` when all from there on is zero for sure.
  ///
  /// Looks at no byte, and so takes no memory from the system for those that were never touched.
  /// Memory that does not come from a `SharedRegion` may have been written everywhere.
  ///
  /// - Precondition: `0 <= offset <= byteCount`.
  public func nextWritten(from offset: Int) -> Int {
    precondition(offset >= 0 && offset <= byteCount, "shared offset out of bounds")
    return nextPopulatedRange(from: offset)?.lowerBound ?? byteCount
  }

  /// Sets `count` bytes to `value`.
  public func fill(from offset: Int, count: Int, with value: UInt8) {
    let target = unsafe start(of: offset, count: count)
    // SAFETY: inside the window by the check in `start(of:count:)`.
    unsafe target.initializeMemory(as: UInt8.self, repeating: value, count: count)
  }
}
