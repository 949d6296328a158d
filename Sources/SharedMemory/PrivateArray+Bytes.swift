// Bytes as spans: private memory may be lent as such.
extension PrivateArray where Element == UInt8 {
  /// Calls `body` with the bytes of `range`, which are valid during the call.
  ///
  /// - Precondition: `range` lies inside the array.
  @inlinable
  package func withBytes<Result, Failure: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "private bytes out of range")
    // SAFETY: inside the allocation by the check above, which nobody writes during the call.
    let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    return try body(unsafe bytes.bytes)
  }
}
