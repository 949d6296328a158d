import WireTypes

extension [UInt8] {
  /// The little-endian integer at `offset`.
  ///
  /// - Precondition: `offset + size of T <= count`.
  func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type = T.self
  ) -> T {
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    unsafe span.bytes.littleEndian(at: offset)
  }
}
