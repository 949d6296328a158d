/// What a bus has counted since it was bound.
public struct RPMsgBusStatistics: Equatable, Sendable {
  /// Messages taken by endpoints.
  public var receivedMessages: UInt64 = 0
  /// Messages dropped for whatever reason, by the bus or by a full queue of an endpoint.
  public var droppedMessages: UInt64 = 0
  /// Messages put into the transmit ring.
  public var sentMessages: UInt64 = 0
  /// Sends that had to wait for a free buffer.
  public var blockedSends: UInt64 = 0
  /// Kicks of the remote.
  public var kicks: UInt64 = 0
  /// Notifications by the remote.
  public var notifications: UInt64 = 0
  /// Notifications that named neither ring of this bus.
  public var unknownNotifications: UInt64 = 0
}

/// What an endpoint has counted since it was made.
public struct RPMsgEndpointStatistics: Equatable, Sendable {
  /// Messages sent.
  public var sentMessages: UInt64 = 0
  /// Bytes of payload sent.
  public var sentBytes: UInt64 = 0
  /// Messages received.
  public var receivedMessages: UInt64 = 0
  /// Bytes of payload received.
  public var receivedBytes: UInt64 = 0
  /// Received messages that found the queue of the endpoint's stream full.
  public var droppedMessages: UInt64 = 0
  /// The most messages that have waited in the queue of the endpoint's stream at a time.
  public var queueHighWaterMark = 0
}
