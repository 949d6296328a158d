import Glibc

/// A fixed number of values on the heap with one owner.
///
/// It exists so that the processor's hot loop can hold a bare pointer to its tables.
@safe
struct OwnedBuffer<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the memory belongs to this value alone, which cannot be copied.
  let base: UnsafeMutablePointer<Element>
  let count: Int
  /// Bytes to unmap; 0 for memory of the heap.
  private let mappedByteCount: Int

  /// Allocates `count` values, all equal to `value`.
  init(repeating value: Element, count: Int) {
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
  init(zeroed count: Int) where Element: FixedWidthInteger {
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
  init(first value: Element, count: Int) {
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

  subscript(index: Int) -> Element {
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

/// The 32 integer registers as the hot loop sees them.
///
/// A register number is one byte, and there is a slot for each of its 256 values. So any access is
/// inside the buffer. Slot 0 stays 0: translation turns a write to `x0` into one to ``sink``.
@safe
struct RegisterFile {
  /// The slot that takes what is written to `x0`.
  static let sink: UInt8 = 32
  /// Slots a buffer must have.
  static let slotCount = 256

  private let slots: UnsafeMutablePointer<UInt32>

  /// Makes a view of `buffer`, which must outlive it.
  init(_ buffer: borrowing OwnedBuffer<UInt32>) {
    precondition(buffer.count == Self.slotCount)
    unsafe slots = buffer.base
  }

  @inline(__always)
  subscript(number: UInt8) -> UInt32 {
    // SAFETY: a UInt8 is below `slotCount`.
    get { unsafe slots[Int(number)] }
    nonmutating set { unsafe slots[Int(number)] = newValue }
  }

  /// The register as a signed number.
  @inline(__always)
  func signed(_ number: UInt8) -> Int32 { Int32(bitPattern: self[number]) }
}
