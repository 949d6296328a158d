import CLinux
import Glibc
import Scheduling

/// One end of the Unix stream socket between two processes: a kick is one byte, without a ring id.
///
/// Any thread may call.
final class PeerSocket: Sendable {
  /// What reading the socket found.
  enum Drained: Equatable {
    /// At least one kick, all of them read.
    case kicked
    /// No kick.
    case nothing
    /// The other end is closed; kicks that came before are read.
    case closed
  }

  private let descriptor: OwnedDescriptor
  private static var kickByte: UInt8 { 1 }

  init(adopting descriptor: OwnedDescriptor) { self.descriptor = descriptor }

  var number: Int32 { descriptor.number }

  /// Tells the other side to look at its rings.
  ///
  /// Never waits: a socket that is full has kicks enough for the other side to wake up by. Source:
  /// practice (about 278 bytes that nobody reads fill one).
  func kick() {
    var byte = Self.kickByte
    // SAFETY: one byte of ours. A peer that is gone is told by who reads.
    _ = unsafe send(number, &byte, 1, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
  }

  /// Reads all kicks that wait; whatever their bytes are, they carry nothing.
  func drain() -> Drained {
    var result = Drained.nothing
    var bytes = InlineArray<512, UInt8>(repeating: 0)
    // A peer that kicks without end gets its turn, not all of ours.
    for _ in 0..<16 {
      var span = bytes.mutableSpan
      // SAFETY: the call writes at most as many bytes as it is told there are.
      let count = unsafe span.withUnsafeMutableBytes { buffer in
        unsafe recv(number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      }
      if count > 0 {
        result = .kicked
        if count < bytes.count { continue }
      } else if count == 0 {
        return .closed
      } else {
        return errno == EAGAIN || errno == EINTR ? result : .closed
      }
    }
    return result
  }

  /// The process at the other end; negative when the system does not say.
  var peerProcess: Int32 { rproc_peer_process(number) }

  /// Ends the connection for both sides; threads that wait for it wake up.
  func close() { _ = shutdown(number, Int32(SHUT_RDWR)) }

  /// Waits until there is something to read, or until `deadline`.
  func wait(until deadline: MonotonicTime) {
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    let left = MonotonicTime.now.millisecondsLeft(until: deadline)
    _ = unsafe poll(&entry, 1, left)
  }
}

extension PeerSocket {
  /// Connects to who listens on `path`; `nil` when nobody does.
  static func connect(to path: String) throws(ProcessError) -> PeerSocket? {
    let descriptor = try makeSocket()
    let result = unsafe SocketAddress(path).withPointer { address, count in
      unsafe Glibc.connect(descriptor.number, address, count)
    }
    if result == 0 { return PeerSocket(adopting: descriptor) }
    switch errno {
    case ENOENT, ECONNREFUSED, EAGAIN, EINTR: return nil
    default: throw .system(.connect, errno: errno)
    }
  }

  static func makeSocket() throws(ProcessError) -> OwnedDescriptor {
    let number = rproc_local_socket(Int32(SOCK_STREAM.rawValue))
    guard number >= 0 else { throw .system(.makeSocket, errno: errno) }
    return OwnedDescriptor(number)
  }
}

/// A remote's ear: bound to a path, until the host has connected.
struct PeerListener: ~Copyable {
  private let descriptor: OwnedDescriptor
  private let path: String

  /// Listens on `path`; a socket that nobody listens on any more is replaced.
  init(path: String) throws(ProcessError) {
    let descriptor = try PeerSocket.makeSocket()
    unsafe unlink(path)
    let bound = unsafe SocketAddress(path).withPointer { address, count in
      unsafe bind(descriptor.number, address, count)
    }
    // One connection only: whoever comes second is refused at once.
    guard bound == 0, listen(descriptor.number, 1) == 0 else {
      throw .system(.listen, errno: errno)
    }
    self.descriptor = descriptor
    self.path = path
  }

  deinit { unsafe unlink(path) }

  /// The host's connection, if it comes before `deadline`.
  func accept(until deadline: MonotonicTime?) throws(ProcessError) -> PeerSocket? {
    var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    let left = deadline.map { MonotonicTime.now.millisecondsLeft(until: $0) } ?? -1
    guard unsafe poll(&entry, 1, left) > 0 else { return nil }
    let number = rproc_accept(descriptor.number)
    guard number >= 0 else { throw .system(.accept, errno: errno) }
    return PeerSocket(adopting: OwnedDescriptor(number))
  }
}

/// The address of a Unix socket.
struct SocketAddress {
  /// Bytes of a path, its NUL included.
  static let pathCapacity = 108

  private var address = sockaddr_un()

  /// - Precondition: the path is shorter than ``pathCapacity`` and has no NUL.
  init(_ path: String) {
    address.sun_family = sa_family_t(AF_UNIX)
    // SAFETY: the path has 108 bytes, which are all zero, and the text is shorter.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in path.utf8.prefix(Self.pathCapacity - 1).enumerated() {
        unsafe target[index] = byte
      }
    }
  }

  func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var copy = address
    // SAFETY: a socket address of this family, with its size.
    return unsafe withUnsafePointer(to: &copy) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe body(address, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}

extension MonotonicTime {
  /// Milliseconds, rounded up, from here to `deadline`; 0 when it is over.
  func millisecondsLeft(until deadline: MonotonicTime) -> Int32 {
    guard self < deadline else { return 0 }
    let nanoseconds = deadline.nanoseconds - self.nanoseconds
    return Int32(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
  }
}
