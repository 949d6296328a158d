import Glibc

/// A fixed number of values on the heap with one owner.
///
/// It exists so that the processor's hot loop can hold a bare pointer to its tables.
@safe
@frozen
public struct OwnedBuffer<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the memory belongs to this value alone, which cannot be copied.
  /// The first value; valid as long as this buffer lives.
  public let base: UnsafeMutablePointer<Element>
  /// Values in the buffer.
  public let count: Int
  /// Bytes to unmap; 0 for memory of the heap.
  private let mappedByteCount: Int

  /// Allocates `count` values, all equal to `value`.
  public init(repeating value: Element, count: Int) {
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(repeating: value, count: count)
    self.count = count
    mappedByteCount = 0
  }

  /// Maps `count` values all of whose bits are 0; they cost no memory until they are written.
  ///
  /// Not of the heap, which fills memory that it gives a second time.
  ///
  /// - Precondition: `count` is not 0.
  public init(zeroed count: Int) where Element: FixedWidthInteger {
    precondition(count > 0)
    let byteCount = count * MemoryLayout<Element>.stride
    let memory = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe memory, Int(bitPattern: memory) != -1 else {
      preconditionFailure("no address space for a table")
    }
    // SAFETY: pages are aligned for all types, and every bit pattern is a valid integer.
    unsafe base = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
    mappedByteCount = byteCount
  }

  /// Allocates `count` values of which only the first is set, so that a large buffer costs no
  /// memory until it is used.
  ///
  /// - Precondition: each other value is written before it is read.
  public init(first value: Element, count: Int) {
    precondition(count > 0)
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(to: value)
    self.count = count
    mappedByteCount = 0
  }

  deinit {
    if mappedByteCount > 0 {
      unsafe munmap(base, mappedByteCount)
    } else {
      unsafe base.deallocate()
    }
  }

  /// The value of this number.
  ///
  /// - Precondition: it is one of them.
  public subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count)
      return unsafe base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }
}
