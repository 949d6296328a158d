import CLinux
import Glibc
import Scheduling

/// A dump in private memory of this process, which nothing changes any more.
///
/// Zeroes take no memory. Any thread may read it, or write it to somewhere else, while the
/// processor runs again. The memory is given back with the last reference.
public final class CapturedCoredump: CoredumpSource, Sendable {
  /// What the dump came to.
  public let report: CoredumpReport
  /// How long ``write(to:)`` may take.
  public let timeLimit: Duration
  private let file: Int32

  /// Bytes of the dump.
  public var byteCount: UInt64 { report.byteCount }

  /// Copies a dump.
  ///
  /// - Parameters:
  ///   - source: what is copied, now.
  ///   - maximumByteCount: the most bytes that may be written; holes do not count.
  ///   - timeLimit: how long a later ``write(to:)`` may take.
  /// - Throws: ``CoredumpError``.
  public init(
    of source: borrowing some CoredumpSource & ~Copyable, maximumByteCount: UInt64 = 256 << 20,
    timeLimit: Duration = .seconds(30)
  ) throws(CoredumpError) {
    self.timeLimit = timeLimit
    file = unsafe rproc_memfd_create("coredump")
    guard file >= 0 else { throw .system(.create, errno: rproc_errno(), offset: nil) }
    // Without dumps of others there is nothing to remove: the quota is a limit.
    let limit = CoredumpRoom(
      folder: -1,
      quota: CoredumpFolder.Quota(maximumCount: 1, maximumByteCount: maximumByteCount), dumps: [])
    do throws(CoredumpError) {
      var sink = CoredumpFileSink(file: file, room: limit)
      report = try source.write(to: &sink)
    } catch {
      close(file)
      throw error
    }
  }

  deinit { close(file) }

  /// Up to `count` bytes from `offset` on; fewer at the end.
  ///
  /// - Throws: ``CoredumpError/system(_:errno:offset:)``.
  public func bytes(at offset: UInt64, count: Int) throws(CoredumpError) -> [UInt8] {
    try CoredumpFileReader.bytes(of: file, at: offset, count: count)
  }

  /// Writes the dump to `sink`, holes as holes, in at most ``timeLimit``.
  ///
  /// - Throws: ``CoredumpError/timedOut(after:written:byteCount:)``, or the sink's error.
  public func write(
    to sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) -> CoredumpReport {
    let deadline = MonotonicTime.now.advanced(by: timeLimit)
    var position: UInt64 = 0
    while position < byteCount {
      guard MonotonicTime.now < deadline else {
        throw .timedOut(after: timeLimit, written: position, byteCount: byteCount)
      }
      let data = nextData(from: position)
      if data > position { try sink.skip(data - position, until: deadline) }
      guard data < byteCount else { break }
      let count = min(UInt64(CoredumpWriter.chunkByteCount), nextHole(from: data) - data)
      let bytes = try bytes(at: data, count: Int(count))
      guard !bytes.isEmpty else { throw .system(.read, errno: EIO, offset: data) }
      // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
      try unsafe sink.write(bytes.span.bytes, until: deadline)
      position = data + UInt64(bytes.count)
    }
    try sink.finish()
    return report
  }

  /// Where the next bytes are that were written, at or after `offset`; the end if there are none.
  private func nextData(from offset: UInt64) -> UInt64 {
    let found = lseek(file, off_t(offset), 3 /* to data */)
    return found < 0 ? byteCount : min(UInt64(found), byteCount)
  }

  /// The end of the bytes at `offset` that were written.
  private func nextHole(from offset: UInt64) -> UInt64 {
    let found = lseek(file, off_t(offset), 4 /* to a hole */)
    return found < 0 ? byteCount : min(UInt64(found), byteCount)
  }
}
