extension RawSpan {
  /// The little-endian integer at `offset` bytes from the start.
  ///
  /// - Precondition: `offset + size of T <= byteCount`; check foreign offsets first.
  @inlinable
  public func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type = T.self
  ) -> T {
    // SAFETY: the load checks its bounds; every bit pattern is a valid fixed-width integer.
    unsafe T(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension MutableRawSpan {
  /// Stores `value` in little-endian byte order at `offset` bytes from the start.
  ///
  /// - Precondition: `offset + size of T <= byteCount`.
  @inlinable
  public mutating func storeLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    _ value: T, at offset: Int
  ) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}
