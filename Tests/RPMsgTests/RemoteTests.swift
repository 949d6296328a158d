import RPMsg
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

private let host = EndpointAddress(rawValue: 0x400)

/// The host's two directions and the remote on one region, stepped by hand.
private struct Pair: ~Copyable {
  var transmitter: RPMsgDriverTransmitter<SharedWindow>
  var receiver: RPMsgDriverReceiver<SharedWindow>
  var remote: RPMsgRemote<SharedWindow, CountingBell>
  var payload = [UInt8](repeating: 0, count: 496)
  let bell = CountingBell()
  let link: RPMsgLink

  init(queueSize: UInt32 = 4, endpointCapacity: Int = 8) throws {
    let link = try RPMsgLink(queueSize: queueSize, alignment: 16)
    let transmitter = try RPMsgDriverTransmitter(link.device)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    let remote = try RPMsgRemote(
      entry: link.device.entry, reachable: link.reachable, doorbell: bell,
      endpointCapacity: endpointCapacity)
    self.transmitter = transmitter
    self.receiver = receiver
    self.remote = remote
    self.link = link
  }

  mutating func send(_ bytes: [UInt8], to address: EndpointAddress) throws {
    try transmitter.enqueue(bytes.span.bytes, from: host, to: address)
    _ = transmitter.publish()
  }

  /// The next message that the host gets, payload included.
  mutating func next() throws -> (RPMsgHeader, [UInt8])? {
    guard let header = try receiver.next(&payload) else { return nil }
    _ = receiver.publish()
    return (header, Array(payload.prefix(Int(header.byteCount))))
  }
}

@Suite("rpmsg, remote role")
struct RemoteTests {
  @Test("Endpoints get the lowest free address from 1024 on, or the one asked for")
  func addresses() throws {
    var pair = try Pair(endpointCapacity: 3)
    let first = try pair.remote.makeEndpoint()
    let second = try pair.remote.makeEndpoint()
    #expect(first.rawValue == 1024 && second.rawValue == 1025)
    try pair.remote.removeEndpoint(first)
    let fixed = try pair.remote.makeEndpoint(at: EndpointAddress(rawValue: 7))
    #expect(fixed.rawValue == 7)
    let third = try pair.remote.makeEndpoint()
    #expect(third == first)
    #expect(pair.remote.endpoint(fixed)?.address == fixed)
    #expect(
      refusal { () throws(RPMsgError) in _ = try pair.remote.makeEndpoint() }
        == .tooManyEndpoints(capacity: 3))
    #expect(
      refusal { () throws(RPMsgError) in _ = try pair.remote.makeEndpoint(at: fixed) }
        == .addressInUse(fixed))
    for address in [.nameService, EndpointAddress(rawValue: 0)] {
      #expect(
        refusal { () throws(RPMsgError) in _ = try pair.remote.makeEndpoint(at: address) }
          == .illegalAddress(address))
    }
    try pair.remote.removeEndpoint(fixed)
    #expect(
      refusal { () throws(RPMsgError) in try pair.remote.removeEndpoint(fixed) }
        == .noEndpoint(fixed))
  }

  @Test("Announce and withdraw send the name from the endpoint to the name service")
  func announcements() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint(named: WireName("rpmsg-echo"))
    try pair.remote.announce(address)
    try pair.remote.withdraw(address)
    #expect(pair.bell.counts == [2, 0])
    for isWithdrawal in [false, true] {
      let (header, payload) = try #require(try pair.next())
      #expect(header.source == address && header.destination == .nameService)
      let message = try NameServiceMessage(decoding: payload.span.bytes)
      #expect(message.name == WireName("rpmsg-echo") && message.address == address)
      #expect(message.isWithdrawal == isWithdrawal)
    }
    let nameless = try pair.remote.makeEndpoint()
    #expect(
      refusal { () throws(RPMsgError) in try pair.remote.announce(nameless) } == .emptyName)
    let nobody = EndpointAddress(rawValue: 9)
    #expect(
      refusal { () throws(RPMsgError) in try pair.remote.announce(nobody) }
        == .noEndpoint(nobody))
  }

  @Test("M08: an endpoint cannot send before it has heard from its peer, which is then fixed")
  func peer() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint(named: WireName("a"))
    let greeting: [UInt8] = [1, 2, 3]
    #expect(
      refusal { () throws(RPMsgError) in try pair.remote.send(greeting.span.bytes, from: address) }
        == .peerUnknown(address))
    try pair.send([0], to: address)
    _ = try pair.remote.poll { _, _, _ in .done }
    #expect(pair.remote.endpoint(address)?.peer == host)
    // A second sender does not take the endpoint over.
    let other: [UInt8] = [0]
    try pair.transmitter.enqueue(
      other.span.bytes, from: EndpointAddress(rawValue: 0x666), to: address)
    _ = pair.transmitter.publish()
    _ = try pair.remote.poll { _, _, _ in .done }
    try pair.remote.send(greeting.span.bytes, from: address)
    let (header, payload) = try #require(try pair.next())
    #expect(header == RPMsgHeader(source: address, destination: host, byteCount: 3))
    #expect(payload == greeting)
    let nobody = EndpointAddress(rawValue: 9)
    #expect(
      refusal { () throws(RPMsgError) in try pair.remote.send(greeting.span.bytes, from: nobody) }
        == .noEndpoint(nobody))
  }

  @Test("M04: a message for no endpoint is dropped, and its buffer goes back")
  func noEndpoint() throws {
    var pair = try Pair()
    for _ in 0..<20 {
      try pair.send([1], to: EndpointAddress(rawValue: 77))
      let count = try pair.remote.poll { _, _, _ in .done }
      #expect(count == 0)
    }
    #expect(pair.remote.droppedCount == 20)
  }

  @Test("M06: what arrives at the name service and is no announcement is dropped")
  func malformedAnnouncement() throws {
    var pair = try Pair()
    try pair.send([1, 2, 3], to: .nameService)
    let count = try pair.remote.poll { _, _, _ in .done }
    #expect(count == 0 && pair.remote.droppedCount == 1)
  }

  @Test("A service of the host becomes the peer of the endpoint of that name, until it is gone")
  func hostService() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint(named: WireName("chat"))
    let peer = EndpointAddress(rawValue: 0x500)
    for (isWithdrawal, expected) in [(false, peer), (true, nil)] {
      var bytes = [UInt8](repeating: 0, count: 40)
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      NameServiceMessage(name: WireName("chat"), address: peer, isWithdrawal: isWithdrawal)
        .encode(into: &raw)
      try pair.send(bytes, to: .nameService)
      _ = try pair.remote.poll { _, _, _ in .done }
      #expect(pair.remote.endpoint(address)?.peer == expected)
    }
    #expect(pair.remote.droppedCount == 0)
  }

  @Test("A handler that cannot answer yet gets the same message again, before any other")
  func retry() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint()
    for byte in 1...3 as ClosedRange<UInt8> { try pair.send([byte], to: address) }
    var seen: [UInt8] = []
    var first = try pair.remote.poll { _, bytes, _ in
      seen.append(bytes.littleEndian(at: 0))
      return seen.count == 2 ? .retry : .done
    }
    #expect(first == 1 && seen == [1, 2])
    let waits = try pair.remote.setNotifications(true)
    #expect(waits)
    first = try pair.remote.poll { _, bytes, _ in
      seen.append(bytes.littleEndian(at: 0))
      return .done
    }
    #expect(first == 2 && seen == [1, 2, 2, 3])
  }

  @Test("V02: one poll handles at most one ring's worth, however much the host sends")
  func bounded() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let host = Mutable(try RPMsgDriverTransmitter(link.device))
    var remote = try RPMsgRemote(
      entry: link.device.entry, reachable: link.reachable, doorbell: CountingBell())
    let address = try remote.makeEndpoint()
    let byte: [UInt8] = [1]
    func send() throws {
      try host.value.enqueue(byte.span.bytes, from: EndpointAddress(rawValue: 1), to: address)
      _ = host.value.publish()
    }
    for _ in 0..<4 { try send() }
    var polled = 0
    let count = try remote.poll { _, _, _ in
      polled += 1
      // The buffer is not ours again before the poll ends.
      #expect(throws: RPMsgError.noBuffer) { try send() }
      return .done
    }
    #expect(count == 4 && polled == 4)
  }

  @Test("Answers of one poll are shown at once, with one kick for each ring")
  func batchedKicks() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint()
    for byte in 1...3 as ClosedRange<UInt8> { try pair.send([byte], to: address) }
    _ = try pair.transmitter.setNotifications(true)
    let count = try pair.remote.poll { header, bytes, answers in
      do throws(RPMsgError) {
        try answers.enqueue(bytes, from: header.destination, to: header.source)
      } catch { Issue.record(error) }
      return .done
    }
    #expect(count == 3 && pair.bell.counts == [1, 1])
    for byte in 1...3 as ClosedRange<UInt8> {
      let answer = try pair.next()
      #expect(answer?.1 == [byte])
    }
  }

  @Test("The host is asked to kick for buffers it lends only while one is missing")
  func kicksForBuffers() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint()
    let greeting: [UInt8] = [1]
    for round in 0..<3 {
      for _ in 0..<4 { try pair.remote.send(greeting.span.bytes, from: address, to: host) }
      var header = try pair.receiver.next(&pair.payload)
      #expect(header != nil)
      let asksWithoutNeed = pair.receiver.publish()
      #expect(!asksWithoutNeed, "round \(round)")
      try pair.remote.send(greeting.span.bytes, from: address, to: host)
      #expect(
        refusal { () throws(RPMsgError) in
          try pair.remote.send(greeting.span.bytes, from: address, to: host)
        } == .noBuffer)
      for _ in 0..<4 {
        header = try pair.receiver.next(&pair.payload)
        #expect(header != nil)
      }
      let asksInNeed = pair.receiver.publish()
      #expect(asksInNeed, "round \(round)")
    }
  }

  @Test("Sending without a buffer, or more than a buffer carries, is refused with the numbers")
  func sendErrors() throws {
    var pair = try Pair()
    let address = try pair.remote.makeEndpoint()
    let long = [UInt8](repeating: 1, count: 497)
    #expect(
      refusal { () throws(RPMsgError) in
        try pair.remote.send(long.span.bytes, from: address, to: host)
      } == .payloadTooLong(byteCount: 497, capacity: 496))
    #expect(
      refusal { () throws(RPMsgError) in
        try pair.remote.send(long.span.bytes, from: address, to: .any)
      } == .illegalAddress(.any))
    for size in [496, 0, 1, 2] {
      try pair.remote.send(long.span.bytes.extracting(first: size), from: address, to: host)
    }
    #expect(
      refusal { () throws(RPMsgError) in
        try pair.remote.send(long.span.bytes.extracting(first: 1), from: address, to: host)
      } == .noBuffer)
    for size in [496, 0, 1, 2] {
      let message = try pair.next()
      #expect(message?.1.count == size)
    }
  }

  @Test("V13: a host that lends a ring or the program itself as a buffer breaks its ring")
  func lentRing() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    let program = try #require(
      AddressRange(start: link.reachable.start, byteCount: 4096))
    let inside = [
      link.device.vrings[0].record.address, link.device.vrings[1].record.address, program.start,
    ]
    for address in inside {
      link.device.vrings[0].memory.store(address.rawValue, at: 0)
      var remote = try RPMsgRemote(
        entry: link.device.entry, reachable: link.reachable, program: program,
        doorbell: CountingBell())
      let source = try remote.makeEndpoint()
      let byte: [UInt8] = [1]
      #expect(
        refusal { () throws(RPMsgError) in
          try remote.send(byte.span.bytes, from: source, to: host)
        } == .vring(.broken(.badAddress(address, byteCount: 512))))
    }
  }

  @Test("A buffer without room for a header breaks the ring")
  func tinyBuffer() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    link.device.vrings[0].memory.store(15 as UInt32, at: 8)
    var remote = try RPMsgRemote(
      entry: link.device.entry, reachable: link.reachable, doorbell: CountingBell())
    let source = try remote.makeEndpoint()
    let byte: [UInt8] = [1]
    #expect(
      refusal { () throws(RPMsgError) in
        try remote.send(byte.span.bytes, from: source, to: host)
      } == .vring(.broken(.bufferTooSmall(head: 0, needed: 16, available: 15))))
  }

  @Test("Rings that the table puts out of reach are refused")
  func unreachable() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let any = DeviceAddress(rawValue: 0xffff_ffff)
    link.region.window.store(UInt32.max, at: 24)
    #expect(
      refusal { () throws(RPMsgError) in
        _ = try RPMsgRemote(
          entry: link.device.entry, reachable: link.reachable, doorbell: CountingBell())
      } == .unreachableVring(index: 0, address: any))
    link.region.window.store(1 as UInt8, at: 21)
    let entry = try VirtioDeviceEntry(memory: link.region.window, offset: 0)
    link.region.window.store(UInt32(0x8000_1000), at: 24)
    #expect(
      refusal { () throws(RPMsgError) in
        _ = try RPMsgRemote(
          entry: entry, reachable: link.reachable, doorbell: CountingBell())
      } == .missingVrings(count: 1))
  }
}

/// A value that two closures share in a test of one thread.
private final class Mutable<Value: ~Copyable> {
  var value: Value
  init(_ value: consuming Value) { self.value = value }
}
