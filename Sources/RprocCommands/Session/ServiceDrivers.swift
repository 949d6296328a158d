import RPMsg
import RPMsgBus
import RemoteprocVirtio
import WireTypes

/// Lets the drivers that the user chose serve channels, and puts what they report into the log.
struct ServiceDrivers {
  /// What they report to.
  let hub: SessionHub

  /// Registers the driver of `service`.
  func register(_ service: ServiceChoice, on messages: RPMsgSubdevice) {
    let name = WireName(service.name as String)
    if !service.texts.isEmpty {
      return messages.register(TextDriver(channelName: name, texts: service.texts, hub: hub))
    }
    switch service.handler {
    case .echo: messages.register(echo(name))
    case .print: messages.register(printer(name))
    case .sample: messages.register(sample(name))
    }
  }

  private func echo(_ name: WireName) -> EchoDriver {
    EchoDriver(channelName: name) { [hub] channel, report in
      switch report {
      case .received(let message):
        hub.log.add(.message(MessageEvent(message, on: channel, .received)))
      case .sent(let message):
        hub.log.add(.message(MessageEvent(message, on: channel, .sent)))
        hub.count { summary in
          summary.messages += 1
          summary.bytes += UInt64(message.payload.count)
        }
      case .failed(let error): hub.fail(error, on: channel)
      }
    }
  }

  private func printer(_ name: WireName) -> PrintDriver {
    PrintDriver(channelName: name) { [hub] channel, message in
      hub.show(message, from: channel)
    }
  }

  private func sample(_ name: WireName) -> SampleClientDriver {
    SampleClientDriver(channelName: name) { [hub] channel, report in
      switch report {
      case .greeted(let number, let message):
        hub.log.add(
          .message(
            MessageEvent(message, on: channel, .sent, number: number, showsText: true)))
      case .answered(let number, let message):
        hub.log.add(
          .message(
            MessageEvent(message, on: channel, .received, number: number, showsText: true)))
        hub.count { summary in
          summary.messages += 1
          summary.bytes += UInt64(message.payload.count)
        }
      case .goodbye(_, let roundTrips):
        hub.count { $0.latency = SummaryEvent.Latency(roundTrips) }
        hub.log.add(
          .channel(
            name: channel.name.description, address: channel.remoteAddress.rawValue, .finished))
      case .failed(let error): hub.fail(error, on: channel)
      case .interrupted: break
      }
    }
  }
}

extension SessionHub {
  /// Shows a message that came, and counts it.
  func show(_ message: RPMsgMessage, from channel: RPMsgChannel) {
    log.add(.message(MessageEvent(message, on: channel, .received, showsText: true)))
    count { summary in
      summary.messages += 1
      summary.bytes += UInt64(message.payload.count)
    }
  }

  /// Tells of a driver's failure, unless it comes from the end of the session.
  func fail(_ error: RPMsgBusError, on channel: RPMsgChannel) {
    guard error != .remoteGone else { return }
    log.add(.error(Failure(error, about: "channel \(channel.name)", status: .remoteFailed)))
  }
}

extension MessageEvent {
  init(
    _ message: RPMsgMessage, on channel: RPMsgChannel, _ direction: Direction,
    number: Int? = nil, showsText: Bool = false
  ) {
    self.init(
      channel: channel.name.description, source: message.source.rawValue,
      destination: message.destination.rawValue, byteCount: message.payload.count,
      direction: direction, number: number,
      text: showsText ? String(decoding: message.payload, as: UTF8.self) : nil)
  }
}

extension SummaryEvent.Latency {
  init(_ histogram: LatencyHistogram) {
    func nanoseconds(_ duration: Duration) -> UInt64 {
      let parts = duration.components
      return UInt64(clamping: parts.seconds) &* 1_000_000_000
        &+ UInt64(clamping: parts.attoseconds / 1_000_000_000)
    }
    self.init(
      p50: nanoseconds(histogram.percentile(0.5)), p90: nanoseconds(histogram.percentile(0.9)),
      p99: nanoseconds(histogram.percentile(0.99)), max: nanoseconds(histogram.maximum))
  }
}
