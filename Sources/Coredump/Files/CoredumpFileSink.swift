import CLinux
import Glibc
public import Scheduling

/// A file that can be written anywhere: zeroes become holes.
public struct CoredumpFileSink: CoredumpSink, ~Copyable {
  private let file: Int32
  private let room: CoredumpRoom?
  /// Where the next byte goes.
  private var position: UInt64 = 0
  /// Bytes that were written, each with its block.
  private var blockByteCount: UInt64 = 0

  /// Writes to `file` from its start; the caller keeps it open, and closes it.
  public init(file: Int32) { self.init(file: file, room: nil) }

  init(file: Int32, room: CoredumpRoom?) {
    self.file = file
    self.room = room
  }

  /// Writes bytes, all of them.
  public mutating func write(
    _ bytes: RawSpan, until deadline: MonotonicTime
  ) throws(CoredumpError) {
    if let room {
      blockByteCount += UInt64(bytes.byteCount + 4095) & ~4095
      try room.make(for: blockByteCount)
    }
    var done = 0
    while done < bytes.byteCount {
      // SAFETY: the kernel reads only bytes of the span, from `done` on.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(
          file, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done, off_t(position))
      }
      if count < 0 {
        let code = rproc_errno()
        guard code == EINTR else { throw .system(.write, errno: code, offset: position) }
        continue
      }
      guard count > 0 else { throw .system(.write, errno: EIO, offset: position) }
      done += count
      position += UInt64(count)
    }
  }

  /// Leaves a hole.
  public mutating func skip(
    _ byteCount: UInt64, until deadline: MonotonicTime
  ) throws(CoredumpError) {
    position += byteCount
  }

  /// Gives the file its size.
  public mutating func finish() throws(CoredumpError) {
    while ftruncate(file, off_t(position)) != 0 {
      let code = rproc_errno()
      guard code == EINTR else { throw .system(.resize, errno: code, offset: position) }
    }
  }
}
