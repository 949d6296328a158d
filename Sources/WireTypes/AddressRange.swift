/// Bytes from `start` on, in one address space; never past the end of that space.
///
/// The end is not stored: a range may reach the very top of the space, where its end is 2^64.
@frozen
public struct AddressRange<Address: MemoryAddress>: Equatable, Sendable {
  /// The first address of the range.
  public let start: Address
  /// Bytes in the range; `start + byteCount` is at most 2^64.
  public let byteCount: UInt64

  /// Makes a range, or `nil` when it reaches past the end of the address space.
  @inlinable
  public init?(start: Address, byteCount: UInt64) {
    // The last byte must be addressable; the end itself may be 2^64.
    guard byteCount == 0 || start.advanced(by: byteCount - 1) != nil else { return nil }
    self.start = start
    self.byteCount = byteCount
  }

  /// Bytes from the start of this range to `address`, or `nil` unless `address ..< address +
  /// byteCount` lies inside.
  ///
  /// An empty request at the very end of the range lies inside.
  @inlinable
  public func offset(of address: Address, byteCount: UInt64) -> UInt64? {
    guard let offset = address.offset(from: start), offset <= self.byteCount,
      byteCount <= self.byteCount - offset
    else { return nil }
    return offset
  }

  /// Whether every byte of `other` belongs to this range.
  @inlinable
  public func contains(_ other: Self) -> Bool {
    offset(of: other.start, byteCount: other.byteCount) != nil
  }

  /// Whether at least one byte belongs to both ranges.
  @inlinable
  public func overlaps(_ other: Self) -> Bool {
    guard byteCount > 0, other.byteCount > 0 else { return false }
    if let offset = other.start.offset(from: start) { return offset < byteCount }
    if let offset = start.offset(from: other.start) { return offset < other.byteCount }
    return false
  }
}

#if !hasFeature(Embedded)
extension AddressRange: CustomStringConvertible {
  /// First and last address in hexadecimal.
  public var description: String {
    let first = String(start.rawValue, radix: 16)
    guard byteCount > 0 else { return "0x\(first) (empty)" }
    return "0x\(first)...0x\(String(start.rawValue + (byteCount - 1), radix: 16))"
  }
}
#endif
