import RPMsg
import RPMsgBus
import Scheduling
import SharedMemory
import Synchronization
import Testing
import Virtio
import Vring
import WireTypes

#if canImport(Glibc)
import Glibc
#endif

/// A flag that threads share.
final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}

/// The remote on a thread of its own, echoing, and the host's dispatcher on another one.
struct LiveBus {
  let fixture: BusFixture
  private let stop = Flag()
  private let threads: [TestThread]

  init(queueSize: UInt32 = 16, echoes: Bool = true) throws {
    fixture = try BusFixture(queueSize: queueSize)
    let (stop, far, bus) = (stop, fixture.far, fixture.bus)
    threads = [
      TestThread {
        while !stop.isSet {
          do {
            if echoes { try far.echo() } else { try far.poll() }
          } catch { Issue.record(error) }
          sched_yield()
        }
      },
      TestThread {
        while !stop.isSet {
          if !bus.notified() { sched_yield() }
        }
      },
    ]
  }

  func end() {
    fixture.bus.close()
    stop.set()
    for thread in threads { thread.join() }
  }
}

@Suite("Many threads", .timeLimit(.minutes(2)), .serialized)
struct ThreadTests {
  @Test("Four senders on four endpoints: every message comes back to its own, in order")
  func fourSenders() throws {
    let live = try LiveBus()
    let messageCount = 2000
    let remote = try live.fixture.far.announce("echo")
    let recorders = (0..<4).map { _ in Recorder<UInt32>() }
    let endpoints = try recorders.map { recorder in
      try live.fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, payload in
        recorder.add(payload.littleEndian(at: 0))
      }
    }
    let senders = endpoints.map { endpoint in
      TestThread {
        for number in 0..<UInt32(messageCount) {
          let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
          do { try endpoint.send(bytes, within: .seconds(30)) } catch { Issue.record(error) }
        }
      }
    }
    for sender in senders { sender.join() }
    for recorder in recorders {
      #expect(eventually { recorder.count == messageCount })
      #expect(recorder.items == (0..<UInt32(messageCount)).map(\.self))
    }
    let statistics = live.fixture.bus.statistics
    #expect(statistics.sentMessages == UInt64(4 * messageCount))
    #expect(endpoints.map(\.statistics.sentMessages) == Array(repeating: 2000, count: 4))
    live.end()
  }

  @Test("F03: senders that wait when the bus is closed fail with remoteGone, each once")
  func closeWhileWaiting() throws {
    let fixture = try BusFixture(queueSize: 2)
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    for _ in 0..<2 { try endpoint.trySend([1]) }
    let errors = Recorder<RPMsgBusError?>()
    let senders = (0..<4).map { _ in
      TestThread {
        do throws(RPMsgBusError) {
          try endpoint.send([2], within: .seconds(30))
          errors.add(nil)
        } catch { errors.add(error) }
      }
    }
    #expect(eventually { fixture.bus.statistics.blockedSends == 4 })
    fixture.bus.close()
    for sender in senders { sender.join() }
    #expect(errors.items == Array(repeating: .remoteGone, count: 4))
    #expect(throws: RPMsgBusError.remoteGone) { try endpoint.trySend([3]) }
  }

  @Test("N09: a sender that waits when the remote withdraws its channel fails with endpointGone")
  func withdrawWhileWaiting() throws {
    let fixture = try BusFixture(queueSize: 2)
    let channel = try fixture.announce("svc")
    let endpoint = try channel.open { _, _, _ in }
    for _ in 0..<2 { try endpoint.trySend([1]) }
    let errors = Recorder<RPMsgBusError?>()
    let sender = TestThread {
      do throws(RPMsgBusError) {
        try endpoint.send([2], within: .seconds(30))
        errors.add(nil)
      } catch { errors.add(error) }
    }
    #expect(eventually { fixture.bus.statistics.blockedSends == 1 })
    try fixture.far.withdraw(channel.remoteAddress)
    fixture.drain()
    sender.join()
    #expect(errors.items == [.endpointGone(endpoint.address)])
    fixture.bus.close()
  }

  @Test("A broken ring wakes senders that wait, with the reason")
  func breakWhileWaiting() throws {
    let fixture = try BusFixture(queueSize: 2)
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: .firstDynamic) { _, _, _ in }
    for _ in 0..<2 { try endpoint.trySend([1]) }
    let errors = Recorder<RPMsgBusError?>()
    let sender = TestThread {
      do throws(RPMsgBusError) {
        try endpoint.send([2], within: .seconds(30))
        errors.add(nil)
      } catch { errors.add(error) }
    }
    #expect(eventually { fixture.bus.statistics.blockedSends == 1 })
    let ring = fixture.link.device.vrings[0]
    ring.memory.store(3 as UInt16, at: try ring.record.layout().used.offset + 2)
    #expect(!fixture.bus.notified())
    sender.join()
    #expect(
      errors.items == [.deviceBroken(.usedIndexJump(index: 3, consumed: 0, lent: 2))])
    fixture.bus.close()
  }

  @Test("A sender that waits goes on when the remote gives buffers back without a notification")
  func silentRemote() throws {
    let fixture = try BusFixture(queueSize: 2)
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    for _ in 0..<2 { try endpoint.trySend([1]) }
    let errors = Recorder<RPMsgBusError?>()
    let sender = TestThread {
      do throws(RPMsgBusError) {
        try endpoint.send([2], within: .seconds(30))
        errors.add(nil)
      } catch { errors.add(error) }
    }
    #expect(eventually { fixture.bus.statistics.blockedSends == 1 })
    try fixture.far.poll()
    sender.join()
    #expect(errors.items == [nil])
    fixture.bus.close()
  }

  @Test("F07: every doorbell lost: a slow poll delivers all the same")
  func lostDoorbells() throws {
    let fixture = try BusFixture(queueSize: 4)
    let (bus, far) = (fixture.bus, fixture.far)
    let pool = WorkerPool(name: "poll", threadCount: 1)
    let job = pool.makeJob {
      if bus.notified() { return .again }
      return .sleepUntil(MonotonicTime.now.advanced(by: .milliseconds(2)))
    }
    job.schedule()
    let remote = try far.announce("svc")
    let received = Recorder<UInt8>()
    let endpoint = try bus.makeEndpoint(remoteAddress: remote) { _, header, payload in
      received.add(RPMsgMessage(header, payload).payload[0])
    }
    for number in 0..<20 as Range<UInt8> {
      #expect(
        try eventually {
          do {
            try far.send([number], from: remote, to: endpoint.address)
            return true
          } catch RPMsgError.noBuffer { return false }
        })
    }
    #expect(eventually { received.count == 20 })
    #expect(received.items == Array(0..<20))
    job.cancel()
    bus.close()
  }

  @Test("Endpoints come and go on one thread while messages arrive on another")
  func endpointsWhileReceiving() throws {
    let live = try LiveBus()
    let remote = try live.fixture.far.announce("echo")
    for _ in 0..<300 {
      let received = Recorder<Int>()
      let endpoint = try live.fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in
        received.add(1)
      }
      for _ in 0..<3 { try endpoint.send([1], within: .seconds(30)) }
      #expect(eventually { received.count >= 1 })
      endpoint.close()
    }
    #expect(
      live.fixture.events.items.allSatisfy { event in
        guard case .broken = event else { return true }
        return false
      })
    live.end()
  }

  @Test("N06: the remote flaps while host threads open what they see")
  func flappingWhileOpening() throws {
    let live = try LiveBus(echoes: false)
    let (bus, far, stop) = (live.fixture.bus, live.fixture.far, Flag())
    let opener = TestThread {
      while !stop.isSet {
        for channel in bus.channels {
          do throws(RPMsgBusError) {
            let endpoint = try channel.open { _, _, _ in }
            try endpoint.trySend([1])
          } catch {
            switch error {
            case .endpointGone, .channelInUse, .wouldBlock: break
            default: Issue.record(error)
            }
          }
        }
        sched_yield()
      }
    }
    for _ in 0..<500 {
      #expect(
        try eventually {
          do {
            let address = try far.announce("flap")
            return try eventually {
              do {
                try far.withdraw(address)
                return true
              } catch RPMsgError.noBuffer { return false }
            }
          } catch RPMsgError.noBuffer { return false }
        })
    }
    stop.set()
    opener.join()
    live.end()
    #expect(live.fixture.bus.channels.isEmpty)
  }

  @Test("Closing the bus from several threads while others send and receive")
  func closeUnderLoad() throws {
    for _ in 0..<20 {
      let live = try LiveBus(queueSize: 4)
      let remote = try live.fixture.far.announce("echo")
      let (bus, received) = (live.fixture.bus, Recorder<Int>())
      let endpoint = try bus.makeEndpoint(remoteAddress: remote) { _, _, _ in received.add(1) }
      let outcome = Recorder<RPMsgBusError>()
      let senders = (0..<2).map { _ in
        TestThread {
          while true {
            do throws(RPMsgBusError) { try endpoint.send([1], within: .seconds(30)) } catch {
              outcome.add(error)
              return
            }
          }
        }
      }
      #expect(eventually { received.count > 10 })
      let closers = (0..<2).map { _ in TestThread { bus.close() } }
      for thread in senders + closers { thread.join() }
      #expect(outcome.items == [.remoteGone, .remoteGone])
      live.end()
    }
  }
}
