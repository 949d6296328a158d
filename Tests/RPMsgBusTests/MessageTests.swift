import RPMsg
import RPMsgBus
import Testing
import WireTypes

@Suite("Messages, stepped by hand")
struct MessageTests {
  @Test("An announced service is a channel; both directions carry payloads of every size")
  func echoes() throws {
    let fixture = try BusFixture()
    let channel = try fixture.announce("rpmsg-echo")
    #expect(
      fixture.events.items == [
        .channelAppeared(name: WireName("rpmsg-echo"), remoteAddress: channel.remoteAddress)
      ])
    let received = Recorder<RPMsgMessage>()
    let endpoint = try channel.open { _, header, payload in
      received.add(RPMsgMessage(header, payload))
    }
    #expect(endpoint.address == .firstDynamic)
    let sizes = [0, 1, 15, 16, 17, 64, 495, 496]
    for size in sizes {
      try endpoint.trySend((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
      #expect(try fixture.far.echo() == 1)
      fixture.drain()
    }
    #expect(received.items.map(\.payload.count) == sizes)
    for message in received.items {
      #expect(message.source == channel.remoteAddress)
      #expect(message.destination == endpoint.address)
      #expect(message.payload == message.payload.indices.map { UInt8(truncatingIfNeeded: $0 &* 7) })
    }
    let statistics = endpoint.statistics
    #expect(statistics.sentMessages == 8)
    #expect(statistics.sentBytes == UInt64(sizes.reduce(0, +)))
    #expect(statistics.receivedMessages == 8)
    #expect(statistics.receivedBytes == statistics.sentBytes)
    fixture.bus.close()
  }
}
