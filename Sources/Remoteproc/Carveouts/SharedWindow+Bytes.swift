import SharedMemory

// Whole arrays in and out, for parts of the life cycle where an allocation does no harm.
extension SharedWindow {
  /// Writes `bytes` from `offset` on.
  ///
  /// - Precondition: they lie inside the window.
  func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    unsafe copyIn(bytes.span.bytes, at: offset)
  }

  /// The first `count` bytes as they are now; the remote may be writing meanwhile.
  ///
  /// - Precondition: `count <= byteCount`.
  func sampleBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    sample(from: 0, into: &raw)
    return bytes
  }
}
