import CLinux
import Glibc

/// A Unix socket that keeps messages apart (SOCK_SEQPACKET), for clients to connect to.
struct MessageSocket: ~Copyable, Sendable {
  /// What clients are accepted from.
  let listener: Descriptor
  private let path: String
  private let identity: FileIdentity?
  /// Clients that may wait to be accepted.
  private static var backlog: Int32 { 64 }

  /// Listens at `path`.
  ///
  /// A socket of that name that nobody listens on, as a killed process leaves it, is replaced.
  init(path: String) throws(BridgeError) {
    let (address, length) = try Self.address(path)
    guard let listener = Self.makeSocket() else { throw .system(.bind, path: path, errno: errno) }
    if !Self.bind(listener.number, address, length) {
      guard errno == EADDRINUSE else { throw .system(.bind, path: path, errno: errno) }
      guard Self.isLeftOver(address, length) else { throw .pathInUse(path: path) }
      guard unsafe unlink(path) == 0, Self.bind(listener.number, address, length) else {
        throw .system(.bind, path: path, errno: errno)
      }
    }
    guard listen(listener.number, Self.backlog) == 0 else {
      let code = errno
      _ = unsafe unlink(path)
      throw .system(.bind, path: path, errno: code)
    }
    self.listener = listener
    self.path = path
    identity = FileIdentity(path: path)
  }

  deinit {
    // Only if it is still ours.
    if identity != nil, FileIdentity(path: path) == identity { _ = unsafe unlink(path) }
  }

  /// A client that waits, or `nil`.
  func accept() -> Descriptor? {
    Descriptor(owning: rproc_accept(listener.number))
  }

  private static func makeSocket() -> Descriptor? {
    Descriptor(owning: rproc_local_socket(Int32(SOCK_SEQPACKET.rawValue)))
  }

  private static func address(
    _ path: String
  ) throws(BridgeError) -> (sockaddr_un, socklen_t) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // One byte for the end of the text.
    let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard bytes.count <= limit else {
      throw .pathTooLong(path: path, byteCount: bytes.count, limit: limit)
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in bytes.enumerated() { unsafe target[index] = byte }
    }
    return (address, socklen_t(MemoryLayout<sockaddr_un>.size))
  }

  private static func bind(
    _ socket: Int32, _ address: sockaddr_un, _ length: socklen_t
  ) -> Bool {
    // SAFETY: a Unix address is a kind of the general one, and lives during the call.
    unsafe withUnsafeBytes(of: address) { bytes in
      unsafe Glibc.bind(
        socket, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, length) == 0
    }
  }

  /// Whether there is a socket at `address` that refuses to be connected to.
  private static func isLeftOver(_ address: sockaddr_un, _ length: socklen_t) -> Bool {
    guard let probe = makeSocket() else { return false }
    // SAFETY: as for `bind`.
    let result = unsafe withUnsafeBytes(of: address) { bytes in
      unsafe connect(
        probe.number, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, length)
    }
    return result != 0 && errno == ECONNREFUSED && FileIdentity.isSocket(address)
  }
}

/// Which file a name leads to.
private struct FileIdentity: Equatable {
  let device: UInt64
  let number: UInt64

  init?(path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }

  static func isSocket(_ address: sockaddr_un) -> Bool {
    var status = stat()
    // SAFETY: the name ends with a zero inside the array: it was written that way.
    let result = unsafe withUnsafeBytes(of: address.sun_path) { bytes in
      guard let name = unsafe bytes.assumingMemoryBound(to: CChar.self).baseAddress else {
        return Int32(-1)
      }
      return unsafe lstat(name, &status)
    }
    return result == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }
}
