import RPMsg
import RPMsgBus
import Testing
import Virtio
import WireTypes

@Suite("Handlers that use the bus", .timeLimit(.minutes(1)))
struct ReentrancyTests {
  @Test("M12: a handler sends, closes its endpoint, and makes another one")
  func closesItself() throws {
    let fixture = try BusFixture()
    let remote = try fixture.far.announce("svc")
    let received = Recorder<UInt32>()
    let bus = fixture.bus
    let endpoint = try bus.makeEndpoint(remoteAddress: remote) { endpoint, header, _ in
      do {
        try endpoint.trySend([1])
        endpoint.close()
        received.add(header.destination.rawValue)
        _ = try bus.makeEndpoint { _, header, _ in received.add(header.destination.rawValue + 1) }
        #expect(throws: RPMsgBusError.endpointGone(endpoint.address)) {
          try endpoint.trySend([1])
        }
      } catch { Issue.record(error) }
    }
    // Two messages in one burst: the second finds the new endpoint at the old address.
    try fixture.far.send([1], from: remote, to: endpoint.address)
    try fixture.far.send([1], from: remote, to: endpoint.address)
    fixture.drain()
    #expect(received.items == [1024, 1025])
    #expect(try fixture.far.poll().count == 1)
    bus.close()
  }

  @Test("M12: a handler closes another endpoint for which a message waits in the same burst")
  func closesOther() throws {
    let fixture = try BusFixture()
    let other = try fixture.bus.makeEndpoint { _, _, _ in Issue.record("closed") }
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in other.close() }
    try fixture.far.send([1], from: .firstDynamic, to: endpoint.address)
    try fixture.far.send([1], from: .firstDynamic, to: other.address)
    fixture.drain()
    #expect(fixture.bus.statistics.droppedMessages == 1)
    fixture.bus.close()
  }

  @Test("M12: a handler closes the bus; nothing after it is delivered")
  func closesBus() throws {
    let fixture = try BusFixture()
    let bus = fixture.bus
    let received = Recorder<Int>()
    let endpoint = try bus.makeEndpoint { _, _, _ in
      received.add(1)
      bus.close()
    }
    for _ in 0..<5 { try fixture.far.send([1], from: .firstDynamic, to: endpoint.address) }
    #expect(!bus.notified())
    #expect(received.count == 1)
    #expect(endpoint.isClosed)
    #expect(fixture.link.device.entry.status.rawValue == 0)
  }

  @Test("M12: a handler that passes on a notification does not receive inside itself")
  func nestedNotification() throws {
    let fixture = try BusFixture()
    let bus = fixture.bus
    let received = Recorder<UInt8>()
    let endpoint = try bus.makeEndpoint { _, header, payload in
      let number = RPMsgMessage(header, payload).payload[0]
      #expect(!bus.notified())
      received.add(number)
    }
    for number in 0..<5 as Range<UInt8> {
      try fixture.far.send([number], from: .firstDynamic, to: endpoint.address)
    }
    fixture.drain()
    #expect(received.items == [0, 1, 2, 3, 4])
    bus.close()
  }

  @Test("M12: a handler that waits for a buffer in vain gets its deadline, then all goes on")
  func blocksInHandler() throws {
    let fixture = try BusFixture(queueSize: 2)
    let remote = try fixture.far.announce("svc")
    let received = Recorder<RPMsgBusError?>()
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { endpoint, _, _ in
      do throws(RPMsgBusError) {
        try endpoint.send([1], within: .milliseconds(5))
        received.add(nil)
      } catch {
        if case .timedOut = error { received.add(.wouldBlock) } else { received.add(error) }
      }
    }
    fixture.drain()
    for _ in 0..<4 {
      try fixture.far.send([1], from: remote, to: endpoint.address)
      fixture.drain()
    }
    #expect(received.items == [nil, nil, .wouldBlock, .wouldBlock])
    #expect(try fixture.far.poll().count == 2)
    fixture.bus.close()
  }

  @Test("whenClosed may use the bus")
  func whenClosed() throws {
    let fixture = try BusFixture()
    let bus = fixture.bus
    let addresses = Recorder<UInt32>()
    let first = try bus.makeEndpoint(whenClosed: {
      do {
        addresses.add(try bus.makeEndpoint { _, _, _ in }.address.rawValue)
      } catch { Issue.record(error) }
    }) { _, _, _ in }
    first.close()
    first.close()
    #expect(addresses.items == [1024])
    bus.close()
  }
}
