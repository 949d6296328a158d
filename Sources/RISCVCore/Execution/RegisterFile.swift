import CoreSupport

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
