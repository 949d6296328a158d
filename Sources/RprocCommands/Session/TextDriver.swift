import Foundation
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
    // On a thread of its own: where the channel is told of, nobody takes the answers meanwhile,
    // and a remote whose buffers are all under way would never give one back.
    Thread.detachNewThread { say(on: channel, through: endpoint) }
  }

  private func say(on channel: RPMsgChannel, through endpoint: RPMsgEndpoint) {
    for text in texts {
      let bytes = Array(text.utf8)
      // Told first, as the answer may come before the send returns.
      let message = RPMsgMessage(
        source: endpoint.address, destination: channel.remoteAddress, payload: bytes)
      hub.log.add(.message(MessageEvent(message, on: channel, .sent, showsText: true)))
      do throws(RPMsgBusError) {
        // SAFETY: bytes have no padding.
        try unsafe endpoint.send(bytes.span.bytes, within: .seconds(1))
      } catch {
        return hub.fail(error, on: channel)
      }
    }
  }
}
