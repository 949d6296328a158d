import RPMsg
import RPMsgBus
import WireTypes

/// Says what the user gave on the command line on each channel of a name, and shows what comes.
struct TextDriver: RPMsgServiceDriver {
  let channelName: WireName
  let texts: [String]
  let hub: SessionHub

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let endpoint = try channel.open { [hub] _, header, payload in
      hub.show(RPMsgMessage(header, payload), from: channel)
    }
    for text in texts {
      let bytes = Array(text.utf8)
      // Told first, as the answer may come before the send returns.
      let message = RPMsgMessage(
        source: endpoint.address, destination: channel.remoteAddress, payload: bytes)
      hub.log.add(.message(MessageEvent(message, on: channel, .sent, showsText: true)))
      // SAFETY: bytes have no padding.
      try unsafe endpoint.send(bytes.span.bytes, within: .seconds(1))
    }
  }
}
