public import RPMsgBus
public import RPMsgServices

/// Why a call of a service gave no answer.
public enum ServiceCallError: Error, Equatable, Sendable {
  /// It could not be sent, or the channel not be opened.
  case bus(RPMsgBusError)
  /// The channel is closed: by us, by the remote, or because that has stopped or crashed.
  case remoteGone
  /// No answer came for this long.
  case timedOut(after: Duration)
  /// The task that waited was cancelled.
  case cancelled
  /// As many calls as the client allows wait for their answers.
  case tooManyCalls(limit: Int)
  /// The server did not do it.
  case refused(ServiceStatus)
  /// The answer is not what the service says.
  case malformedResponse(RPMsgServiceError)
  /// A frame of the service is longer than a buffer can carry; both numbers are bytes of payload.
  case frameTooLong(byteCount: Int, limit: Int)
}

extension ServiceCallError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .bus(let error): error.description
    case .remoteGone: "the channel of the service is closed"
    case .timedOut(let time): "no answer within \(time)"
    case .cancelled: "the call was cancelled"
    case .tooManyCalls(let limit): "\(limit) calls wait for their answers"
    case .refused(let status): "the server refused: \(status)"
    case .malformedResponse(let error): "malformed response: \(error)"
    case .frameTooLong(let byteCount, let limit):
      "service frames of \(byteCount) bytes are longer than the \(limit) bytes a buffer carries"
    }
  }
}
