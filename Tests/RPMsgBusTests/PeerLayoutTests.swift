import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

/// The one file that two Linux processes of the C peer share: everything at a fixed offset.
///
/// Source: practice (open-amp, two processes).
@Suite("Layout of the two-process C peer")
struct PeerLayoutTests {
  private func makeLink() throws -> BusLink {
    try BusLink(
      at: BusLink.Places(
        entry: 0x18, vrings: [0x4000, 0x8000], buffers: 0x10000, notifyIDs: [1, 2]),
      queueSize: 256, alignment: 0x1000, base: 0, bufferByteCount: 0x40000)
  }

  @Test("The status byte is at 0x2c and the accepted features at 0x24")
  func entry() throws {
    let fixture = try BusFixture(try makeLink())
    let window = fixture.link.region.window
    #expect(window.loadUInt8(at: 0x2c) == 7)
    #expect(window.loadUInt32(at: 0x24) == 1)
    #expect(fixture.bus.receiveNotifyID.rawValue == 1)
    #expect(fixture.bus.transmitNotifyID.rawValue == 2)
    fixture.bus.close()
    #expect(window.loadUInt8(at: 0x2c) == 0)
  }

  @Test("The first 256 buffers are for the host to receive into, the others to send from")
  func buffers() throws {
    let fixture = try BusFixture(try makeLink())
    let window = fixture.link.region.window
    #expect(window.loadUInt16(at: 0x4000 + 0x1000 + 2) == 256)
    for index in 0..<256 {
      #expect(window.loadUInt64(at: 0x4000 + 16 * index) == UInt64(0x10000 + 512 * index))
      #expect(window.loadUInt32(at: 0x4000 + 16 * index + 8) == 512)
      #expect(window.loadUInt16(at: 0x4000 + 0x1000 + 4 + 2 * index) == UInt16(index))
    }
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
    try endpoint.trySend([0xaa, 0xbb], to: EndpointAddress(rawValue: 0x401))
    #expect(window.loadUInt64(at: 0x8000) == 0x30000)
    #expect(window.loadUInt32(at: 0x8008) == 18)
    #expect(window.loadUInt16(at: 0x800c) == 0)
    #expect(window.loadUInt16(at: 0x8000 + 0x1000 + 2) == 1)
    #expect(window.loadUInt32(at: 0x30000) == 0x400)
    #expect(window.loadUInt32(at: 0x30004) == 0x401)
    #expect(window.loadUInt32(at: 0x30008) == 0)
    #expect(window.loadUInt32(at: 0x3000c) == 2)
    #expect(window.loadUInt16(at: 0x30010) == 0xbbaa)
    fixture.bus.close()
  }

  @Test("A name may carry stale bytes after its end; a kick names no ring")
  func staleName() throws {
    let fixture = try BusFixture(try makeLink())
    var remote = try RawFarSide(fixture.link)
    try remote.announce(Array("rpmsg-openamp-demo-channel".utf8) + [0, 1, 2, 3], at: 0x400)
    #expect(!fixture.bus.notified(nil))
    let channel = try #require(fixture.bus.channels.first)
    #expect(channel.name == WireName("rpmsg-openamp-demo-channel"))
    // The same again without the stale bytes is the same channel.
    try remote.announce("rpmsg-openamp-demo-channel", at: 0x400)
    #expect(!fixture.bus.notified(nil))
    #expect(fixture.bus.channels.count == 1)
    fixture.bus.close()
  }

  @Test("256 messages fit each way before anybody gives a buffer back")
  func capacity() throws {
    let fixture = try BusFixture(try makeLink())
    let remote = try fixture.far.announce("svc")
    let received = Recorder<UInt8>()
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, header, payload in
      received.add(RPMsgMessage(header, payload).payload[0])
    }
    fixture.drain()
    for index in 0..<256 { try endpoint.trySend([UInt8(index)]) }
    #expect(throws: RPMsgBusError.wouldBlock) { try endpoint.trySend([0]) }
    #expect(try fixture.far.echo() == 256)
    fixture.drain()
    #expect(received.items == (0..<256).map { UInt8($0) })
    fixture.bus.close()
  }
}
