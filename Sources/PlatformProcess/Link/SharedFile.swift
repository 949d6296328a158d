import CLinux
import Glibc
import SharedMemory

/// The file that two processes map, opened by its path.
///
/// A host holds a lock of it as long as it uses it, so that a second host is refused. It is one of
/// the open file description: libmetal, in the remote, waits for that of `flock`.
final class SharedFile: Sendable {
  static let pageByteCount = SharedRegion.standardPageByteCount

  let region: SharedRegion
  private let descriptor: OwnedDescriptor
  private let path: String
  private let isOurs: Bool

  /// Who opens a file.
  enum Role {
    /// A host that starts its remote: the file is made anew, and removed at the end.
    case maker
    /// A host that comes to a remote which runs: the file is there.
    case visitor
    /// A remote: the file is made unless it is there, and stays.
    case remote
  }

  init(_ link: ProcessLink, as role: Role) throws(ProcessError) {
    try link.check()
    path = link.file
    let file = try Self.open(link.file, role)
    let descriptor = OwnedDescriptor(file)
    if role != .remote, rproc_lock_file(file) != 0 {
      let code = errno
      throw code == EAGAIN
        ? .inUse(file: link.file) : .system(.openFile, errno: code)
    }
    let end = lseek(file, 0, SEEK_END)
    if role != .visitor, end < link.byteCount, ftruncate(file, link.byteCount) != 0 {
      throw .system(.resizeFile, errno: errno)
    }
    do throws(SharedMemoryError) {
      region = try SharedRegion(trusting: file, byteCount: link.byteCount)
    } catch {
      if case .tooShort(let needed, let available) = error {
        throw .fileTooShort(needed: needed, available: available)
      }
      throw .memory(error)
    }
    self.descriptor = descriptor
    isOurs = role == .maker
  }

  deinit { if isOurs { unsafe unlink(path) } }

  private static func open(_ path: String, _ role: Role) throws(ProcessError) -> Int32 {
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW
    if role == .maker { try removeOld(path) }
    let extra =
      switch role {
      case .maker: O_CREAT | O_EXCL
      case .visitor: Int32(0)
      case .remote: O_CREAT
      }
    let file = unsafe Glibc.open(path, flags | extra, 0o600)
    guard file >= 0 else { throw .system(.openFile, errno: errno) }
    return file
  }

  /// Removes what an earlier run left, unless another host uses it.
  private static func removeOld(_ path: String) throws(ProcessError) {
    let file = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else {
      if errno == ENOENT { return }
      throw .system(.openFile, errno: errno)
    }
    defer { close(file) }
    guard rproc_lock_file(file) == 0 else {
      let code = errno
      throw code == EAGAIN ? .inUse(file: path) : .system(.openFile, errno: code)
    }
    guard unsafe unlink(path) == 0 else { throw .system(.openFile, errno: errno) }
  }
}

/// A descriptor that is closed with its last owner.
final class OwnedDescriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}
