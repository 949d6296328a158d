import CLinux
import Glibc

/// Bytes of a file by position.
enum CoredumpFileReader {
  /// Up to `count` bytes from `offset` on; fewer at the end of the file.
  static func bytes(
    of file: Int32, at offset: UInt64, count: Int
  ) throws(CoredumpError) -> [UInt8] {
    guard offset <= UInt64(Int64.max) else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      // SAFETY: the kernel writes only bytes of the array, from `done` on.
      let more = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(
          file, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done,
          off_t(offset) + off_t(done))
      }
      if more < 0 {
        let code = rproc_errno()
        guard code == EINTR else { throw .system(.read, errno: code, offset: offset) }
        continue
      }
      if more == 0 { break }
      done += more
    }
    bytes.removeLast(count - done)
    return bytes
  }
}
