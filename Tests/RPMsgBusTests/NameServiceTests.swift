import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Name service")
struct NameServiceTests {
  private func reasons(_ fixture: BusFixture) -> [RPMsgDrop.Reason] {
    fixture.events.items.compactMap { event in
      guard case .dropped(let drop, _) = event else { return nil }
      return drop.reason
    }
  }

  @Test("N01, M06: a message of any other length is dropped", arguments: [0, 1, 39, 41, 496])
  func wrongLength(byteCount: Int) throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    try remote.announce(Array("x".utf8), at: 1024, byteCount: byteCount)
    fixture.drain()
    #expect(fixture.bus.channels.isEmpty)
    #expect(reasons(fixture) == [.malformedNameService])
    fixture.bus.close()
  }

  @Test(
    "N02: names of any bytes are kept as bytes, cut to 31 and escaped for people",
    arguments: [
      Array("../../x".utf8), Array("a{b=\"c\"}".utf8), [0x1b, 0x5b, 0x41], [0x0a],
      [UInt8](repeating: 0xff, count: 32),
    ])
  func oddNames(name: [UInt8]) throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    try remote.announce(name, at: 1024)
    fixture.drain()
    let channel = try #require(fixture.bus.channels.first)
    #expect(channel.name.bytes == Array(name.prefix(31)))
    #expect(channel.name.description.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    fixture.bus.close()
  }

  @Test("N02: a service without a name is dropped")
  func emptyName() throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    try remote.announce([0, 65, 66], at: 1024)
    fixture.drain()
    #expect(fixture.bus.channels.isEmpty)
    #expect(reasons(fixture) == [.emptyName])
    fixture.bus.close()
  }

  @Test("N03: channels are bounded")
  func tooMany() throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    for number in 0..<1000 as Range<UInt32> {
      try remote.announce("service \(number)", at: 1024 + number)
      fixture.drain()
    }
    #expect(fixture.bus.channels.count == 256)
    #expect(fixture.bus.statistics.droppedMessages == 744)
    #expect(reasons(fixture).allSatisfy { $0 == .tooManyChannels })
    try remote.announce("service 0", at: 1024, flags: 1)
    try remote.announce("one more", at: 9999)
    fixture.drain()
    #expect(fixture.bus.channels.last?.name == WireName("one more"))
    fixture.bus.close()
  }

  @Test("N04: the same again changes nothing; one address has one name; one name many addresses")
  func duplicates() throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    try remote.announce("a", at: 1024)
    try remote.announce("a", at: 1024)
    try remote.announce("b", at: 1024)
    try remote.announce("a", at: 1025)
    fixture.drain()
    #expect(fixture.bus.channels.map(\.name) == [WireName("a"), WireName("a")])
    #expect(fixture.bus.channels.map(\.remoteAddress.rawValue) == [1024, 1025])
    #expect(reasons(fixture) == [.addressConflict])
    fixture.bus.close()
  }

  @Test("N05: only what was announced can be withdrawn, by its name and address")
  func unknownWithdrawal() throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    let own = try fixture.bus.makeEndpoint(at: EndpointAddress(rawValue: 5)) { _, _, _ in }
    try remote.announce("a", at: 1024)
    try remote.announce("a", at: 1025, flags: 1)
    try remote.announce("b", at: 1024, flags: 1)
    try remote.announce("own", at: 5, flags: 1)
    fixture.drain()
    #expect(fixture.bus.channels.count == 1)
    #expect(!own.isClosed)
    #expect(reasons(fixture) == [.unknownChannel, .unknownChannel, .unknownChannel])
    fixture.bus.close()
  }

  @Test("N06: flapping leaves nothing behind, and whoever opens the channel sees it go")
  func flapping() throws {
    let fixture = try BusFixture()
    let opened = Recorder<RPMsgEndpoint>()
    fixture.bus.register(
      ClosureDriver("flap") { channel throws(RPMsgBusError) in
        opened.add(try channel.open { _, _, _ in })
      })
    var remote = try RawFarSide(fixture.link)
    for _ in 0..<2000 {
      try remote.announce("flap", at: 1024)
      try remote.announce("flap", at: 1024, flags: 1)
      fixture.drain()
    }
    #expect(fixture.bus.channels.isEmpty)
    #expect(opened.count == 2000)
    #expect(opened.items.allSatisfy { $0.isClosed && $0.address == .firstDynamic })
    fixture.bus.close()
  }

  @Test(
    "N07: addresses that no service can have are dropped",
    arguments: [
      53, 0xffff_ffff, 0x8000_0000,
    ] as [UInt32])
  func badAddress(address: UInt32) throws {
    let fixture = try BusFixture()
    let far = try FarSide(fixture.link)
    var bytes = [UInt8](repeating: 0, count: 40)
    bytes[0] = 65
    for index in 0..<4 { bytes[32 + index] = UInt8(truncatingIfNeeded: address >> (8 * index)) }
    try far.send(bytes, from: .firstDynamic, to: .nameService)
    fixture.drain()
    #expect(fixture.bus.channels.isEmpty)
    #expect(reasons(fixture) == [.badServiceAddress])
    fixture.bus.close()
  }

  @Test(
    "N08: of the flags only bit 0 counts",
    arguments: [
      (2, true), (0xffff_fffe, true), (1, false), (0xffff_ffff, false),
    ] as [(UInt32, Bool)])
  func flags(flags: UInt32, isThere: Bool) throws {
    let fixture = try BusFixture()
    var remote = try RawFarSide(fixture.link)
    try remote.announce("a", at: 1024, flags: isThere ? flags : 0)
    if !isThere { try remote.announce("a", at: 1024, flags: flags) }
    fixture.drain()
    #expect(fixture.bus.channels.isEmpty == !isThere)
    fixture.bus.close()
  }

  @Test("N10: announcements are dropped when the feature was not negotiated")
  func notNegotiated() throws {
    let fixture = try BusFixture(try BusLink(features: 0xffff_fffe))
    var remote = try RawFarSide(fixture.link)
    try remote.announce("a", at: 1024)
    fixture.drain()
    #expect(fixture.bus.channels.isEmpty)
    #expect(reasons(fixture) == [.nameServiceNotNegotiated])
    #expect(throws: RPMsgBusError.nameServiceNotNegotiated) {
      try fixture.bus.makeEndpoint(announcing: WireName("ours")) { _, _, _ in }
    }
    fixture.bus.close()
  }

  @Test("A message in the same burst as the announcement reaches the endpoint it leads to")
  func announceThenSend() throws {
    let fixture = try BusFixture()
    let received = Recorder<[UInt8]>()
    fixture.bus.register(
      ClosureDriver("fixed") { channel throws(RPMsgBusError) in
        try channel.open(at: EndpointAddress(rawValue: 40)) { _, header, payload in
          received.add(RPMsgMessage(header, payload).payload)
        }
      })
    var remote = try RawFarSide(fixture.link)
    try remote.announce("fixed", at: 1024)
    try remote.send(from: 1024, to: 40, [1, 2])
    fixture.drain()
    #expect(received.items == [[1, 2]])
    fixture.bus.close()
  }

  @Test("An endpoint of ours is announced, and withdrawn when it is closed")
  func announcesOurs() throws {
    let fixture = try BusFixture()
    let endpoint = try fixture.bus.makeEndpoint(
      at: EndpointAddress(rawValue: 77), announcing: WireName("ours")
    ) { _, _, _ in }
    endpoint.close()
    let ring = fixture.link.device.vrings[1]
    #expect(ring.memory.loadUInt16(at: try ring.record.layout().available.offset + 2) == 2)
    let buffers = try #require(fixture.link.device.buffers?.memory)
    for (index, flags) in [0, 1].enumerated() {
      let start = 512 * (16 + index)
      #expect(buffers.loadUInt32(at: start) == 77)
      #expect(buffers.loadUInt32(at: start + 4) == 53)
      #expect(buffers.loadUInt16(at: start + 12) == 40)
      #expect(buffers.loadUInt32(at: start + 16 + 32) == 77)
      #expect(buffers.loadUInt32(at: start + 16 + 36) == UInt32(flags))
    }
    fixture.bus.close()
  }
}

/// A driver made of closures.
struct ClosureDriver: RPMsgServiceDriver {
  let channelName: WireName
  let onProbe: @Sendable (RPMsgChannel) throws(RPMsgBusError) -> Void
  let onRemove: @Sendable (RPMsgChannel) -> Void

  init(
    _ name: String, onRemove: @escaping @Sendable (RPMsgChannel) -> Void = { _ in },
    onProbe: @escaping @Sendable (RPMsgChannel) throws(RPMsgBusError) -> Void
  ) {
    channelName = WireName(name)
    self.onProbe = onProbe
    self.onRemove = onRemove
  }

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) { try onProbe(channel) }
  func remove(_ channel: RPMsgChannel) { onRemove(channel) }
}
