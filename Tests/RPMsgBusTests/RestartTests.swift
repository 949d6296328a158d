import RPMsg
import RPMsgBus
import Scheduling
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Restarts", .timeLimit(.minutes(5)), .serialized)
struct RestartTests {
  /// A bus that is known to be gone once nobody holds it.
  private final class Watched: Sendable {
    let isGone = Flag()
    deinit { isGone.set() }
  }

  @Test("A thousand lives over the same memory: each talks, each ends, none is left over")
  func thousandLives() throws {
    let link = try BusLink(queueSize: 4)
    for life in 0..<1000 {
      // What the life before has left in the rings and in the status must not matter.
      if life % 3 == 0 { link.region.window.store(0x87 as UInt8, at: 20) }
      let isGone: Flag
      do {
        let watched = Watched()
        isGone = watched.isGone
        try runLife(UInt8(life & 0xff), on: link, watched)
      }
      #expect(isGone.isSet, "life \(life)")
    }
  }

  private func runLife(_ number: UInt8, on link: BusLink, _ watched: Watched) throws {
    let fixture = try BusFixture(link)
    let channel = try fixture.announce("svc")
    let received = Recorder<UInt8>()
    let endpoint = try channel.open { [watched] _, header, payload in
      withExtendedLifetime(watched) {
        received.add(RPMsgMessage(header, payload).payload[0])
      }
    }
    for _ in 0..<5 {
      try endpoint.trySend([number])
      try fixture.far.echo()
      fixture.drain()
    }
    #expect(received.items == Array(repeating: number, count: 5))
    fixture.bus.close()
    #expect(throws: RPMsgBusError.remoteGone) { try endpoint.trySend([number]) }
    #expect(channel.isGone)
    #expect(fixture.bus.channels.isEmpty)
  }

  @Test("Each of several senders that wait is told once that the remote is gone, in every life")
  func sendersOfManyLives() throws {
    let link = try BusLink(queueSize: 2)
    for _ in 0..<50 {
      let fixture = try BusFixture(link)
      let endpoint = try fixture.bus.makeEndpoint(remoteAddress: .firstDynamic) { _, _, _ in }
      for _ in 0..<2 { try endpoint.trySend([1]) }
      let errors = Recorder<RPMsgBusError?>()
      let senders = (0..<3).map { _ in
        TestThread {
          do throws(RPMsgBusError) {
            try endpoint.send([2], within: .seconds(60))
            errors.add(nil)
          } catch { errors.add(error) }
        }
      }
      #expect(eventually { fixture.bus.statistics.blockedSends == 3 })
      fixture.bus.close()
      for sender in senders { sender.join() }
      #expect(errors.items == Array(repeating: .remoteGone, count: 3))
    }
  }

  @Test("After close returns a thread that receives writes to the rings no more")
  func silentAfterClose() throws {
    for _ in 0..<200 {
      let fixture = try BusFixture(queueSize: 4)
      let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
      let (bus, far, stop) = (fixture.bus, fixture.far, Flag())
      let threads = [
        TestThread { while !stop.isSet { _ = bus.notified() } },
        TestThread {
          while !stop.isSet {
            do { try far.send([1], from: .firstDynamic, to: endpoint.address) } catch {}
          }
        },
      ]
      #expect(eventually { endpoint.statistics.receivedMessages > 20 })
      bus.close()
      let ring = fixture.link.device.vrings[0]
      let index = try ring.record.layout().available.offset + 2
      let before = ring.memory.loadUInt16(at: index)
      let received = endpoint.statistics.receivedMessages
      for _ in 0..<100 { _ = bus.notified() }
      stop.set()
      for thread in threads { thread.join() }
      #expect(ring.memory.loadUInt16(at: index) == before)
      // A handler that ran at that moment was finished.
      #expect(endpoint.statistics.receivedMessages <= received + 1)
    }
  }
}
