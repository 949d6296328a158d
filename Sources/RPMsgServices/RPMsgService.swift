public import WireTypes

/// What one side offers to the other on a channel: a name and the types of its messages.
///
/// A client sends requests, each of which gets one response with its number; the server may also
/// send events that nobody asked for one by one. A service is described once, in a module that the
/// host and the firmware both import; nothing is ever made of the type itself.
public protocol RPMsgService: Sendable {
  /// What a client asks.
  associatedtype Request: WireMessage
  /// What it is answered.
  associatedtype Response: WireMessage
  /// What the server tells by itself; ``EmptyMessage`` for none.
  associatedtype Event: WireMessage

  /// The name of the channel; at most 31 bytes.
  static var name: WireName { get }
}

extension RPMsgService {
  /// Bytes of the longest frame of the service, header included; a buffer must carry it.
  @inlinable
  public static var maximumFrameByteCount: Int {
    ServiceFrame.headerByteCount
      + max(Request.maximumByteCount, max(Response.maximumByteCount, Event.maximumByteCount))
  }
}
