import Foundation

/// A firmware file, read once: what is checked, hashed and booted is the same bytes.
package struct ImageFile: Equatable, Sendable {
  /// The path as the user gave it.
  package let path: String
  /// All bytes of the file.
  package let bytes: [UInt8]

  /// The largest file that is read, in bytes.
  package static let maxByteCount = 256 << 20

  /// Takes `bytes` as if they had been read from `path`.
  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// Opens and reads the file at `path`.
  ///
  /// Symbolic links are followed, as the user named the path. What is not a regular file is
  /// refused without waiting for it.
  ///
  /// - Throws: ``ImageFileError``.
  package init(path: String) throws(ImageFileError) {
    // Non-blocking: opening a FIFO that nobody writes to would wait for ever.
    let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard file >= 0 else { throw .system(.open, path: path, errno: errno) }
    defer { close(file) }
    let byteCount = try Self.checkedByteCount(of: file, path: path)
    let bytes = try Self.readAll(file, expected: byteCount, path: path)
    self.init(path: path, bytes: bytes)
  }

  /// The last component of the path.
  package var name: String { String(path.split(separator: "/").last ?? "") }

  private static func checkedByteCount(
    of file: Int32, path: String
  ) throws(ImageFileError) -> Int {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else {
      throw .system(.inspect, path: path, errno: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .notRegular(.directory, path: path)
    case S_IFIFO: throw .notRegular(.fifo, path: path)
    case S_IFSOCK: throw .notRegular(.socket, path: path)
    default: throw .notRegular(.device, path: path)
    }
    guard status.st_size <= maxByteCount else {
      throw .tooLarge(byteCount: Int(status.st_size), limit: maxByteCount, path: path)
    }
    return Int(status.st_size)
  }

  private static func readAll(
    _ file: Int32, expected: Int, path: String
  ) throws(ImageFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(expected)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes { buffer in
        // SAFETY: the kernel writes at most the bytes of the buffer.
        unsafe read(file, buffer.baseAddress, buffer.count)
      }
      if count < 0 {
        guard errno == EINTR else { throw .system(.read, path: path, errno: errno) }
        continue
      }
      if count == 0 { return bytes }
      // The file may grow while it is read.
      guard bytes.count + count <= maxByteCount else {
        throw .tooLarge(byteCount: bytes.count + count, limit: maxByteCount, path: path)
      }
      bytes += chunk[..<count]
    }
  }
}
