import CLinux
import Glibc
public import Scheduling

/// A pipe, a socket or a terminal: zeroes are written out, and a reader that does not read is
/// waited for until the deadline.
///
/// The process must ignore `SIGPIPE`, which a reader that goes away while bytes are written sends.
public struct CoredumpStreamSink: CoredumpSink, ~Copyable {
  /// What a pipe takes at once when it says that it has room.
  private static let pieceByteCount = 4096

  private let stream: Int32
  private var position: UInt64 = 0

  /// Writes to `stream`; the caller keeps it open, and closes it.
  public init(stream: Int32) { self.stream = stream }

  /// Writes bytes, all of them.
  public mutating func write(
    _ bytes: RawSpan, until deadline: MonotonicTime
  ) throws(CoredumpError) {
    var done = 0
    while done < bytes.byteCount {
      try waitForRoom(until: deadline)
      let end = min(done + Self.pieceByteCount, bytes.byteCount)
      done += try writeOnce(bytes.extracting(done..<end))
    }
  }

  /// Writes zeroes.
  public mutating func skip(
    _ byteCount: UInt64, until deadline: MonotonicTime
  ) throws(CoredumpError) {
    let zeroes = [UInt8](repeating: 0, count: Self.pieceByteCount)
    var left = byteCount
    while left > 0 {
      let count = Int(min(left, UInt64(zeroes.count)))
      // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
      let bytes = unsafe zeroes.span.bytes
      try write(bytes.extracting(first: count), until: deadline)
      left -= UInt64(count)
    }
  }

  /// Does nothing: the reader sees the end when the stream is closed.
  public mutating func finish() throws(CoredumpError) {}

  /// Bytes that were taken, perhaps none.
  private mutating func writeOnce(_ bytes: RawSpan) throws(CoredumpError) -> Int {
    // SAFETY: the kernel reads only bytes of the span.
    let count = unsafe bytes.withUnsafeBytes { buffer in
      unsafe Glibc.write(stream, buffer.baseAddress, buffer.count)
    }
    guard count < 0 else {
      position += UInt64(count)
      return count
    }
    let code = rproc_errno()
    guard code == EINTR || code == EAGAIN else {
      throw .system(.write, errno: code, offset: position)
    }
    return 0
  }

  private func waitForRoom(until deadline: MonotonicTime) throws(CoredumpError) {
    while true {
      let left = deadline.since(.now)
      guard left > .zero else { throw .timedOut(after: .zero, written: position, byteCount: 0) }
      var request = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
      // Rounded up, as a wait of 0 would be none.
      let milliseconds = min(Int64(left / .milliseconds(1)) + 1, 1000)
      let count = unsafe poll(&request, 1, Int32(milliseconds))
      if count < 0, rproc_errno() != EINTR {
        throw .system(.write, errno: rproc_errno(), offset: position)
      }
      guard count > 0 else { continue }
      guard request.revents & Int16(POLLNVAL) == 0 else {
        throw .system(.write, errno: EBADF, offset: position)
      }
      // Nobody can read any more.
      guard request.revents & Int16(POLLERR) == 0 else {
        throw .system(.write, errno: EPIPE, offset: position)
      }
      return
    }
  }
}
