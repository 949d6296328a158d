/// Where the bytes of a dump come from; the remote may be writing them meanwhile.
public protocol CoredumpMemory {
  /// Copies bytes of a segment as they are now.
  ///
  /// - Parameters:
  ///   - segment: the index of the segment among the dump's contents.
  ///   - offset: bytes from the start of the segment; with `target` always inside it.
  ///   - target: gets the bytes.
  /// - Returns: Whether they could be read; what is in `target` does not matter otherwise.
  mutating func read(
    segment: Int, at offset: UInt64, into target: inout MutableRawSpan
  ) -> Bool

  /// The lowest offset, not below `offset`, at which a byte may differ from 0; `nil` when the rest
  /// of the segment is zero for sure.
  ///
  /// A dump need not look at what lies before. By default `offset`.
  mutating func nextData(segment: Int, from offset: UInt64) -> UInt64?
}

extension CoredumpMemory {
  /// Any byte may differ from 0.
  public mutating func nextData(segment: Int, from offset: UInt64) -> UInt64? { offset }
}
