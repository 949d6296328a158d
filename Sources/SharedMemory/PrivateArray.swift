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

// SAFETY (unchecked Sendable): the allocation has this one owner, which moves with the value.
extension PrivateArray: @unchecked Sendable where Element: Sendable {}
