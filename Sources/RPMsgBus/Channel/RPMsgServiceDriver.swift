public import WireTypes

/// Code that serves every channel of one name.
///
/// The bus calls without a lock held, so all methods may send, open, close and register. Calls
/// come from the thread that feeds the bus notifications, or from the one that registers the
/// driver or closes the bus.
public protocol RPMsgServiceDriver: Sendable {
  /// The name of the channels that the driver serves, byte by byte.
  var channelName: WireName { get }

  /// Takes over a channel that appeared, by opening it; one left unopened stays free for others.
  ///
  /// - Throws: what went wrong. The channel is closed again and the bus reports
  ///   ``RPMsgBusEvent/probeFailed(name:remoteAddress:_:)``.
  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError)

  /// Says that the remote has shown that it knows our end of a channel which ``probe(_:)`` has
  /// opened, so that it can send: it is called once, before the first message is handed out.
  func peerReady(_ channel: RPMsgChannel)

  /// Says that a channel which ``probe(_:)`` has accepted is gone; its endpoint is closed already.
  func remove(_ channel: RPMsgChannel)
}

extension RPMsgServiceDriver {
  /// Does nothing.
  public func peerReady(_ channel: RPMsgChannel) {}

  /// Does nothing.
  public func remove(_ channel: RPMsgChannel) {}
}
