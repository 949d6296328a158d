public import Synchronization
import WireTypes

// Copies in and out. None of them ever forms a `Span` over shared bytes.
extension SharedWindow {
  @inlinable
  func start(of offset: Int, count: Int) -> UnsafeMutableRawPointer {
    precondition(
      offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount &- offset,
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
      unsafe Self.copy(source, to: to, count: count)
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
      unsafe Self.copy(from, to: target, count: count)
    }
  }

  /// Copies between memory that does not overlap; short pieces without a call.
  ///
  /// Messages are mostly short: up to 64 bytes go through vector registers, which takes 60 % of the
  /// time of a call. A byte in the middle may be written twice, with the same value unless the
  /// other side changes it meanwhile; the private copy holds one of the two.
  @inlinable
  @inline(__always)
  static func copy(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int
  ) {
    #if _pointerBitWidth(_64) && !hasFeature(Embedded)
    if count <= 64 { return unsafe copyShort(source, to: target, count: count) }
    #endif
    unsafe target.copyMemory(from: source, byteCount: count)
  }

  #if _pointerBitWidth(_64) && !hasFeature(Embedded)
  /// Copies at most 64 bytes.
  @inlinable
  @inline(__always)
  static func copyShort(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int
  ) {
    // SAFETY: every part lies in `0..<count` of memory that the caller has checked.
    if count >= 16 {
      unsafe copyEnds(source, to: target, count: count, as: SIMD16<UInt8>.self)
      guard count > 32 else { return }
      unsafe copyEnds(source + 16, to: target + 16, count: count &- 32, as: SIMD16<UInt8>.self)
    } else if count >= 8 {
      unsafe copyEnds(source, to: target, count: count, as: UInt64.self)
    } else if count >= 4 {
      unsafe copyEnds(source, to: target, count: count, as: UInt32.self)
    } else if count >= 2 {
      unsafe copyEnds(source, to: target, count: count, as: UInt16.self)
    } else if count == 1 {
      unsafe target.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
    }
  }

  /// Copies the first and the last `Word` of `count` bytes, which may overlap.
  @inlinable
  @inline(__always)
  static func copyEnds<Word: BitwiseCopyable>(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int, as type: Word.Type
  ) {
    let last = count &- MemoryLayout<Word>.size
    // SAFETY: the caller has at least one word, so both lie in `0..<count`.
    let words = unsafe (
      source.loadUnaligned(as: Word.self), (source + last).loadUnaligned(as: Word.self)
    )
    unsafe target.storeBytes(of: words.0, as: Word.self)
    unsafe target.storeBytes(of: words.1, toByteOffset: last, as: Word.self)
  }
  #endif

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
