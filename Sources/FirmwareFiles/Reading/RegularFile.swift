import CLinux
import Glibc

/// An open regular file that is read once, into one private copy.
///
/// The bytes come from one open descriptor, whatever happens to the path meanwhile; a file that
/// changes while it is read is refused. The path is never mapped, as another process could then
/// change bytes that were checked.
struct RegularFile: ~Copyable {
  /// The path for messages.
  let path: String
  private let descriptor: Int32
  private let status: stat

  /// Non-blocking: opening a FIFO that nobody writes to would wait for ever.
  private static var flags: Int32 { O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY }

  /// From this size on huge pages save the time of many page faults.
  private static var hugeByteCount: Int { 4 << 20 }

  /// Opens the file at `path`.
  init(path: String) throws(ImageFileError) {
    guard !path.utf8.contains(0) else { throw .badName(path) }
    let file = unsafe open(path, Self.flags)
    guard file >= 0 else { throw .system(.open, path: path, errno: errno) }
    try self.init(adopting: file, path: path)
  }

  /// Opens `name` below the directory that `directory` is open on; no symbolic link may lead out.
  ///
  /// Returns `nil` when there is no such file.
  init?(below directory: Int32, _ name: String, path: String) throws(ImageFileError) {
    var file = unsafe rproc_open_beneath(directory, name, Self.flags)
    var attempts = 0
    // Renames elsewhere in the tree can make the walk uncertain; the system then asks to try again.
    while file < 0, errno == EAGAIN, attempts < 16 {
      attempts += 1
      file = unsafe rproc_open_beneath(directory, name, Self.flags)
    }
    if file < 0, errno == ENOSYS || errno == EPERM {
      // Systems without the call: then no link at all in the last place.
      file = unsafe openat(directory, name, Self.flags | O_NOFOLLOW)
    }
    guard file >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: return nil
      case EXDEV: throw .leavesDirectory(path: path)
      default: throw .system(.open, path: path, errno: errno)
      }
    }
    try self.init(adopting: file, path: path)
  }

  private init(adopting file: Int32, path: String) throws(ImageFileError) {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else {
      let code = errno
      close(file)
      throw .system(.inspect, path: path, errno: code)
    }
    if let kind = ImageFileError.Kind(mode: status.st_mode) {
      close(file)
      throw .notRegular(kind, path: path)
    }
    descriptor = file
    self.path = path
    self.status = status
  }

  deinit { close(descriptor) }

  /// All bytes, at most `limit`.
  ///
  /// - Throws: ``ImageFileError/tooLarge(byteCount:limit:path:)`` before anything is allocated,
  ///   ``ImageFileError/changed(path:expected:found:)``, or
  ///   ``ImageFileError/system(_:path:errno:)``.
  func readAll(limit: Int) throws(ImageFileError) -> [UInt8] {
    let expected = Int(status.st_size)
    guard expected <= limit else {
      throw .tooLarge(byteCount: expected, limit: limit, path: path)
    }
    var failure: ImageFileError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: expected + 1) { buffer, count in
      unsafe Self.adviseHugePages(buffer)
      do throws(ImageFileError) { count = try unsafe read(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    guard bytes.count == expected else {
      throw .changed(path: path, expected: expected, found: bytes.count)
    }
    try checkUnchanged()
    return bytes
  }

  /// Reads until the buffer is full or the file ends.
  private func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(ImageFileError) -> Int {
    var total = 0
    while total < buffer.count {
      // SAFETY: the kernel writes at most the bytes that are left of the buffer.
      let count = unsafe Glibc.read(
        descriptor, buffer.baseAddress?.advanced(by: total), buffer.count - total)
      if count == 0 { return total }
      if count > 0 {
        total += count
      } else if errno != EINTR {
        throw .system(.read, path: path, errno: errno)
      }
    }
    return total
  }

  private func checkUnchanged() throws(ImageFileError) {
    var now = stat()
    guard unsafe fstat(descriptor, &now) == 0 else {
      throw .system(.inspect, path: path, errno: errno)
    }
    guard now.st_size == status.st_size, now.st_mtim.tv_sec == status.st_mtim.tv_sec,
      now.st_mtim.tv_nsec == status.st_mtim.tv_nsec
    else {
      throw .changed(path: path, expected: Int(status.st_size), found: Int(now.st_size))
    }
  }

  private static func adviseHugePages(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
    guard buffer.count >= hugeByteCount, let base = buffer.baseAddress else { return }
    // SAFETY: an advice about our own memory; it changes no byte, and may be refused.
    unsafe rproc_advise_huge_pages(base, buffer.count)
  }
}

extension ImageFileError.Kind {
  /// What a file of this mode is; `nil` for a regular one.
  fileprivate init?(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: return nil
    case S_IFDIR: self = .directory
    case S_IFIFO: self = .fifo
    case S_IFSOCK: self = .socket
    default: self = .device
    }
  }
}
