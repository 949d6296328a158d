/// Cuts a stream of bytes into lines of bounded length.
package struct LineSplitter {
  /// Bytes of one line at most; a longer one is cut into several.
  package static let maxLineByteCount = 1024

  private var rest: [UInt8] = []
  /// Whether the unfinished line was there before the last bytes came.
  private var isStale = false

  /// Begins with an empty line.
  package init() {}

  /// Takes `bytes` and returns the lines that they complete, without their ends.
  package mutating func add(_ bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    isStale = isStale && bytes.isEmpty
    for byte in bytes {
      if byte == 0x0a {
        lines.append(take())
      } else {
        rest.append(byte)
        if rest.count >= Self.maxLineByteCount { lines.append(take()) }
      }
    }
    return lines
  }

  /// Returns a line without end that has not grown since the last call.
  package mutating func settle() -> String? {
    guard !rest.isEmpty else { return nil }
    defer { isStale = true }
    return isStale ? take() : nil
  }

  /// Returns what is left, as the stream ends.
  package mutating func finish() -> String? { rest.isEmpty ? nil : take() }

  private mutating func take() -> String {
    defer {
      rest = []
      isStale = false
    }
    if rest.last == 0x0d { rest.removeLast() }
    return String(decoding: rest, as: UTF8.self)
  }
}
