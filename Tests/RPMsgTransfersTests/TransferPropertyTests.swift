import RPMsg
import RPMsgTransfers
import TestSupport
import Testing
import WireTypes

@Suite("Properties of links for large messages")
struct TransferPropertyTests {
  /// Messages both ways at once, of random lengths, windows and orders of sending, with senders and
  /// receivers that give up: what is delivered is what was sent, and nothing is stuck.
  @Test("Random traffic in both directions", arguments: 0..<60)
  func traffic(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sizes = (0..<4).map { _ in Int.random(in: 1...700, using: &random) }
    var pair = LinkPair(
      host: TransferLink.Limits(
        messageByteCount: 2000, receiveWindow: sizes[0], sendWindow: sizes[1]),
      remote: TransferLink.Limits(
        messageByteCount: 2000, receiveWindow: sizes[2], sendWindow: sizes[3]))
    let capacity = Int.random(in: 1...300, using: &random)
    var wire: (toRemote: [[UInt8]], toHost: [[UInt8]]) = ([], [])
    var outcomes = 0
    var started = 0
    // One that was given up may still arrive whole.
    var messages: [[UInt8]] = []
    for _ in 0..<2000 {
      switch Int.random(in: 0..<9, using: &random) {
      case 0 where !pair.host.isSending:
        try pair.begin(
          LinkPair.pattern(
            Int.random(in: 0...2000, using: &random), seed: .random(in: 0...9, using: &random)))
        started += 1
        messages.append(pair.hostMessage)
      case 1, 2: if let bytes = pair.hostFrame(capacity: capacity) { wire.toRemote.append(bytes) }
      case 3, 4: if let bytes = pair.remoteFrame(capacity: capacity) { wire.toHost.append(bytes) }
      case 5, 6:
        guard !wire.toRemote.isEmpty else { continue }
        let events = pair.remoteReceives(wire.toRemote.removeFirst())
        if let count = events.received {
          try #require(
            messages.contains(Array(pair.remoteMemory.prefix(count))), "seed \(seed)")
        }
        try expectHarmless(events, seed)
      case 7:
        guard !wire.toHost.isEmpty else { continue }
        let events = pair.hostReceives(wire.toHost.removeFirst())
        if events.outcome != nil { outcomes += 1 }
        try expectHarmless(events, seed)
      default:
        switch Int.random(in: 0..<40, using: &random) {
        case 0: if pair.host.cancelSending(.unwanted) { outcomes += 1 }
        case 1: _ = pair.remote.cancelReceiving(.unwanted)
        case 2...20: _ = pair.remote.releaseMessage()
        default: break
        }
      }
    }
    // Nothing is left behind: everything under way comes to its end.
    for _ in 0..<10_000 where pair.host.isSending || !wire.toRemote.isEmpty || !wire.toHost.isEmpty
    {
      if let bytes = pair.hostFrame(capacity: capacity) { wire.toRemote.append(bytes) }
      if let bytes = pair.remoteFrame(capacity: capacity) { wire.toHost.append(bytes) }
      if !wire.toRemote.isEmpty { _ = pair.remoteReceives(wire.toRemote.removeFirst()) }
      if !wire.toHost.isEmpty, pair.hostReceives(wire.toHost.removeFirst()).outcome != nil {
        outcomes += 1
      }
      _ = pair.remote.releaseMessage()
    }
    #expect(!pair.host.isSending, "stuck: seed \(seed)")
    #expect(outcomes == started, "each message ends once: seed \(seed)")
  }

  /// Two sides that keep the rules never see them broken; a frame may only be late.
  private func expectHarmless(_ events: TransferEvents, _ seed: UInt64) throws {
    switch events.drop {
    case nil, .staleTransfer: break
    case let error?: try #require(error == .notNegotiated, "seed \(seed)")
    }
  }

  @Test("Random bytes never trap, and never give out more than the memory", arguments: 0..<40)
  func hostile(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var pair = LinkPair(remote: LinkPair.limits(300, window: 100))
    for _ in 0..<500 {
      var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        UInt8.random(in: 0...3, using: &random)
      }
      if bytes.count > 1, Bool.random(using: &random) {
        bytes[0] = .random(in: 1...7, using: &random)
        bytes[1] = 1
      }
      let events = pair.remoteReceives(bytes)
      if let count = events.received { try #require(count <= 300, "seed \(seed)") }
      if let frame = pair.remote.nextFrame(capacity: 50) { pair.remote.didSend(frame) }
      if pair.remote.holdsMessage { _ = pair.remote.releaseMessage() }
    }
  }
}
