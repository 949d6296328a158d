import RPMsg
import RPMsgBus
import Testing
import WireTypes

@Suite("Channels and service drivers")
struct ChannelTests {
  @Test("A driver gets channels that come later and those that are there already")
  func probes() throws {
    let fixture = try BusFixture()
    let probed = Recorder<UInt32>()
    let removed = Recorder<UInt32>()
    let driver = ClosureDriver("svc") { channel in
      removed.add(channel.remoteAddress.rawValue)
      #expect(channel.isGone)
      #expect(channel.endpoint == nil)
    } onProbe: { channel throws(RPMsgBusError) in
      probed.add(channel.remoteAddress.rawValue)
      try channel.open { _, _, _ in }
    }
    var remote = try RawFarSide(fixture.link)
    try remote.announce("svc", at: 1024)
    try remote.announce("other", at: 1025)
    fixture.drain()
    fixture.bus.register(driver)
    #expect(probed.items == [1024])
    try remote.announce("svc", at: 1026)
    fixture.drain()
    #expect(probed.items == [1024, 1026])
    try remote.announce("svc", at: 1024, flags: 1)
    fixture.drain()
    #expect(removed.items == [1024])
    fixture.bus.close()
    #expect(removed.items == [1024, 1026])
    let gone = fixture.events.items.filter { event in
      guard case .channelGone = event else { return false }
      return true
    }
    #expect(gone.count == 3)
  }

  @Test("A driver that refuses is reported, leaves nothing open, and the next one gets its turn")
  func refusal() throws {
    let fixture = try BusFixture()
    fixture.bus.register(
      ClosureDriver("svc", onRemove: { _ in Issue.record("not bound") }) {
        channel throws(RPMsgBusError) in
        try channel.open { _, _, _ in }
        throw .wouldBlock
      })
    fixture.bus.register(ClosureDriver("svc") { _ in })
    let second = Recorder<UInt32>()
    fixture.bus.register(
      ClosureDriver("svc") { channel throws(RPMsgBusError) in
        second.add(try channel.open { _, _, _ in }.address.rawValue)
      })
    let channel = try fixture.announce("svc")
    #expect(
      fixture.events.items.contains(
        .probeFailed(
          name: WireName("svc"), remoteAddress: channel.remoteAddress, .wouldBlock)))
    #expect(second.items == [1024])
    #expect(channel.endpoint?.address == .firstDynamic)
    fixture.bus.close()
  }

  @Test("A channel is open once; closing its endpoint frees it")
  func opensOnce() throws {
    let fixture = try BusFixture()
    let channel = try fixture.announce("svc")
    let first = try channel.open { _, _, _ in }
    #expect(throws: RPMsgBusError.channelInUse(remoteAddress: channel.remoteAddress)) {
      try channel.open { _, _, _ in }
    }
    #expect(throws: RPMsgBusError.channelInUse(remoteAddress: channel.remoteAddress)) {
      _ = try channel.openStream()
    }
    first.close()
    #expect(channel.endpoint == nil)
    let second = try channel.open { _, _, _ in }
    #expect(second.address == first.address)
    #expect(throws: RPMsgBusError.endpointGone(first.address)) { try first.trySend([1]) }
    try second.trySend([1])
    fixture.bus.close()
  }

  @Test("A withdrawn channel cannot be opened, and its endpoint is gone")
  func withdrawn() throws {
    let fixture = try BusFixture()
    let closed = Recorder<Int>()
    let channel = try fixture.announce("svc")
    let endpoint = try channel.open(whenClosed: { closed.add(1) }) { _, _, _ in }
    try fixture.far.withdraw(channel.remoteAddress)
    fixture.drain()
    #expect(channel.isGone)
    #expect(endpoint.isClosed)
    #expect(closed.count == 1)
    #expect(throws: RPMsgBusError.endpointGone(channel.remoteAddress)) {
      try channel.open { _, _, _ in }
    }
    #expect(throws: RPMsgBusError.endpointGone(endpoint.address)) { try endpoint.trySend([1]) }
    endpoint.close()
    #expect(closed.count == 1)
    fixture.bus.close()
  }

  @Test("A driver may withdraw from what it serves while it is being probed")
  func closesWhileProbing() throws {
    let fixture = try BusFixture()
    let removed = Recorder<Int>()
    let bus = fixture.bus
    fixture.bus.register(
      ClosureDriver("svc", onRemove: { _ in removed.add(1) }) {
        channel throws(RPMsgBusError) in
        try channel.open { _, _, _ in }
        bus.close()
      })
    _ = try fixture.far.announce("svc")
    fixture.drain()
    #expect(removed.count == 1)
    #expect(fixture.bus.channels.isEmpty)
  }
}
