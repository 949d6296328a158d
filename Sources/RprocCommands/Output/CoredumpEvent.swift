import Coredump

/// A dump that was written.
package struct CoredumpEvent: Equatable, Sendable {
  /// The file.
  package var path: String
  /// Bytes of the file.
  package var byteCount: UInt64
  /// Bytes that were written; the others are holes.
  package var writtenByteCount: UInt64
  /// Pieces of memory in it.
  package var segmentCount: Int
  /// Pieces that could not be read altogether.
  package var unreadableCount: Int

  /// Makes the event of a dump to `path`.
  init(_ report: CoredumpReport, path: String) {
    self.path = path
    byteCount = report.byteCount
    writtenByteCount = report.writtenByteCount
    segmentCount = report.segmentCount
    unreadableCount = report.unreadableSegments.count
  }

  /// Path and sizes, on one line.
  var text: String {
    var parts = [
      SafeText.escaped(path, limit: 400), Decimals.size(byteCount),
      "\(Decimals.size(writtenByteCount)) written", "\(segmentCount) segments",
    ]
    if unreadableCount > 0 { parts.append("\(unreadableCount) not readable") }
    return parts.joined(separator: "   ")
  }
}
