import RPMsg
import RPMsgBus
import RPMsgServiceBus
import RPMsgTransferBus
import RPMsgTransfers
import Remoteproc
import SampleServices
import Scheduling
import TestSupport
import Testing
import WireTypes

extension RunningFirmware {
  /// The channel called `name`, waited for.
  func channel(_ name: WireName) throws -> RPMsgChannel {
    try log.wait { _ in bus?.channels.contains { $0.name == name } ?? false }
    guard let channel = bus?.channels.first(where: { $0.name == name }) else {
      throw IntegrationError.noDevice
    }
    return channel
  }

  fileprivate func requireBus() throws -> RPMsgHostBus {
    guard let bus else { throw IntegrationError.noDevice }
    return bus
  }
}

@Suite("Services of the shipped firmware", .timeLimit(.minutes(2)))
struct ServiceFirmwareTests {
  private func randomPair(_ size: Int, _ generator: inout SeededGenerator) -> MatrixPair {
    func random() -> Matrix {
      var matrix = Matrix(size: size)
      for row in 0..<size {
        for column in 0..<size { matrix[row, column] = .random(in: 0...9, using: &generator) }
      }
      return matrix
    }
    return MatrixPair(random(), random())
  }

  @Test("matrix: the typed service multiplies on the remote core, for threads and tasks")
  func typedMatrix() async throws {
    let firmware = try RunningFirmware("matrix")
    try firmware.boot()
    let client = try RPMsgServiceClient<MatrixService>(
      opening: try firmware.channel(MatrixService.name))
    var generator = SeededGenerator(seed: 4)
    for size in 1...6 {
      let pair = randomPair(size, &generator)
      #expect(try client.callAndWait(pair, within: .seconds(20)) == pair.product, "\(size)")
    }
    for _ in 0..<20 {
      let pair = randomPair(6, &generator)
      #expect(try await client.call(pair, within: .seconds(20)) == pair.product)
    }
    #expect(client.statistics.answers == 26 && client.statistics.droppedFrames == 0)
    try firmware.shutdown()
  }

  @Test("matrix: the plain channel speaks as the demo of open-amp does, and ends when told to")
  func plainMatrix() throws {
    let firmware = try RunningFirmware("matrix")
    try firmware.boot()
    let answers = Guarded<[[UInt8]]>([])
    let endpoint = try firmware.channel(PlainMatrixService.name).open {
      [log = firmware.log] _, header, payload in
      let message = RPMsgMessage(header, payload)
      answers.withLock { $0.append(message.payload) }
      log.countAnswer()
    }
    var generator = SeededGenerator(seed: 5)
    for round in 1...10 {
      let pair = randomPair(6, &generator)
      var bytes = [UInt8](repeating: 0, count: 296)
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      pair.encode(into: &raw)
      try endpoint.send(bytes.span.bytes, within: .seconds(20))
      try firmware.log.wait { $0.answerCount == round }
      let answer = answers.withLock { $0[round - 1] }
      #expect(try Matrix(decoding: answer.span.bytes) == pair.product)
    }
    // What is no pair of matrices gets no answer, and does no harm.
    let wrong = [UInt8](repeating: 7, count: 295)
    try endpoint.send(wrong.span.bytes, within: .seconds(20))
    let shutdown: [UInt8] = [0x5a, 0xa5, 0x56, 0xef]
    try endpoint.send(shutdown.span.bytes, within: .seconds(20))
    try firmware.log.wait { state in
      state.events.contains { if case .exited(code: 0) = $0 { true } else { false } }
    }
    #expect(answers.withLock { $0.count } == 10)
    #expect(firmware.trace.contains("matrix: 295 bytes are no matrices"))
    try firmware.shutdown()
  }

  @Test("sensor: read, subscribed at a pace, busy for others, unsubscribed")
  func sensor() async throws {
    let firmware = try RunningFirmware("sensor")
    try firmware.boot()
    let client = try RPMsgServiceClient<SensorService>(
      opening: try firmware.channel(SensorService.name))
    let first = try client.callAndWait(.read, within: .seconds(20))
    #expect(first.number == 1 && first.count == 3)
    #expect(first[0] == SensorSample.wave(1) && first[2] == 1)
    let subscribed = try client.callAndWait(
      .subscribe(intervalInMicroseconds: 2000), within: .seconds(20))
    #expect(subscribed.time >= first.time)
    var last = subscribed
    var missed: UInt32 = 0
    var events = client.events.makeAsyncIterator()
    for _ in 0..<20 {
      let event = try #require(await events.next())
      let sample = event.value
      // Counted by the sensor, whatever was lost on the way.
      #expect(sample.number >= last.number + 1)
      #expect(sample[0] == SensorSample.wave(sample.number))
      #expect(sample.time > last.time)
      #expect(sample[1] >= 0)
      missed += event.missedCount
      last = sample
    }
    // Twenty samples at 2 ms never come faster than that on the sensor's clock.
    #expect(last.time - subscribed.time >= 20 * 2000)
    #expect(UInt64(missed) == client.statistics.missedEvents)
    try expectBusy(firmware)
    let end = try client.callAndWait(.unsubscribe, within: .seconds(20))
    #expect(end[2] == 4, "read, subscribe, the other's subscribe, unsubscribe")
    // Nothing comes any more: the next sample has the next number.
    let after = try client.callAndWait(.read, within: .seconds(20))
    #expect(after.number == end.number + 1)
    try firmware.shutdown()
  }

  /// Another client, at an endpoint of its own, is refused.
  private func expectBusy(_ firmware: RunningFirmware) throws {
    let server = try firmware.channel(SensorService.name).remoteAddress
    let refusals = Guarded<[[UInt8]]>([])
    let other = try firmware.requireBus().makeEndpoint(remoteAddress: server) {
      [log = firmware.log] _, header, payload in
      let message = RPMsgMessage(header, payload)
      refusals.withLock { $0.append(message.payload) }
      log.countAnswer()
    }
    // A request, number 9: subscribe every 5000 microseconds.
    let request: [UInt8] = [1, 1, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0x88, 0x13, 0, 0]
    try other.send(request.span.bytes, within: .seconds(20))
    try firmware.log.wait { $0.answerCount == 1 }
    // A response, busy, number 9.
    #expect(refusals.withLock { $0 } == [[2, 1, 2, 0, 9, 0, 0, 0]])
    other.close()
  }

  @Test("large: 64 KiB and 1 MiB come back as they went, and plain messages too")
  func large() async throws {
    let firmware = try RunningFirmware("large")
    try firmware.boot()
    let plain = try firmware.channel(WireName("rpmsg-large"))
    let channel = try LargeMessageChannel(opening: plain, on: try firmware.requireBus())
    #expect(!channel.isPlain)
    var messages = channel.messages.makeAsyncIterator()
    for count in [0, 1, 480, 481, 65_536, 1 << 20] {
      let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 57 &+ $0 >> 10) }
      try await channel.sendLarge(message, within: .seconds(60))
      #expect(await messages.next() == message, "\(count) bytes")
    }
    await #expect(
      throws: LargeMessageError.transfer(
        .messageTooLong(byteCount: 1 << 20 + 1, limit: 1 << 20))
    ) {
      try await channel.sendLarge(
        [UInt8](repeating: 0, count: 1 << 20 + 1), within: .seconds(60))
    }
    let text = Array("plain".utf8)
    let endpoint = try plain.open { [log = firmware.log] _, _, payload in
      if payload.byteCount == 5 { log.countAnswer() }
    }
    try endpoint.send(text.span.bytes, within: .seconds(20))
    try firmware.log.wait { $0.answerCount == 1 }
    #expect(channel.statistics.transfers.droppedFrames == 0)
    try firmware.shutdown()
    #expect(await messages.next() == nil)
  }

  @Test("large: a shutdown in the middle fails the message once; the next boot serves anew")
  func largeRestart() async throws {
    let firmware = try RunningFirmware("large")
    for round in 0..<3 {
      try firmware.boot()
      let channel = try LargeMessageChannel(
        opening: try firmware.channel(WireName("rpmsg-large")), on: try firmware.requireBus())
      let message = [UInt8](repeating: UInt8(round), count: 1 << 20)
      let task = Task { try await channel.sendLarge(message, within: .seconds(60)) }
      try firmware.log.wait { _ in (firmware.bus?.statistics.receivedMessages ?? 0) > 3 }
      try firmware.shutdown()
      await #expect(throws: LargeMessageError.remoteGone, "round \(round)") {
        try await task.value
      }
    }
    try firmware.boot()
    let channel = try LargeMessageChannel(
      opening: try firmware.channel(WireName("rpmsg-large")), on: try firmware.requireBus())
    try await channel.sendLarge([1, 2, 3], within: .seconds(60))
    var messages = channel.messages.makeAsyncIterator()
    #expect(await messages.next() == [1, 2, 3])
    try firmware.shutdown()
  }
}
