public import WireTypes

/// Data that lie in one piece of memory.
public struct IntelHexSegment: Equatable, Sendable {
  /// Where the first byte goes.
  public let address: DeviceAddress
  /// The line of the first record.
  public let line: Int
  /// Where that record begins in the file, in bytes; error messages name it.
  public let recordOffset: Int
  /// Where the bytes are in ``IntelHexFile/contents``.
  public let range: Range<Int>

  /// Bytes of data; not 0.
  public var byteCount: Int { range.count }
}
