public import WireTypes

/// An Intel HEX file, read from a private copy of its bytes.
///
/// Reading is total: whatever the bytes are, nothing traps, and what is allocated is bounded by the
/// length of the file. Records may come in any order; gaps between them make segments.
///
/// Source: [INTEL-HEX].
public struct IntelHexFile: Equatable, Sendable {
  /// The data of all records, in the order of the file.
  public let contents: [UInt8]
  /// Pieces of memory by address; no two share a byte, and none is empty.
  public let segments: [IntelHexSegment]
  /// Where execution starts, if a record says so.
  ///
  /// The start of a segmented address (type 3) is 16 times CS plus IP.
  public let entry: DeviceAddress?

  /// The most pieces of memory that are read.
  public static let maximumSegmentCount = 65_536

  /// Reads a whole file.
  ///
  /// - Throws: ``IntelHexError`` for the first line that is wrong, then for data that overlap.
  public init(parsing bytes: [UInt8]) throws(IntelHexError) {
    var reading = IntelHexReading(fileByteCount: bytes.count)
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    try reading.readAll(unsafe bytes.span.bytes)
    contents = reading.contents
    entry = reading.entry
    segments = try reading.sortedSegments()
  }

  /// Whether `bytes` begin as such a file does: a colon and eight digits, maybe after blank lines.
  public static func canBegin(with bytes: [UInt8]) -> Bool {
    let text = bytes.prefix(64).drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    guard text.first == UInt8(ascii: ":"), text.count >= 9 else { return false }
    return text.dropFirst().prefix(8).allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"),
        UInt8(ascii: "a")...UInt8(ascii: "f"):
        true
      default: false
      }
    }
  }
}
