/// A fixed number of values on the heap with one owner.
///
/// It exists so that the processor's hot loop can hold a bare pointer to its tables.
@safe
struct OwnedBuffer<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the memory belongs to this value alone, which cannot be copied.
  let base: UnsafeMutablePointer<Element>
  let count: Int

  /// Allocates `count` values, all equal to `value`.
  init(repeating value: Element, count: Int) {
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(repeating: value, count: count)
    self.count = count
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
  }

  deinit { unsafe base.deallocate() }

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
