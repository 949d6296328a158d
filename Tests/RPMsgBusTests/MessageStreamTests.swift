import RPMsg
import RPMsgBus
import Testing
import WireTypes

@Suite("Streams of messages", .timeLimit(.minutes(1)))
struct MessageStreamTests {
  private func feed(_ fixture: BusFixture, _ bytes: [UInt8], to stream: RPMsgMessageStream) throws {
    for byte in bytes {
      try fixture.far.send([byte], from: .firstDynamic, to: stream.endpoint.address)
      fixture.drain()
    }
  }

  private func rest(of stream: RPMsgMessageStream) async -> [[UInt8]] {
    var all: [[UInt8]] = []
    for await message in stream { all.append(message.payload) }
    return all
  }

  @Test("M10: what finds the queue full is dropped and counted; the oldest messages stay")
  func dropsNewest() async throws {
    let fixture = try BusFixture()
    let stream = try fixture.bus.makeStream(buffering: 3)
    try feed(fixture, [1, 2, 3, 4, 5], to: stream)
    #expect(stream.endpoint.statistics.droppedMessages == 2)
    #expect(fixture.bus.statistics.droppedMessages == 2)
    stream.endpoint.close()
    #expect(await rest(of: stream) == [[1], [2], [3]])
    fixture.bus.close()
  }

  @Test("M10: or the oldest messages make room, and are counted")
  func dropsOldest() async throws {
    let fixture = try BusFixture()
    let stream = try fixture.bus.makeStream(buffering: 3, overflow: .dropOldest)
    try feed(fixture, [1, 2, 3, 4, 5], to: stream)
    #expect(stream.endpoint.statistics.droppedMessages == 2)
    fixture.bus.close()
    #expect(await rest(of: stream) == [[3], [4], [5]])
  }

  @Test("A stream of one place works across many messages")
  func smallest() async throws {
    let fixture = try BusFixture()
    let stream = try fixture.bus.makeStream(buffering: 1)
    var iterator = stream.makeAsyncIterator()
    for byte in 0..<100 as Range<UInt8> {
      try feed(fixture, [byte], to: stream)
      #expect(await iterator.next()?.payload == [byte])
    }
    fixture.bus.close()
    #expect(await iterator.next() == nil)
    #expect(await iterator.next() == nil)
  }

  @Test("A task that waits gets the next message, and the end")
  func waits() async throws {
    let fixture = try BusFixture()
    let channel = try fixture.announce("svc")
    let stream = try channel.openStream()
    let collected = Task { await rest(of: stream) }
    for byte in 0..<50 as Range<UInt8> {
      try feed(fixture, [byte], to: stream)
      await Task.yield()
    }
    fixture.bus.close()
    #expect(await collected.value == (0..<50).map { [$0] })
  }

  @Test("Cancelling a task that waits ends its wait, not the stream")
  func cancellation() async throws {
    let fixture = try BusFixture()
    let stream = try fixture.bus.makeStream()
    let waiting = Task { await rest(of: stream) }
    await Task.yield()
    waiting.cancel()
    #expect(await waiting.value == [])
    try feed(fixture, [7], to: stream)
    var iterator = stream.makeAsyncIterator()
    #expect(await iterator.next()?.payload == [7])
    fixture.bus.close()
  }

  @Test("A withdrawn channel ends its stream")
  func withdrawn() async throws {
    let fixture = try BusFixture()
    let channel = try fixture.announce("svc")
    let stream = try channel.openStream()
    try fixture.far.withdraw(channel.remoteAddress)
    fixture.drain()
    #expect(await rest(of: stream) == [])
    fixture.bus.close()
  }

  @Test("A slow stream does not hold up other endpoints")
  func isolation() throws {
    let fixture = try BusFixture(queueSize: 4)
    let slow = try fixture.bus.makeStream(buffering: 1)
    let received = Recorder<Int>()
    let other = try fixture.bus.makeEndpoint { _, _, _ in received.add(1) }
    for _ in 0..<100 {
      try fixture.far.send([1], from: .firstDynamic, to: slow.endpoint.address)
      try fixture.far.send([1], from: .firstDynamic, to: other.address)
      fixture.drain()
    }
    #expect(received.count == 100)
    #expect(slow.endpoint.statistics.droppedMessages == 99)
    fixture.bus.close()
  }
}
