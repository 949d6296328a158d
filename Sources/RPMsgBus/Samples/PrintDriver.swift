import RPMsg
public import WireTypes

/// Hands every message of a channel to the application.
///
/// When it opens a channel it sends an empty message, as a remote cannot send before it has got
/// one: only then does it know our address.
public struct PrintDriver: RPMsgServiceDriver {
  /// The name of the channels that the driver serves.
  public let channelName: WireName
  private let report: @Sendable (RPMsgChannel, RPMsgMessage) -> Void

  /// Makes the driver.
  ///
  /// - Parameters:
  ///   - channelName: which channels to serve.
  ///   - report: gets each message, without a lock held.
  public init(
    channelName: WireName, report: @escaping @Sendable (RPMsgChannel, RPMsgMessage) -> Void
  ) {
    self.channelName = channelName
    self.report = report
  }

  /// Opens the channel and sends an empty message.
  public func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let endpoint = try channel.open { [report] _, header, payload in
      report(channel, RPMsgMessage(header, payload))
    }
    try endpoint.sendNothing()
  }
}
