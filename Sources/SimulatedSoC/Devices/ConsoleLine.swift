/// Collects console bytes to lines, so that the host hears of each line once.
package struct ConsoleLine: Sendable {
  /// A line is cut here.
  package static let maxByteCount = 256

  private var bytes: [UInt8] = []

  package init() {}

  /// Adds `byte`; returns the line when it is complete or full.
  package mutating func add(_ byte: UInt8) -> [UInt8]? {
    bytes.append(byte)
    guard byte == UInt8(ascii: "\n") || bytes.count == Self.maxByteCount else { return nil }
    return take()
  }

  /// What was written since the last complete line, if anything.
  package mutating func take() -> [UInt8]? {
    guard !bytes.isEmpty else { return nil }
    defer { bytes = [] }
    return bytes
  }
}
