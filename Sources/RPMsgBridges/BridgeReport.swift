public import RPMsgBus

/// What happens on a bridge.
public enum BridgeReport: Equatable, Sendable {
  /// A channel of the bridge's name appeared and was opened; messages go through from now on.
  case opened
  /// The channel is gone; who is outside waits for the next one, or is hung up on (sockets).
  case closed
  /// Somebody connected to the socket; `count` are connected now.
  case connected(count: Int)
  /// Somebody has left the socket; `count` are connected now.
  case disconnected(count: Int)
  /// A message of so many bytes went to the remote.
  case sent(byteCount: Int)
  /// A message of so many bytes came from the remote.
  case received(byteCount: Int)
  /// So many bytes from the remote were dropped, as nobody outside reads them fast enough.
  case overflowed(byteCount: Int)
  /// So many bytes from outside did not reach the remote.
  case unsent(byteCount: Int, RPMsgBusError)
  /// There is no more input, and all of it was sent.
  case inputEnded
  /// Nobody can read the output any more.
  case outputClosed
}
