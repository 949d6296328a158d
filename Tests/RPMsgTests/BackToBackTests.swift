import RPMsg
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Both roles on one region")
struct BackToBackTests {
  @Test("The remote announces, the host speaks first, and every message comes back")
  func echo() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    var receiver = try RPMsgDriverReceiver(link.device)
    let wantsKick = receiver.publish()
    #expect(wantsKick)
    let bell = CountingBell()
    var remote = try RPMsgRemote(
      entry: link.device.entry, reachable: link.reachable, doorbell: bell)
    let address = try remote.makeEndpoint(named: WireName("rpmsg-echo"))
    #expect(address == .firstDynamic)
    try remote.announce(address)
    #expect(bell.counts == [1, 0])

    var payload = [UInt8](repeating: 0, count: receiver.payloadCapacity)
    let announcement = try receiver.next(&payload)
    #expect(announcement?.destination == .nameService)
    let service = try NameServiceMessage(decoding: payload.span.bytes.extracting(0..<40))
    #expect(service.name == WireName("rpmsg-echo") && service.address == address)
    _ = receiver.publish()

    let host = EndpointAddress(rawValue: 0x400)
    for round in 0..<70_000 {
      let sent = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: round % 497)
      try transmitter.enqueue(sent.span.bytes, from: host, to: address)
      let wantsKick = transmitter.publish()
      try #require(wantsKick)
      let polled = try remote.poll { header, bytes, answers in
        do throws(RPMsgError) {
          try answers.enqueue(bytes, from: header.destination, to: header.source)
        } catch { Issue.record(error) }
        return .done
      }
      try #require(polled == 1)
      let header = try receiver.next(&payload)
      try #require(header?.destination == host && header?.source == address)
      try #require(Array(payload.prefix(Int(header?.byteCount ?? 0))) == sent)
      _ = receiver.publish()
    }
    #expect(remote.endpoint(address)?.peer == host)
    #expect(remote.droppedCount == 0)
  }
}
