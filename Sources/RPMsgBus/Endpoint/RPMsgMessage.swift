public import RPMsg
import WireTypes

/// A received message with a copy of its own of the payload.
public struct RPMsgMessage: Equatable, Sendable {
  /// The endpoint of the remote that sent it.
  public let source: EndpointAddress
  /// Our endpoint.
  public let destination: EndpointAddress
  /// The payload.
  public let payload: [UInt8]

  /// Makes a message; nothing is sent.
  public init(source: EndpointAddress, destination: EndpointAddress, payload: [UInt8]) {
    self.source = source
    self.destination = destination
    self.payload = payload
  }

  /// Copies a message that a handler got.
  public init(_ header: RPMsgHeader, _ payload: RawSpan) {
    self.init(
      source: header.source, destination: header.destination,
      payload: (0..<payload.byteCount).map { payload.littleEndian(at: $0) })
  }
}

/// Calls of an endpoint for each message it receives.
///
/// The bytes are a private copy that is valid during the call only; it holds as many bytes as the
/// header says. The call comes without a lock held from the thread that feeds the bus
/// notifications: never two at once for one bus, and nothing else is received until it returns.
/// It may send, also to the sender, and close endpoints, its own included.
public typealias RPMsgHandler =
  @Sendable (_ endpoint: RPMsgEndpoint, _ header: RPMsgHeader, _ payload: RawSpan) -> Void

/// What a stream does with a message that finds its queue full.
public enum RPMsgOverflowPolicy: Equatable, Sendable {
  /// The message that came last is dropped and counted.
  case dropNewest
  /// The message that waited longest is dropped and counted.
  case dropOldest
  /// No message is dropped: the bus receives nothing more, for any endpoint, until there is room,
  /// so that the ring fills and the remote has to wait.
  case holdBack
}
