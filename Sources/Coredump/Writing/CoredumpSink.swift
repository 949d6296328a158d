public import Scheduling

/// Where a dump goes, from its first byte to its last.
public protocol CoredumpSink: ~Copyable {
  /// Adds `bytes`.
  ///
  /// - Throws: ``CoredumpError``; then nothing more is written.
  mutating func write(
    _ bytes: RawSpan, until deadline: MonotonicTime
  ) throws(CoredumpError)

  /// Adds `byteCount` bytes of 0, without writing them if that is possible.
  ///
  /// - Throws: ``CoredumpError``; then nothing more is written.
  mutating func skip(
    _ byteCount: UInt64, until deadline: MonotonicTime
  ) throws(CoredumpError)

  /// Ends the dump, whose last bytes may have been skipped.
  ///
  /// - Throws: ``CoredumpError``; then the dump is not complete.
  mutating func finish() throws(CoredumpError)
}
