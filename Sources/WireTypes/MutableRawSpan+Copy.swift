extension MutableRawSpan {
  /// Copies all of `bytes`, private memory like this span's, to `offset` bytes from the start.
  ///
  /// - Precondition: `0 <= offset` and `offset + bytes.byteCount <= byteCount`; check foreign
  ///   numbers first.
  @inlinable
  public mutating func copy(_ bytes: RawSpan, at offset: Int) {
    precondition(
      offset >= 0 && offset <= byteCount && bytes.byteCount <= byteCount - offset,
      "private copy out of bounds")
    // SAFETY: both ranges are checked, and a span that may be written overlaps no other.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        unsafe (to + offset).copyMemory(from: from, byteCount: source.count)
      }
    }
  }
}
