import RPMsg
import RPMsgBus
import Testing
import Virtio
import WireTypes

@Suite("Queues of endpoints", .timeLimit(.minutes(1)))
struct QueueTests {
  @Test("M10: a queue that holds back loses nothing: the ring fills and the remote has to wait")
  func holdsBack() async throws {
    let fixture = try BusFixture(queueSize: 4)
    let stream = try fixture.bus.makeStream(buffering: 3, overflow: .holdBack)
    let target = stream.endpoint.address
    // Three in the queue, one waiting for it, four in the ring.
    for byte in 0..<8 as Range<UInt8> {
      try fixture.far.send([byte], from: .firstDynamic, to: target)
      fixture.drain()
    }
    #expect(throws: RPMsgError.noBuffer) {
      try fixture.far.send([8], from: .firstDynamic, to: target)
    }
    #expect(fixture.bus.statistics.droppedMessages == 0)
    var iterator = stream.makeAsyncIterator()
    for byte in 0..<8 as Range<UInt8> { #expect(await iterator.next()?.payload == [byte]) }
    try fixture.far.send([8], from: .firstDynamic, to: target)
    fixture.drain()
    #expect(await iterator.next()?.payload == [8])
    #expect(stream.endpoint.statistics.receivedMessages == 9)
    #expect(stream.endpoint.statistics.queueHighWaterMark == 3)
    fixture.bus.close()
  }

  @Test("Closing the endpoint that holds back lets the others go on")
  func holdsBackClosed() throws {
    let fixture = try BusFixture(queueSize: 4)
    let stream = try fixture.bus.makeStream(buffering: 1, overflow: .holdBack)
    let received = Recorder<Int>()
    let other = try fixture.bus.makeEndpoint { _, _, _ in received.add(1) }
    for _ in 0..<2 {
      try fixture.far.send([1], from: .firstDynamic, to: stream.endpoint.address)
    }
    try fixture.far.send([1], from: .firstDynamic, to: other.address)
    fixture.drain()
    #expect(received.count == 0)
    stream.endpoint.close()
    fixture.drain()
    #expect(received.count == 1)
    #expect(fixture.bus.statistics.droppedMessages == 1)
    fixture.bus.close()
  }

  @Test("A flooded endpoint that drops takes nothing from the others")
  func fair() throws {
    let fixture = try BusFixture(queueSize: 16)
    let flooded = try fixture.bus.makeStream(buffering: 1)
    let received = Recorder<Int>()
    let others = try (0..<5).map { index in
      try fixture.bus.makeEndpoint { _, _, _ in received.add(index) }
    }
    for _ in 0..<50 {
      for _ in 0..<10 {
        try fixture.far.send([1], from: .firstDynamic, to: flooded.endpoint.address)
      }
      for other in others {
        try fixture.far.send([1], from: .firstDynamic, to: other.address)
      }
      fixture.drain()
    }
    #expect(received.items == (0..<50).flatMap { _ in 0..<5 })
    #expect(flooded.endpoint.statistics.droppedMessages == 499)
    fixture.bus.close()
  }

  @Test("Latencies are measured only when they are asked for")
  func latencies() async throws {
    let silent = try BusFixture()
    #expect(try silent.bus.makeEndpoint { _, _, _ in }.latency == nil)
    #expect(try silent.bus.makeStream().endpoint.latency == nil)
    silent.bus.close()
    var options = RPMsgBusOptions()
    options.measuresLatency = true
    let fixture = try BusFixture(options: options)
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
    let stream = try fixture.bus.makeStream()
    for _ in 0..<5 {
      try fixture.far.send([1], from: .firstDynamic, to: endpoint.address)
      try fixture.far.send([1], from: .firstDynamic, to: stream.endpoint.address)
      fixture.drain()
    }
    #expect(endpoint.latency?.count == 5)
    #expect(stream.endpoint.latency?.count == 0)
    var iterator = stream.makeAsyncIterator()
    for _ in 0..<5 { _ = await iterator.next() }
    let latency = try #require(stream.endpoint.latency)
    #expect(latency.count == 5)
    #expect(latency.minimum > .zero)
    fixture.bus.close()
  }
}
