/// Follows a trace buffer and gives what is new since the last look.
///
/// The remote publishes no write position, so it is worked out from what changed: a log grows from
/// the start, and when it is full goes on at the start again over its oldest text. In such a ring
/// the last byte stays 0. Text is lost only when the remote writes more than the whole buffer
/// between two looks; new bytes that equal the old ones in their place come with the next that
/// differ.
///
/// Source: practice (the trace rings of open-amp and Zephyr).
public struct TraceReader: Sendable {
  /// The buffer that is followed.
  public let buffer: TraceBuffer
  private var last: [UInt8] = []
  /// Where the next byte of text is expected.
  private var position = 0

  /// Follows `buffer` from its start.
  public init(_ buffer: TraceBuffer) { self.buffer = buffer }

  /// The text since the last call, or since the start; NUL bytes are left out.
  public mutating func readNew() -> [UInt8] {
    let now = buffer.sample()
    guard !now.isEmpty else { return [] }
    if last.isEmpty { last = [UInt8](repeating: 0, count: now.count) }
    // A writer that keeps the last byte at 0 wraps one byte early.
    let limit = now.count > 1 && now[now.count - 1] == 0 ? now.count - 1 : now.count
    let count = newByteCount(in: now, limit: limit)
    defer { last = now }
    guard count > 0 else { return [] }
    let start = position % limit
    position = (start + count) % limit
    return (0..<count).map { now[(start + $0) % limit] }.filter { $0 != 0 }
  }

  /// Bytes from the position, around the ring, to the last one that is new and is text.
  private func newByteCount(in now: [UInt8], limit: Int) -> Int {
    let start = position % limit
    for distance in stride(from: limit - 1, through: 0, by: -1) {
      let index = (start + distance) % limit
      if now[index] != last[index], now[index] != 0 { return distance + 1 }
    }
    return 0
  }
}
