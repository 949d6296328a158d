public import RPMsgBus
public import RPMsgTransfers

/// Why a large message was not sent, or a channel for them cannot be used.
public enum LargeMessageError: Error, Equatable, Sendable {
  /// The channel cannot be opened, or sending failed for good.
  case bus(RPMsgBusError)
  /// The channel is closed: by us, by the remote, or because that has stopped or crashed.
  case remoteGone
  /// The message was not delivered, or the peer not greeted, within this time.
  case timedOut(after: Duration)
  /// The task that waited was cancelled.
  case cancelled
  /// The peer does not know large messages, and this one is longer than a buffer carries.
  case peerIsPlain(byteCount: Int, limit: Int)
  /// As many messages as the channel allows wait to be sent.
  case tooManyMessages(limit: Int)
  /// The transfer ended early; the channel goes on.
  case transfer(RPMsgTransferError)
  /// The name has no room for the suffix of large messages.
  case nameTooLong(byteCount: Int, limit: Int)
}

extension LargeMessageError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .bus(let error): error.description
    case .remoteGone: "the channel for large messages is closed"
    case .timedOut(let time): "not delivered within \(time)"
    case .cancelled: "sending was cancelled"
    case .peerIsPlain(let byteCount, let limit):
      "message of \(byteCount) bytes: the peer takes plain messages of \(limit) bytes alone"
    case .tooManyMessages(let limit): "\(limit) messages wait to be sent"
    case .transfer(let error): error.description
    case .nameTooLong(let byteCount, let limit):
      "service name of \(byteCount) bytes, at most \(limit) with large messages"
    }
  }
}
