/// A fixed number of elements in private memory: what one owner remembers about shared memory.
///
/// The capacity is chosen once; nothing grows and nothing is copied. An index outside
/// `0..<count` traps, so foreign numbers are checked before they get here.
@safe
@usableFromInline
package struct PrivateArray<Element>: ~Copyable {
  @usableFromInline let base: UnsafeMutablePointer<Element>
  /// Elements in the array.
  @usableFromInline package let count: Int

  /// Makes `count` elements, each equal to `element`.
  ///
  /// - Precondition: `count >= 0`.
  @inlinable
  package init(repeating element: Element, count: Int) {
    self.count = count
    unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: count)
    unsafe base.initialize(repeating: element, count: count)
  }

  deinit {
    // SAFETY: `base` holds `count` initialised elements from `init` to here, and only we own it.
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  /// The element at `index`.
  ///
  /// - Precondition: `0 <= index < count`.
  @inlinable
  package subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "private index out of range")
      // SAFETY: inside the allocation by the check above.
      return unsafe base[index]
    }
    set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "private index out of range")
      // SAFETY: inside the allocation by the check above.
      unsafe base[index] = newValue
    }
  }
}

extension PrivateArray where Element == UInt8 {
  /// Calls `body` with the first `count` bytes.
  ///
  /// - Precondition: `0 <= count <= self.count`.
  @inlinable
  package func withBytes<Result: ~Copyable, Failure: Error>(
    first count: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(count >= 0 && count <= self.count, "private bytes out of range")
    // SAFETY: inside the allocation by the check above, and initialised.
    return try unsafe body(
      UnsafeRawBufferPointer(start: base, count: count).bytes)
  }

  /// Calls `body` with all bytes, to be written.
  @inlinable
  package mutating func withMutableBytes<Result: ~Copyable, Failure: Error>(
    _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: the whole allocation, initialised, and ours alone during the call.
    let all = unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
    var bytes = unsafe all.mutableBytes
    return try body(&bytes)
  }
}

// SAFETY (unchecked Sendable): the allocation has this one owner, which moves with the value.
extension PrivateArray: @unchecked Sendable where Element: Sendable {}

/// As ``PrivateArray``, with a power of two of elements and indices that wrap at their number.
///
/// What a ring remembers of each slot: an index is never out of range, so nothing is checked.
@safe
@usableFromInline
package struct PrivateRing<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline let base: UnsafeMutablePointer<Element>
  @usableFromInline let mask: UInt16

  /// Makes `count` elements, each equal to `element`.
  ///
  /// - Precondition: `count` is a power of two in `1...65536`.
  @inlinable
  package init(repeating element: Element, count: Int) {
    precondition((1...65_536).contains(count) && count & (count - 1) == 0, "a power of two")
    mask = UInt16(truncatingIfNeeded: count &- 1)
    #if hasFeature(Embedded)
    unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: count)
    #else
    // Whole pairs of cache lines of its own: what another thread writes is not near.
    let byteCount = (count * MemoryLayout<Element>.stride + 127) & ~127
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 128)
      .assumingMemoryBound(to: Element.self)
    #endif
    unsafe base.initialize(repeating: element, count: count)
  }

  // Elements are trivial; the memory is all there is to give back.
  deinit { unsafe base.deallocate() }

  /// The element at `index` modulo the number of elements.
  @inlinable
  package subscript(index: UInt16) -> Element {
    // SAFETY: inside the allocation, which has `mask + 1` elements.
    @inline(__always) get { unsafe base[Int(index & mask)] }
    @inline(__always) set { unsafe base[Int(index & mask)] = newValue }
  }
}

// SAFETY (unchecked Sendable): the allocation has this one owner, which moves with the value.
extension PrivateRing: @unchecked Sendable where Element: Sendable {}
