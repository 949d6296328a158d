import RPMsg
import RPMsgBus
import Scheduling
import Testing
import WireTypes

@Suite("Ping", .timeLimit(.minutes(2)), .serialized)
struct PingTests {
  private func options(_ change: (inout PingOptions) -> Void) -> PingOptions {
    var options = PingOptions()
    change(&options)
    return options
  }

  private func channel(_ live: LiveBus, _ name: String = "echo") throws -> RPMsgChannel {
    let address = try live.fixture.far.announce(name)
    var found: RPMsgChannel?
    #expect(
      eventually {
        found = live.fixture.bus.channels.first { $0.remoteAddress == address }
        return found != nil
      })
    return try #require(found)
  }

  @Test(
    "Every byte comes back, whatever the size and the window",
    arguments: [
      (0, 1), (1, 1), (3, 4), (4, 4), (5, 3), (64, 1), (64, 8), (496, 16), (496, 64),
    ])
  func perfect(byteCount: Int, window: Int) throws {
    let live = try LiveBus(queueSize: 16)
    let channel = try channel(live)
    let result = try PingClient.run(
      on: channel,
      options {
        $0.messageCount = 500
        $0.byteCount = byteCount
        $0.window = window
        $0.timeout = .seconds(30)
      })
    #expect(result.isPerfect)
    #expect(result.sentCount == 500)
    #expect(result.receivedCount == 500)
    #expect(result.latency.count == 500)
    #expect(result.byteCount == byteCount)
    #expect(result.elapsed > .zero)
    #expect(channel.endpoint == nil)
    live.end()
  }

  @Test("A message too long for a buffer is refused before anything is sent")
  func tooLong() throws {
    let fixture = try BusFixture()
    let channel = try fixture.announce("echo")
    #expect(throws: RPMsgBusError.messageTooLong(byteCount: 497, limit: 496)) {
      try PingClient.run(on: channel, options { $0.byteCount = 497 })
    }
    #expect(channel.endpoint == nil)
    #expect(fixture.bus.statistics.sentMessages == 0)
    fixture.bus.close()
  }

  @Test("A remote that never answers, or only babbles, ends the run", arguments: [false, true])
  func silence(babbles: Bool) throws {
    let fixture = try BusFixture()
    let (bus, far, stop) = (fixture.bus, fixture.far, Flag())
    let channel = try fixture.announce("silent")
    let remote = TestThread {
      while !stop.isSet {
        do {
          for message in try far.poll() where babbles {
            for _ in 0..<3 { try far.send([1], from: message.destination, to: message.source) }
          }
        } catch { Issue.record(error) }
        _ = bus.notified()
      }
    }
    let result = try PingClient.run(
      on: channel,
      options {
        $0.messageCount = 1_000_000
        $0.timeout = .milliseconds(20)
        $0.timeoutLimit = 2
      })
    stop.set()
    remote.join()
    #expect(result.failure == .noAnswer(after: .milliseconds(40)))
    #expect(result.sentCount == 2)
    #expect(result.lostCount == 2)
    #expect(result.receivedCount == 0)
    // The last ones may come after the end.
    #expect(babbles ? (3...6).contains(result.wrongCount) : result.wrongCount == 0)
    bus.close()
  }

  @Test("What does not come back is lost, and what comes back changed is wrong")
  func lostAndWrong() throws {
    let fixture = try BusFixture()
    let (bus, far, stop) = (fixture.bus, fixture.far, Flag())
    let channel = try fixture.announce("echo")
    let count = Recorder<Int>()
    let remote = TestThread {
      while !stop.isSet {
        do {
          for message in try far.poll() {
            var payload = message.payload
            count.add(1)
            if count.count == 3 { continue }
            if count.count == 5 { payload[63] ^= 1 }
            if count.count == 7 { payload.removeLast() }
            try far.send(payload, from: message.destination, to: message.source)
          }
        } catch { Issue.record(error) }
        _ = bus.notified()
      }
    }
    let result = try PingClient.run(
      on: channel,
      options {
        $0.messageCount = 10
        // On a busy machine an answer may take long, and must not count as lost for that.
        $0.timeout = .seconds(2)
      })
    stop.set()
    remote.join()
    #expect(result.sentCount == 10)
    #expect(result.lostCount == 1)
    #expect(result.wrongCount == 2)
    #expect(result.receivedCount == 7)
    #expect(!result.isPerfect)
    bus.close()
  }

  @Test("A remote that goes away ends the ping with the reason")
  func remoteGone() throws {
    let fixture = try BusFixture()
    let bus = fixture.bus
    let channel = try fixture.announce("echo")
    let closer = TestThread {
      _ = eventually { bus.statistics.sentMessages > 0 }
      bus.close()
    }
    let result = try PingClient.run(on: channel, options { $0.timeout = .seconds(30) })
    closer.join()
    #expect(result.failure == .remoteGone)
    #expect(!result.isPerfect)
  }

  @Test("Percentiles are within 1/32 of the exact ones; the ends are exact")
  func histogram() {
    var histogram = LatencyHistogram()
    #expect(histogram.percentile(0.5) == .zero)
    #expect(histogram.minimum == .zero)
    for time in 1...100_000 as ClosedRange<UInt64> { histogram.record(nanoseconds: time) }
    #expect(histogram.count == 100_000)
    #expect(histogram.minimum == .nanoseconds(1))
    #expect(histogram.maximum == .nanoseconds(100_000))
    #expect(histogram.mean == .nanoseconds(50_000))
    for (fraction, exact) in [(0.0, 1), (0.5, 50_000), (0.9, 90_000), (0.99, 99_000)] {
      let value = histogram.percentile(fraction)
      #expect(value >= .nanoseconds(exact))
      #expect(value <= .nanoseconds(exact + exact / 32 + 1))
    }
    #expect(histogram.percentile(1) == .nanoseconds(100_000))
  }

  @Test(
    "The longest times count in the last place",
    arguments: [
      0, 1, 31, 32, 33, 63, 64, 1 << 39, (1 << 40) - 1, 1 << 40, .max,
    ] as [UInt64])
  func histogramEnds(time: UInt64) {
    var histogram = LatencyHistogram()
    histogram.record(nanoseconds: time)
    #expect(histogram.percentile(0.5) == .nanoseconds(Int64(clamping: time)))
    #expect(histogram.maximum == .nanoseconds(Int64(clamping: time)))
  }
}
