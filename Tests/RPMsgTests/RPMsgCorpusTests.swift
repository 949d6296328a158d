import HostileSides
import RPMsg
import TestSupport
import Testing

@Suite("Corpus of the rpmsg fuzzer")
struct RPMsgCorpusTests {
  private typealias Remote = HostileRemote.Step
  private typealias Host = HostileHost.Step

  private static let corpus = FuzzCorpus(target: "FuzzRPMsg")

  /// Inputs for our host: the first byte is even.
  private static func hostSeeds() -> [(name: String, bytes: [UInt8])] {
    let start: [UInt8] = [0, 2, 0]
    let receive = Remote.receive.rawValue
    let send = { (source: UInt8, byteCount: UInt8, excess: UInt8) -> [UInt8] in
      [Remote.send.rawValue, 0, 4, 0, 0, source, byteCount, 0, excess, receive]
    }
    let announcement: [UInt8] = [
      Remote.announce.rawValue, 1, 101, 99, 104, 111, 0, 4, 0, 0, 0, receive,
    ]
    let transmit: [UInt8] = [
      Remote.enqueue.rawValue, 9, 1, 0, Remote.reserve.rawValue, Remote.commit.rawValue, 9, 0, 1,
      Remote.publish.rawValue, Remote.use.rawValue, 0, 0, Remote.use.rawValue, 0, 0,
    ]
    return [
      ("host-receive", start + send(1, 40, 0) + announcement),
      ("host-nobody", start + send(255, 4, 0)),
      ("host-transmit", start + transmit + transmit + transmit),
      ("host-broken", start + [Remote.setUsedIndex.rawValue, 0, 9, 0, receive]),
    ]
  }

  /// Inputs for our remote: the first byte is odd.
  private static func remoteSeeds() -> [(name: String, bytes: [UInt8])] {
    let start: [UInt8] = [1, 2, 0]
    let lend: [UInt8] = [Host.lend.rawValue, 0, 2, 0]
    // To address 1024, ten bytes, and a handler that answers.
    let message: [UInt8] = [Host.message.rawValue, 1, 5, 2, 7, 0, Host.poll.rawValue, 3]
    let service: [UInt8] = [
      Host.service.rawValue, 2, 7, 0, 0, 9, 0, 0, 0, 0, Host.poll.rawValue,
    ]
    return [
      ("remote-echo", start + lend + message + lend + [Host.announce.rawValue, 1]),
      ("remote-service", start + lend + service + [Host.reply.rawValue, 30, 1]),
      ("remote-broken", start + [Host.setIndex.rawValue, 1, 9, 0, Host.poll.rawValue]),
    ]
  }

  @Test("The committed seeds are what the generator makes")
  func current() throws {
    for seed in Self.hostSeeds() + Self.remoteSeeds() {
      #expect(try Self.corpus.isCurrent(seed.name, seed.bytes), "\(seed.name)")
    }
  }

  @Test("The seeds reach messages, malformed ones, announcements and broken rings")
  func reach() throws {
    var (messages, drops, announcements, broken) = (0, 0, 0, 0)
    for seed in Self.hostSeeds() {
      var run = try HostileRemote(FuzzInput(Array(seed.bytes.dropFirst())))
      broken += run.run().count
      messages += run.messageCount
      drops += run.droppedCount
      announcements += run.announcementCount
    }
    #expect([messages, drops, announcements, broken] == [2, 1, 1, 1])
    (messages, broken) = (0, 0)
    for seed in Self.remoteSeeds() {
      var run = try HostileHost(FuzzInput(Array(seed.bytes.dropFirst())))
      run.run()
      messages += run.messageCount
      broken += run.broken == nil ? 0 : 1
    }
    #expect([messages, broken] == [1, 1])
  }

  @Test("Every input of the corpus runs to its end")
  func replay() throws {
    let inputs = try Self.corpus.inputs()
    #expect(inputs.count >= Self.hostSeeds().count + Self.remoteSeeds().count)
    for input in inputs {
      let rest = FuzzInput(Array(input.bytes.dropFirst()))
      if (input.bytes.first ?? 0) & 1 == 0 {
        var run = try HostileRemote(rest)
        _ = run.run()
      } else {
        var run = try HostileHost(rest)
        run.run()
      }
    }
  }
}
