import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Endpoints and addresses")
struct EndpointTests {
  @Test("Dynamic addresses start at 1024; the lowest free one is given out again")
  func dynamicAddresses() throws {
    var options = RPMsgBusOptions()
    options.dynamicAddressCount = 3
    let fixture = try BusFixture(options: options)
    let endpoints = try (0..<3).map { _ in try fixture.bus.makeEndpoint { _, _, _ in } }
    #expect(endpoints.map(\.address.rawValue) == [1024, 1025, 1026])
    #expect(throws: RPMsgBusError.noFreeAddress(limit: 3)) {
      try fixture.bus.makeEndpoint { _, _, _ in }
    }
    endpoints[2].close()
    endpoints[0].close()
    #expect(try fixture.bus.makeEndpoint { _, _, _ in }.address.rawValue == 1024)
    #expect(try fixture.bus.makeEndpoint { _, _, _ in }.address.rawValue == 1026)
    fixture.bus.close()
  }

  @Test("Fixed addresses: any 32-bit number, each once, except the name service's")
  func fixedAddresses() throws {
    let fixture = try BusFixture()
    for address in [0, 1, 52, 54, 1023, 1024, 2047, 1 << 21, 1 << 31, 0xffff_fffe] as [UInt32] {
      let wanted = EndpointAddress(rawValue: address)
      let received = Recorder<UInt32>()
      let endpoint = try fixture.bus.makeEndpoint(at: wanted) { _, header, _ in
        received.add(header.destination.rawValue)
      }
      #expect(endpoint.address == wanted)
      #expect(throws: RPMsgBusError.addressInUse(wanted)) {
        try fixture.bus.makeEndpoint(at: wanted) { _, _, _ in }
      }
      try fixture.far.send([1], from: .firstDynamic, to: wanted)
      fixture.drain()
      #expect(received.items == [address])
    }
    #expect(throws: RPMsgBusError.invalidAddress(.nameService)) {
      try fixture.bus.makeEndpoint(at: .nameService) { _, _, _ in }
    }
    #expect(try fixture.bus.makeEndpoint { _, _, _ in }.address.rawValue == 1025)
    fixture.bus.close()
  }

  @Test("There is no limit: 20,000 dynamic addresses, each reached, and each free again")
  func manyEndpoints() throws {
    let fixture = try BusFixture()
    let received = Recorder<UInt32>()
    let endpoints = try (0..<20_000).map { _ in
      try fixture.bus.makeEndpoint { _, header, _ in received.add(header.destination.rawValue) }
    }
    #expect(endpoints.map(\.address.rawValue) == Array(1024..<21_024))
    for index in [0, 1, 1023, 1024, 9999, 19_999] {
      try fixture.far.send([1], from: .firstDynamic, to: endpoints[index].address)
      fixture.drain()
      #expect(received.items.last == UInt32(1024 + index))
    }
    for endpoint in endpoints.reversed() { endpoint.close() }
    #expect(try fixture.bus.makeEndpoint { _, _, _ in }.address.rawValue == 1024)
    fixture.bus.close()
  }

  @Test("M11: 496 bytes go, 497 are refused with both numbers; nothing is cut")
  func tooLong() throws {
    let fixture = try BusFixture()
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
    let target = EndpointAddress(rawValue: 9)
    try endpoint.trySend([UInt8](repeating: 1, count: 496), to: target)
    let expected = RPMsgBusError.messageTooLong(byteCount: 497, limit: 496)
    #expect(throws: expected) {
      try endpoint.trySend([UInt8](repeating: 1, count: 497), to: target)
    }
    #expect(throws: expected) {
      try endpoint.send([UInt8](repeating: 1, count: 497), to: target, within: .zero)
    }
    #expect(endpoint.statistics.sentMessages == 1)
    #expect(fixture.bell.counts == [1, 1])
    fixture.bus.close()
  }

  @Test("Sends name a destination, and neither end is any")
  func badAddresses() throws {
    let fixture = try BusFixture()
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
    #expect(endpoint.remoteAddress == nil)
    #expect(throws: RPMsgBusError.noRemoteAddress(endpoint.address)) { try endpoint.trySend([1]) }
    #expect(throws: RPMsgBusError.invalidAddress(.any)) { try endpoint.trySend([1], to: .any) }
    #expect(throws: RPMsgBusError.invalidAddress(.any)) {
      try endpoint.trySend([1], to: .firstDynamic, from: .any)
    }
    let unbound = try fixture.bus.makeEndpoint(remoteAddress: .any) { _, _, _ in }
    #expect(unbound.remoteAddress == nil)
    fixture.bus.close()
  }

  @Test("The explicit source and destination are what the remote sees")
  func explicitRoute() throws {
    let fixture = try BusFixture()
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: EndpointAddress(rawValue: 1)) {
      _, _, _ in
    }
    let source = EndpointAddress(rawValue: 4711)
    try endpoint.trySend([1], to: remote)
    try endpoint.trySend([2] as [UInt8], to: remote, from: source)
    let messages = try fixture.far.poll()
    #expect(messages.map(\.source) == [endpoint.address, source])
    #expect(messages.map(\.payload) == [[1], [2]])
    fixture.bus.close()
  }

  @Test("D12: when no buffer is free a send fails at once or at its deadline")
  func fullRing() throws {
    let fixture = try BusFixture(queueSize: 4)
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    for number in 0..<4 as Range<UInt8> { try endpoint.trySend([number]) }
    #expect(throws: RPMsgBusError.wouldBlock) { try endpoint.trySend([4]) }
    let error = #expect(throws: RPMsgBusError.self) {
      try endpoint.send([5], within: .milliseconds(20))
    }
    guard case .timedOut(let time) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(time >= .milliseconds(20))
    #expect(fixture.bus.statistics.blockedSends == 1)
    // Nobody waits any more: the remote need not notify of buffers.
    let ring = fixture.link.device.vrings[1]
    #expect(ring.memory.loadUInt16(at: try ring.record.layout().available.offset) == 1)
    #expect(try fixture.far.poll().map(\.payload) == [[0], [1], [2], [3]])
    try endpoint.trySend([6])
    #expect(try fixture.far.poll().map(\.payload) == [[6]])
    fixture.bus.close()
  }

  @Test("M09: more than 2^16 messages each way, in order, none lost or doubled")
  func indexWrap() throws {
    let fixture = try BusFixture(queueSize: 8)
    let channel = try fixture.announce("echo")
    let state = Recorder<UInt32>()
    let endpoint = try channel.open { _, _, payload in
      state.add(payload.littleEndian(at: 0))
    }
    for number in 0..<66_000 as Range<UInt32> {
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
      try endpoint.trySend(bytes)
      if number % 3 == 0 || number > 65_990 {
        try fixture.far.echo()
        fixture.drain()
      }
    }
    #expect(state.items == Array(0..<66_000))
    fixture.bus.close()
  }

  @Test("At most a ring's worth is received in one call")
  func boundedBurst() throws {
    let fixture = try BusFixture(queueSize: 4)
    let far = fixture.far
    let bus = fixture.bus
    let received = Recorder<Int>()
    // The handler provokes the next message, so there is no end by itself.
    let endpoint = try fixture.bus.makeEndpoint { endpoint, header, _ in
      received.add(1)
      do {
        try far.send([1], from: .firstDynamic, to: endpoint.address)
      } catch { Issue.record(error) }
    }
    try far.send([1], from: .firstDynamic, to: endpoint.address)
    #expect(bus.notified())
    #expect(received.count == 4)
    #expect(bus.notified(bus.receiveNotifyID))
    #expect(received.count == 8)
    #expect(!bus.notified(bus.transmitNotifyID))
    #expect(received.count == 8)
    bus.close()
  }

  @Test("Buffers given back are announced with one kick for a batch, unless the remote polls")
  func kicks() throws {
    let fixture = try BusFixture(queueSize: 16)
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
    var remote = try RawFarSide(fixture.link)
    for _ in 0..<7 { try remote.send(from: 1024, to: endpoint.address.rawValue, [1]) }
    fixture.drain()
    #expect(fixture.bell.counts == [2, 0])
    let rings = fixture.link.device.vrings
    for ring in rings {
      ring.memory.store(1 as UInt16, at: try ring.record.layout().used.offset)
    }
    for _ in 0..<7 { try remote.send(from: 1024, to: endpoint.address.rawValue, [1]) }
    fixture.drain()
    try endpoint.trySend([1], to: .firstDynamic)
    #expect(fixture.bell.counts == [2, 0])
    #expect(fixture.bus.statistics.kicks == 2)
    #expect(endpoint.statistics.receivedMessages == 14)
    fixture.bus.close()
  }

  @Test("In a long burst buffers are given back by half the ring, so that the remote never starves")
  func halfRing() throws {
    let fixture = try BusFixture(queueSize: 16)
    let available = fixture.link.device.vrings[0].memory
    let offset = try fixture.link.device.vrings[0].record.layout().available.offset + 2
    let seen = Recorder<UInt16>()
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in
      seen.add(available.loadUInt16(at: offset))
    }
    var remote = try RawFarSide(fixture.link)
    for _ in 0..<16 { try remote.send(from: 1024, to: endpoint.address.rawValue, [1]) }
    fixture.drain()
    #expect(seen.items == Array(repeating: 16, count: 7) + Array(repeating: 24, count: 8) + [32])
    #expect(available.loadUInt16(at: offset) == 32)
    fixture.bus.close()
  }
}
