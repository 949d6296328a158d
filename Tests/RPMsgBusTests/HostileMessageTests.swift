import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Hostile messages")
struct HostileMessageTests {
  /// A bus with one open endpoint at 1024 that records what it gets.
  struct Target {
    let fixture: BusFixture
    let received = Recorder<RPMsgMessage>()
    let endpoint: RPMsgEndpoint

    init() throws {
      fixture = try BusFixture(queueSize: 4)
      let received = received
      endpoint = try fixture.bus.makeEndpoint { _, header, payload in
        received.add(RPMsgMessage(header, payload))
      }
    }

    var drops: [RPMsgDrop.Reason] {
      fixture.events.items.compactMap { event in
        guard case .dropped(let drop, _) = event else { return nil }
        return drop.reason
      }
    }

    /// Every buffer is back in the ring, and a good message still arrives.
    func stillWorks(_ remote: inout RawFarSide) throws {
      for number in 0..<8 {
        try remote.send(from: 7, to: 1024, [UInt8(number)])
        fixture.drain()
      }
      #expect(received.items.suffix(8).map(\.payload) == (0..<8).map { [UInt8($0)] })
      fixture.bus.close()
    }
  }

  @Test(
    "M01: a header that promises more than was written is dropped",
    arguments: [
      (5, 20), (497, 512), (0xffff, 512), (1, 16),
    ] as [(UInt16, UInt32)])
  func tooLong(byteCount: UInt16, used: UInt32) throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    try remote.send(from: 7, to: 1024, byteCount: byteCount, usedByteCount: used)
    target.fixture.drain()
    #expect(target.drops == [.lengthExceedsBuffer])
    #expect(target.fixture.bus.statistics.droppedMessages == 1)
    try target.stillWorks(&remote)
  }

  @Test("M02: fewer bytes than a header are dropped", arguments: [0, 1, 15] as [UInt32])
  func tooShort(used: UInt32) throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    try remote.send(from: 7, to: 1024, [1, 2, 3], usedByteCount: used)
    target.fixture.drain()
    #expect(target.drops == [.shortMessage])
    try target.stillWorks(&remote)
  }

  @Test("M04: messages to nobody, or to who has just gone, are dropped")
  func unknownDestination() throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    let other = try target.fixture.bus.makeEndpoint { _, _, _ in }
    for destination in [0, 52, 1023, 1026, 0x7fff_ffff, 0xffff_fffe] as [UInt32] {
      try remote.send(from: 7, to: destination, [1])
      target.fixture.drain()
    }
    other.close()
    try remote.send(from: 7, to: other.address.rawValue, [1])
    target.fixture.drain()
    #expect(target.drops == Array(repeating: .noEndpoint, count: 7))
    try target.stillWorks(&remote)
  }

  @Test("M05: nobody sends from 0 or from any", arguments: [0, 0xffff_ffff] as [UInt32])
  func badSource(source: UInt32) throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    try remote.send(from: source, to: 1024, [1])
    target.fixture.drain()
    #expect(target.drops == [.badSource])
    #expect(target.received.count == 0)
    try target.stillWorks(&remote)
  }

  @Test("M05: the remote may have the same address as we do, as each side counts for itself")
  func sameAddress() throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    try remote.send(from: 1024, to: 1024, [1])
    target.fixture.drain()
    #expect(target.received.items.map(\.source) == [EndpointAddress(rawValue: 1024)])
    try target.stillWorks(&remote)
  }

  @Test("M07: the reserved word and the flags are ignored")
  func reserved() throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    try remote.send(from: 7, to: 1024, reserved: 0xffff_ffff, flags: 0xffff, [9])
    target.fixture.drain()
    #expect(target.received.items.map(\.payload) == [[9]])
    try target.stillWorks(&remote)
  }

  @Test("D01: a ring that the remote breaks fails every sender, once and for good")
  func brokenRing() throws {
    let target = try Target()
    let ring = target.fixture.link.device.vrings[0]
    let used = try ring.record.layout()
    ring.memory.store(5 as UInt16, at: used.used.offset + 2)
    #expect(!target.fixture.bus.notified())
    #expect(!target.fixture.bus.notified())
    let broken = target.fixture.events.items.filter { event in
      if case .broken(.receive, .usedIndexJump(index: 5, consumed: 0, lent: 4)) = event {
        return true
      }
      return false
    }
    #expect(broken.count == 1)
    #expect(target.fixture.events.count == 1)
    #expect(
      throws: RPMsgBusError.deviceBroken(.usedIndexJump(index: 5, consumed: 0, lent: 4))
    ) { try target.endpoint.trySend([1], to: .firstDynamic) }
    target.fixture.bus.close()
    #expect(throws: RPMsgBusError.remoteGone) {
      try target.endpoint.trySend([1], to: .firstDynamic)
    }
  }

  @Test("D02: what came before the ring broke is delivered")
  func brokenAfterMessage() throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    try remote.send(from: 7, to: 1024, [42])
    let ring = target.fixture.link.device.vrings[0]
    let used = try ring.record.layout().used.offset
    ring.memory.store(0x1_0001 as UInt32, at: used + 4 + 8)
    ring.memory.store(2 as UInt16, at: used + 2)
    #expect(!target.fixture.bus.notified())
    #expect(target.received.items.map(\.payload) == [[42]])
    #expect(target.fixture.events.items == [.broken(.receive, .badID(0x1_0001, queueSize: 4))])
    target.fixture.bus.close()
  }

  @Test("Ten drops are reported in a second, all are counted")
  func limitedReports() throws {
    let target = try Target()
    var remote = try RawFarSide(target.fixture.link)
    for _ in 0..<50 {
      try remote.send(from: 7, to: 99)
      target.fixture.drain()
    }
    // At most one second's end can lie within the loop.
    #expect((10...20).contains(target.drops.count))
    #expect(target.fixture.bus.statistics.droppedMessages == 50)
    try target.stillWorks(&remote)
  }
}
