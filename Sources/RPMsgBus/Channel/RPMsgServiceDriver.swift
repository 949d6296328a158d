public import WireTypes

/// Code that serves every channel of one name.
///
/// The bus calls without a lock held, so both methods may send, open, close and register. Calls
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

  /// Says that a channel which ``probe(_:)`` has accepted is gone; its endpoint is closed already.
  func remove(_ channel: RPMsgChannel)
}

extension RPMsgServiceDriver {
  /// Does nothing.
  public func remove(_ channel: RPMsgChannel) {}
}
