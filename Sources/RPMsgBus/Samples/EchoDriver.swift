import RPMsg
public import WireTypes

/// Sends every message of a channel back to where it came from.
///
/// When it opens a channel it sends an empty message, as a remote cannot send before it has got
/// one: only then does it know our address.
public struct EchoDriver: RPMsgServiceDriver {
  /// What happens on a channel that the driver serves.
  public enum Report: Equatable, Sendable {
    /// A message has come.
    case received(RPMsgMessage)
    /// It was sent back.
    case sent(RPMsgMessage)
    /// It could not be sent back.
    case failed(RPMsgBusError)
  }

  /// The name of the channels that the driver serves.
  public let channelName: WireName
  private let report: @Sendable (RPMsgChannel, Report) -> Void

  /// Makes the driver.
  ///
  /// - Parameters:
  ///   - channelName: which channels to serve.
  ///   - report: told of each message, without a lock held.
  public init(
    channelName: WireName, report: @escaping @Sendable (RPMsgChannel, Report) -> Void
  ) {
    self.channelName = channelName
    self.report = report
  }

  /// Opens the channel and sends an empty message.
  public func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let report = { @Sendable [report] (step: Report) in report(channel, step) }
    let endpoint = try channel.open { endpoint, header, payload in
      report(.received(RPMsgMessage(header, payload)))
      do throws(RPMsgBusError) {
        try endpoint.send(payload, to: header.source, within: .seconds(1))
        report(
          .sent(
            RPMsgMessage(
              source: endpoint.address, destination: header.source,
              payload: RPMsgMessage(header, payload).payload)))
      } catch { report(.failed(error)) }
    }
    try endpoint.sendNothing()
  }
}

extension RPMsgEndpoint {
  /// Sends a message without payload, by which the remote learns our address.
  func sendNothing() throws(RPMsgBusError) {
    let nothing: [UInt8] = []
    // SAFETY: bytes have no padding.
    try unsafe send(nothing.span.bytes, within: .seconds(1))
  }
}
