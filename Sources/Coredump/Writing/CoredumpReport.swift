/// What a dump came to.
public struct CoredumpReport: Equatable, Sendable {
  /// Bytes of the dump.
  public var byteCount: UInt64
  /// Bytes that were written; the others are zero.
  public var writtenByteCount: UInt64
  /// Pieces of memory in the dump.
  public var segmentCount: Int
  /// Indices, among the contents' segments, of those that could not be read altogether.
  public var unreadableSegments: [Int]

  /// Makes a report.
  public init(
    byteCount: UInt64, writtenByteCount: UInt64, segmentCount: Int,
    unreadableSegments: [Int] = []
  ) {
    self.byteCount = byteCount
    self.writtenByteCount = writtenByteCount
    self.segmentCount = segmentCount
    self.unreadableSegments = unreadableSegments
  }
}
