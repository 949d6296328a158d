public import Vring
public import WireTypes

/// How the other process is told of new buffers; copies are cheap, any thread may kick.
///
/// A kick names no ring: the other side looks at all of them. It never waits, and does nothing once
/// the connection has ended.
public struct ProcessBell: Doorbell {
  let line: KickLine?

  /// Kicks the other process.
  public func kick(_ id: NotifyID) { line?.kick() }
}

/// One connection's way of kicking.
final class KickLine: Sendable {
  let socket: PeerSocket
  /// In use in place of the socket; `nil`: the other side has no such thing.
  let shared: SharedDoorbell?

  init(_ socket: PeerSocket, shared: SharedDoorbell?) {
    self.socket = socket
    self.shared = shared
  }

  func kick() {
    if let shared { shared.kick() } else { socket.kick() }
  }
}
