#if BOARD_VIRT_RV32
import BoardSupport
import RPMsg
import RPMsgServices
import SampleServices

/// Announces `sensor` and sends samples to its one subscriber, at the pace that it asks for.
///
/// The sensor is a made-up one: a wave, and what the firmware knows of itself.
@main
struct SensorFirmware {
  static func main() {
    var remote = Remote(image: "sensor", wait: .interrupt)
    let address = remote.announce("sensor")
    var server = RPMsgServiceServer<SensorService>()
    var sensor = Sensor()
    while true {
      remote.handleMessages(until: sensor.subscription?.due) { header, payload, transmitter in
        server.serve(header, payload, by: &transmitter) { (request) throws(ServiceRefusal) in
          try sensor.answer(request, to: header.source)
        }
      }
      while let subscription = sensor.subscription, let sample = sensor.takeDueSample() {
        var frame = InlineArray<496, UInt8>(repeating: 0)
        var span = frame.mutableSpan
        // SAFETY: every bit pattern is a valid byte.
        var buffer = unsafe span.mutableBytes
        let count = server.encode(sample, into: &buffer)
        // SAFETY: bytes have no padding.
        let bytes = unsafe frame.span.bytes
        // Without a buffer the sample is lost, which its client sees by the count of events.
        _ = remote.send(
          bytes.extracting(first: count), from: address, to: subscription.client)
      }
    }
  }
}

/// What is measured, and for whom.
struct Sensor {
  /// Who gets samples.
  struct Subscription {
    let client: EndpointAddress
    let interval: UInt32
    /// When the next sample is due, in microseconds of the clock.
    var due: UInt64
  }

  private(set) var subscription: Subscription?
  private var number: UInt32 = 0
  private var requestCount: Int32 = 0

  /// Does what a client asks.
  mutating func answer(
    _ request: SensorRequest, to client: EndpointAddress
  ) throws(ServiceRefusal) -> SensorSample {
    requestCount &+= 1
    let now = Clock.microseconds
    switch request {
    case .subscribe(let interval):
      if let subscription, subscription.client != client { throw ServiceRefusal(.busy) }
      subscription = Subscription(
        client: client, interval: interval, due: now &+ UInt64(interval))
    case .unsubscribe:
      if let subscription, subscription.client != client { throw ServiceRefusal(.busy) }
      subscription = nil
    case .read: break
    }
    return sample(at: now, late: 0)
  }

  /// The sample that is due, if one is.
  mutating func takeDueSample() -> SensorSample? {
    guard var subscription else { return nil }
    let now = Clock.microseconds
    guard subscription.due <= now else { return nil }
    let late = now &- subscription.due
    subscription.due &+= UInt64(subscription.interval)
    // After a pause, as when the board was suspended, samples are not made up for.
    if subscription.due <= now { subscription.due = now &+ UInt64(subscription.interval) }
    self.subscription = subscription
    return sample(at: now, late: late)
  }

  private mutating func sample(at time: UInt64, late: UInt64) -> SensorSample {
    number &+= 1
    var sample = SensorSample(number: number, time: time)
    sample.append(SensorSample.wave(number))
    sample.append(Int32(truncatingIfNeeded: min(late, UInt64(Int32.max))))
    sample.append(requestCount)
    return sample
  }
}
#else
import BoardSupport

/// The same for boards whose clock is not described: ends at once.
@main
struct SensorFirmware {
  static func main() { Core.exit(1) }
}
#endif
