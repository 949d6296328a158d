import Foundation
import RPMsgBridges
import RPMsgBus
import RemoteprocVirtio
import Scheduling
import WireTypes

/// The bridges of one run.
final class BridgeSet: Sendable {
  private let bridges: [RPMsgBridge]

  /// Makes the bridges of `choices`, and registers them with the messages of `hub`.
  ///
  /// - Throws: ``Failure`` with status 64, and nothing is left behind.
  init(_ choices: [BridgeChoice], hub: SessionHub) throws(Failure) {
    var bridges: [RPMsgBridge] = []
    var events: [BridgeEvent] = []
    for choice in choices {
      do throws(BridgeError) {
        let (bridge, event) = try Self.bridge(choice, hub)
        bridges.append(bridge)
        events.append(event)
      } catch {
        for bridge in bridges { bridge.close() }
        throw Failure(error, about: choice.option, status: .usage)
      }
    }
    self.bridges = bridges
    hub.expect(events)
    for bridge in bridges { hub.messages.register(bridge) }
  }

  /// Ends all bridges.
  func close() { for bridge in bridges { bridge.close() } }

  private static func bridge(
    _ choice: BridgeChoice, _ hub: SessionHub
  ) throws(BridgeError) -> (RPMsgBridge, BridgeEvent) {
    let name = WireName(choice.name as String)
    let event = choice.event
    let tell = { @Sendable (report: BridgeReport) in hub.note(report, of: event) }
    var ready = event
    let bridge: RPMsgBridge
    switch choice.outside {
    case .terminal(let link):
      bridge = try RPMsgBridge(channelName: name, terminalLink: link, report: tell)
      ready.terminal = bridge.path
    case .socket(let path):
      bridge = try RPMsgBridge(channelName: name, socket: path, report: tell)
    case .standardStreams:
      bridge = try RPMsgBridge(
        channelName: name, input: STDIN_FILENO, output: STDOUT_FILENO, report: tell)
    }
    return (bridge, ready)
  }
}

extension BridgeChoice {
  /// How the user asked for it.
  fileprivate var option: String {
    switch outside {
    case .terminal: "--pty"
    case .socket: "--socket"
    case .standardStreams: "--stdio"
    }
  }

  /// The event of its becoming ready.
  fileprivate var event: BridgeEvent {
    switch outside {
    case .terminal(let link):
      BridgeEvent(channel: name, kind: "pty", path: link, action: .ready)
    case .socket(let path):
      BridgeEvent(channel: name, kind: "socket", path: path, action: .ready)
    case .standardStreams: BridgeEvent(channel: name, kind: "stdio", path: "", action: .ready)
    }
  }
}

extension SessionHub {
  /// Tells of what happens on a bridge, and counts messages.
  fileprivate func note(_ report: BridgeReport, of bridge: BridgeEvent) {
    var event = bridge
    switch report {
    case .received(let byteCount):
      noteBridged()
      return count { summary in
        summary.messages += 1
        summary.bytes += UInt64(byteCount)
      }
    case .sent: return noteBridged()
    case .outputClosed: return noteBridgeUnread()
    case .opened: event.action = .opened
    case .closed: event.action = .closed
    case .connected(let count): event.action = .connected(count: count)
    case .disconnected(let count): event.action = .disconnected(count: count)
    case .overflowed(let byteCount): event.action = .overflowed(byteCount: byteCount)
    case .unsent(let byteCount, let error):
      event.action = .unsent(byteCount: byteCount, reason: "\(error)")
    case .inputEnded:
      noteInputEnd()
      event.action = .inputEnded
    }
    log.add(.bridge(event))
  }
}
