import Foundation
import RPMsg
import SharedMemory
import Synchronization
import Testing
import Virtio
import Vring
import WireTypes

/// Kicks that a thread waits for without missing one.
private final class WakeBell: Doorbell {
  private let count = Atomic<UInt64>(0)
  private let timedOut = Atomic<Bool>(false)

  func kick(_ id: NotifyID) { count.add(1, ordering: .acquiringAndReleasing) }
  var gaveUp: Bool { timedOut.load(ordering: .acquiring) }
  var now: UInt64 { count.load(ordering: .acquiring) }

  /// Waits for a kick after `seen`; `false` when none came in ten seconds.
  func wait(after seen: UInt64) -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while now == seen {
      sched_yield()
      if ContinuousClock.now > deadline {
        timedOut.store(true, ordering: .releasing)
        return false
      }
    }
    return true
  }
}

@Suite("rpmsg with each side in a thread of its own")
struct ThreadTests {
  @Test("M09: 2^16 + 1 numbered messages come back in order, and no wake-up is lost")
  func echoAcrossTheWrap() throws {
    let link = try RPMsgLink(queueSize: 16, alignment: 16)
    let transmitter = try RPMsgDriverTransmitter(link.device)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    let toRemote = WakeBell()
    let toHost = WakeBell()
    let total: UInt32 = 65_537
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      Self.echo(link, inbox: toRemote, outbox: toHost, total: total)
      done.signal()
    }
    try Self.exchange(transmitter, receiver, inbox: toHost, outbox: toRemote, total: total)
    #expect(done.wait(timeout: .now() + 20) == .success)
    #expect(!toHost.gaveUp)
    #expect(!toRemote.gaveUp)
  }

  private static func echo(_ link: RPMsgLink, inbox: WakeBell, outbox: WakeBell, total: UInt32) {
    do {
      var remote = try RPMsgRemote(
        entry: link.device.entry, reachable: link.reachable, doorbell: outbox)
      _ = try remote.makeEndpoint()
      var echoed = 0
      while echoed < total {
        let seen = inbox.now
        let count = try remote.poll { header, bytes, answers in
          do throws(RPMsgError) {
            try answers.enqueue(bytes, from: header.destination, to: header.source)
            return .done
          } catch { return .retry }
        }
        echoed += count
        if count == 0, try !remote.setNotifications(true), !inbox.wait(after: seen) { return }
      }
    } catch { Issue.record(error) }
  }

  private static func exchange(
    _ transmitter: consuming RPMsgDriverTransmitter<SharedWindow>,
    _ receiver: consuming RPMsgDriverReceiver<SharedWindow>, inbox: WakeBell, outbox: WakeBell,
    total: UInt32
  ) throws {
    var payload = [UInt8](repeating: 0, count: 496)
    let id = NotifyID(rawValue: 0)
    var (sent, received) = (UInt32(0), UInt32(0))
    while received < total {
      let seen = inbox.now
      // At most a ring's worth under way, so that the remote always finds a buffer to answer in.
      while sent < total, sent - received < 16 {
        let bytes = withUnsafeBytes(of: sent.littleEndian) { Array($0) }
        do throws(RPMsgError) {
          try transmitter.enqueue(
            bytes.span.bytes, from: EndpointAddress(rawValue: 1), to: .firstDynamic)
        } catch {
          if error == .noBuffer { break }
          throw error
        }
        sent += 1
      }
      if transmitter.publish() { outbox.kick(id) }
      var progressed = false
      while let header = try receiver.next(&payload) {
        try #require(header.byteCount == 4)
        let number: UInt32 = payload.span.bytes.littleEndian(at: 0)
        try #require(number == received)
        received += 1
        progressed = true
      }
      if receiver.publish() { outbox.kick(id) }
      if progressed { continue }
      let waits = try receiver.setNotifications(true)
      if !waits, try !transmitter.setNotifications(sent < total), !inbox.wait(after: seen) {
        return
      }
    }
  }
}
