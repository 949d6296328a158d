import RPMsg
import RPMsgBus
import RPMsgTransferBus
import RPMsgTransfers
import Scheduling
import Testing
import WireTypes

// One after another, as each test has a thread that polls.
@Suite("Large messages on a bus", .serialized, .timeLimit(.minutes(2)))
struct LargeMessageTests {
  private let name = WireName("blob")

  private func pattern(_ count: Int, seed: Int = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 131 &+ $0 >> 9) ^ seed) }
  }

  /// The remote's side, which takes messages of up to 1 MiB.
  private func makeRemote(
    _ fixture: ServiceFixture, _ channel: RPMsgChannel, echoes: Bool, limit: Int = 1 << 20
  ) -> LargeRemote {
    let remote = LargeRemote(
      at: channel.remoteAddress,
      limits: TransferLink.Limits(
        messageByteCount: limit, receiveWindow: 8 * 480, sendWindow: 8 * 480), echoes: echoes)
    fixture.run {
      remote.send(&$0)
    } _: { header, payload, _ in
      remote.receive(header, payload)
      return .done
    }
    return remote
  }

  @Test(
    "A message of each length goes and comes back",
    arguments: [
      (0, 8), (1, 64), (479, 8), (480, 64), (481, 8), (65_536, 8), (1 << 20, 64),
    ] as [(Int, UInt32)])
  func lengths(count: Int, queueSize: UInt32) async throws {
    let fixture = try ServiceFixture(queueSize: queueSize)
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    let remote = makeRemote(fixture, channel, echoes: true)
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    #expect(!large.isPlain)
    let message = pattern(count)
    try await large.sendLarge(message, within: .seconds(60))
    var iterator = large.messages.makeAsyncIterator()
    #expect(await iterator.next() == message)
    #expect(large.statistics.transfers.droppedFrames == 0)
    #expect(remote.state.withLock { $0.link.statistics.droppedFrames } == 0)
    fixture.stop()
    #expect(await iterator.next() == nil)
  }

  @Test("Threads, with a handler: many messages one after another, in order")
  func threads() throws {
    let fixture = try ServiceFixture(queueSize: 16)
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    _ = makeRemote(fixture, channel, echoes: true)
    let seen = Recorder<[UInt8]>()
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus) { _, message in
      seen.add((0..<message.byteCount).map { message.littleEndian(at: $0) })
    }
    let messages = (0..<20).map { pattern($0 * 997, seed: $0) }
    for message in messages { try large.sendLargeAndWait(message, within: .seconds(60)) }
    #expect(eventually { seen.items.count == messages.count })
    #expect(seen.items == messages)
    fixture.stop()
  }

  @Test("transfer: longer than the peer takes is refused before anything is sent")
  func tooLong() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    _ = makeRemote(fixture, channel, echoes: false, limit: 1000)
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    await #expect(
      throws: LargeMessageError.transfer(.messageTooLong(byteCount: 1001, limit: 1000))
    ) { try await large.sendLarge(pattern(1001), within: .seconds(60)) }
    try await large.sendLarge(pattern(1000), within: .seconds(60))
    fixture.stop()
  }

  @Test("timedOut and cancelled: the peer learns of it, and the channel goes on")
  func givingUp() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    let remote = makeRemote(fixture, channel, echoes: false)
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    try await large.sendLarge([1], within: .seconds(60))
    fixture.pause(true)
    do {
      try await large.sendLarge(pattern(100_000), within: .milliseconds(30))
      Issue.record("delivered to nobody")
    } catch {
      guard case .timedOut = error else { throw error }
    }
    let message = pattern(100_000)
    let task = Task { try await large.sendLarge(message, within: .seconds(1000)) }
    #expect(eventually { large.statistics.transfers.failedMessages == 1 })
    task.cancel()
    await #expect(throws: LargeMessageError.cancelled) { try await task.value }
    fixture.pause(false)
    try await large.sendLarge(message, within: .seconds(60))
    #expect(remote.state.withLock { $0.link.statistics.receivedMessages } == 2)
    fixture.stop()
  }

  @Test("remoteGone: the message under way and those behind it fail once, when the bus is closed")
  func gone() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    _ = makeRemote(fixture, channel, echoes: false)
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    try await large.sendLarge([1], within: .seconds(60))
    fixture.pause(true)
    let message = pattern(1 << 20)
    let tasks = (0..<3).map { _ in
      Task { try await large.sendLarge(message, within: .seconds(1000)) }
    }
    #expect(eventually { fixture.bus.statistics.sentMessages >= 3 })
    fixture.stop()
    for task in tasks {
      await #expect(throws: LargeMessageError.remoteGone) { try await task.value }
    }
    #expect(throws: LargeMessageError.remoteGone) {
      try large.sendLargeAndWait([1], within: .seconds(1))
    }
  }

  @Test("tooManyMessages: the queue is bounded")
  func queue() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    _ = makeRemote(fixture, channel, echoes: false)
    var options = LargeMessageOptions()
    options.queuedMessageCount = 2
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus, options: options)
    fixture.pause(true)
    let message = pattern(5000)
    let failures = Recorder<LargeMessageError?>()
    let threads = (0..<3).map { _ in
      Threads.start {
        do throws(LargeMessageError) {
          try large.sendLargeAndWait(message, within: .seconds(100))
          failures.add(nil)
        } catch { failures.add(error) }
      }
    }
    #expect(eventually { failures.items == [.tooManyMessages(limit: 2)] })
    fixture.pause(false)
    for thread in threads { thread.join() }
    #expect(failures.items == [.tooManyMessages(limit: 2), nil, nil])
    fixture.stop()
  }

  @Test("A plain peer: messages of one buffer go plain, longer ones are refused; no frame is sent")
  func plainPeer() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(name)
    let seen = Recorder<[UInt8]>()
    fixture.run { header, payload, transmitter in
      if payload.byteCount > 0 {
        seen.add((0..<payload.byteCount).map { payload.littleEndian(at: $0) })
        try? transmitter.enqueue(payload, from: header.destination, to: header.source)
      }
      return .done
    }
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    #expect(large.isPlain && large.isOpen)
    try await large.sendLarge(pattern(496), within: .seconds(60))
    try large.sendLargeAndWait(pattern(3), within: .seconds(60))
    await #expect(throws: LargeMessageError.peerIsPlain(byteCount: 497, limit: 496)) {
      try await large.sendLarge(pattern(497), within: .seconds(60))
    }
    #expect(throws: LargeMessageError.peerIsPlain(byteCount: 497, limit: 496)) {
      try large.sendLargeAndWait(pattern(497), within: .seconds(60))
    }
    var iterator = large.messages.makeAsyncIterator()
    #expect(await iterator.next() == pattern(496))
    #expect(await iterator.next() == pattern(3))
    #expect(seen.items == [pattern(496), pattern(3)])
    fixture.stop()
  }

  @Test("Who opens the plain channel of a service with a companion gets large messages")
  func chosen() async throws {
    let fixture = try ServiceFixture()
    let companion = try fixture.announce(try require(TransferName.companion(of: name)))
    let plain = try fixture.announce(name)
    _ = makeRemote(fixture, companion, echoes: false)
    let large = try LargeMessageChannel(opening: plain, on: fixture.bus)
    #expect(!large.isPlain && plain.endpoint == nil)
    try await large.sendLarge(pattern(5000), within: .seconds(60))
    fixture.stop()
  }

  @Test("The host announces; the remote greets and sends")
  func announced() async throws {
    let fixture = try ServiceFixture()
    let large = try LargeMessageChannel(announcing: name, on: fixture.bus)
    #expect(large.endpoint.announcedName == WireName("blob+L1"))
    let address = try fixture.remote.withLock { try $0.makeEndpoint() }
    let message = pattern(70_000)
    let remote = LargeRemote(
      at: address,
      limits: TransferLink.Limits(
        messageByteCount: 1000, receiveWindow: 480, sendWindow: 8 * 480), echoes: false)
    remote.state.withLock { state in
      state.link = TransferLink(
        session: 9,
        limits: TransferLink.Limits(
          messageByteCount: 1000, receiveWindow: 480, sendWindow: 8 * 480),
        opening: large.endpoint.address)
      state.message = message
    }
    fixture.run {
      remote.send(&$0)
    } _: { header, payload, _ in
      remote.receive(header, payload)
      return .done
    }
    #expect(eventually { large.isOpen && remote.state.withLock { $0.link.isOpen } })
    try remote.state.withLock { try $0.link.send(byteCount: message.count) }
    var iterator = large.messages.makeAsyncIterator()
    #expect(await iterator.next() == message)
    fixture.stop()
    let long = WireName(String(repeating: "n", count: 29))
    #expect(throws: LargeMessageError.nameTooLong(byteCount: 29, limit: 28)) {
      _ = try LargeMessageChannel(announcing: long, on: fixture.bus)
    }
  }

  @Test("Nobody reads: the remote gets no more credit, and nothing is lost")
  func backpressure() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    let remote = makeRemote(fixture, channel, echoes: false)
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    try await large.sendLarge([0], within: .seconds(60))
    var taken: [[UInt8]] = []
    var iterator = large.messages.makeAsyncIterator()
    for round in 0..<6 {
      let message = pattern(3000, seed: round)
      remote.state.withLock { $0.message = message }
      try remote.state.withLock { try $0.link.send(byteCount: message.count) }
      if round < 2 {
        // One in the inbox, one in the channel's memory.
        #expect(
          eventually { remote.state.withLock { $0.link.statistics.sentMessages } == round + 1 })
      } else {
        #expect(remote.state.withLock { $0.link.isSending })
        taken.append(try require(await iterator.next()))
        #expect(eventually { remote.state.withLock { !$0.link.isSending } })
      }
    }
    #expect(taken == (0..<4).map { pattern(3000, seed: $0) })
    fixture.stop()
  }

  @Test("While 1 MiB goes, another endpoint's small messages are answered")
  func smallMessages() async throws {
    let fixture = try ServiceFixture(queueSize: 64)
    let channel = try fixture.announce(try require(TransferName.companion(of: name)))
    let small = try fixture.announce(WireName("small"))
    let remote = LargeRemote(
      at: channel.remoteAddress,
      limits: TransferLink.Limits(
        messageByteCount: 1 << 20, receiveWindow: 64 * 480, sendWindow: 8 * 480), echoes: false)
    fixture.run {
      remote.send(&$0)
    } _: { header, payload, transmitter in
      guard header.destination == small.remoteAddress else {
        remote.receive(header, payload)
        return .done
      }
      do { try transmitter.enqueue(payload, from: header.destination, to: header.source) } catch {
        return .retry
      }
      return .done
    }
    let large = try LargeMessageChannel(opening: channel, on: fixture.bus)
    let answers = Recorder<Int>()
    let endpoint = try small.open { _, _, payload in answers.add(payload.byteCount) }
    let message = pattern(1 << 20)
    let task = Task { try await large.sendLarge(message, within: .seconds(100)) }
    let one: [UInt8] = [1]
    var count = 0
    while large.statistics.transfers.sentMessages == 0 {
      try endpoint.send(one.span.bytes, within: .seconds(20))
      count += 1
      let wanted = count
      #expect(eventually { answers.items.count >= wanted })
    }
    try await task.value
    #expect(count > 10, "small messages went between the fragments")
    fixture.stop()
  }
}
