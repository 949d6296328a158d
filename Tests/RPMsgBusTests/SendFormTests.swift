import RPMsg
import RPMsgBus
import Scheduling
import Testing
import Virtio
import WireTypes

@Suite("Every form of sending", .timeLimit(.minutes(1)))
struct SendFormTests {
  private func fullBus() throws -> (BusFixture, RPMsgEndpoint) {
    let fixture = try BusFixture(queueSize: 2)
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    for number in 0..<2 as Range<UInt8> { try endpoint.trySend([number]) }
    return (fixture, endpoint)
  }

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 & 0xff) } }

  @Test("A batch goes in order, cut where it is to be, with one kick")
  func batch() throws {
    let fixture = try BusFixture()
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    let kicks = fixture.bus.statistics.kicks
    let all = bytes(10)
    #expect(try endpoint.trySendBatch(all.span.bytes, splitEvery: 4) == 3)
    #expect(fixture.bus.statistics.kicks == kicks + 1)
    #expect(try fixture.far.poll().map(\.payload) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    #expect(endpoint.statistics.sentMessages == 3)
    #expect(endpoint.statistics.sentBytes == 10)
    #expect(try endpoint.trySendBatch([UInt8]().span.bytes, splitEvery: 4) == 0)
    fixture.bus.close()
  }

  @Test("A batch that finds too few buffers says how many messages went")
  func batchPartly() throws {
    let fixture = try BusFixture(queueSize: 4)
    let remote = try fixture.far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    let all = bytes(6)
    #expect(try endpoint.trySendBatch(all.span.bytes, splitEvery: 1) == 4)
    #expect(try endpoint.trySendBatch(all.span.bytes, splitEvery: 1) == 0)
    #expect(try fixture.far.poll().count == 4)
    fixture.bus.close()
    #expect(throws: RPMsgBusError.remoteGone) {
      try endpoint.trySendBatch(all.span.bytes, splitEvery: 1)
    }
  }

  @Test("A batch with a message that is too long is refused as a whole")
  func batchTooLong() throws {
    let fixture = try BusFixture()
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: .firstDynamic) { _, _, _ in }
    let all = bytes(1000)
    #expect(throws: RPMsgBusError.messageTooLong(byteCount: 497, limit: 496)) {
      try endpoint.trySendBatch(all.span.bytes, splitEvery: 497)
    }
    #expect(endpoint.statistics.sentMessages == 0)
    fixture.bus.close()
  }

  @Test("A blocking batch many times the size of the ring arrives whole and in order")
  func batchBlocking() throws {
    let fixture = try BusFixture(queueSize: 4)
    let (far, received) = (fixture.far, Recorder<UInt8>())
    let remote = try far.announce("svc")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    let all = bytes(200)
    let sender = TestThread {
      do { try endpoint.sendBatch(all.span.bytes, splitEvery: 1, within: .seconds(30)) } catch {
        Issue.record(error)
      }
    }
    #expect(
      try eventually {
        for message in try far.poll() { received.add(message.payload[0]) }
        return received.count == 200
      })
    sender.join()
    #expect(received.items == all)
    fixture.bus.close()
  }

  @Test("A suspended sender goes on when buffers come back, with or without a notification")
  func suspends() async throws {
    for notifies in [true, false] {
      let (fixture, endpoint) = try fullBus()
      let task = Task {
        let payload: [UInt8] = [9]
        try await endpoint.sendSuspending(payload.span.bytes, within: .seconds(30))
      }
      while fixture.bus.statistics.blockedSends == 0 { await Task.yield() }
      #expect(try fixture.far.poll().count == 2)
      if notifies { fixture.drain() }
      try await task.value
      #expect(try fixture.far.poll().map(\.payload) == [[9]])
      fixture.bus.close()
    }
  }

  @Test("A suspended sender ends with its deadline")
  func suspendsInVain() async throws {
    let (fixture, endpoint) = try fullBus()
    let payload: [UInt8] = [9]
    do throws(RPMsgBusError) {
      try await endpoint.sendSuspending(payload.span.bytes, within: .milliseconds(5))
      Issue.record("no buffer is free")
    } catch {
      if case .timedOut = error { return fixture.bus.close() }
      Issue.record(error)
    }
    fixture.bus.close()
  }

  @Test("A suspended sender ends with its task")
  func suspendsCancelled() async throws {
    let (fixture, endpoint) = try fullBus()
    let task = Task { () -> RPMsgBusError? in
      let payload: [UInt8] = [9]
      do throws(RPMsgBusError) {
        try await endpoint.sendSuspending(payload.span.bytes, within: .seconds(30))
        return nil
      } catch { return error }
    }
    while fixture.bus.statistics.blockedSends == 0 { await Task.yield() }
    task.cancel()
    #expect(await task.value == .cancelled)
    #expect(try fixture.far.poll().count == 2)
    fixture.bus.close()
  }

  @Test("F03: suspended senders end with remoteGone when the bus is closed, each once")
  func suspendsClosed() async throws {
    let (fixture, endpoint) = try fullBus()
    let errors = Recorder<RPMsgBusError?>()
    let tasks = (0..<4).map { _ in
      Task {
        let payload: [UInt8] = [9]
        do throws(RPMsgBusError) {
          try await endpoint.sendSuspending(payload.span.bytes, within: .seconds(30))
          errors.add(nil)
        } catch { errors.add(error) }
      }
    }
    while fixture.bus.statistics.blockedSends < 4 { await Task.yield() }
    fixture.bus.close()
    for task in tasks { await task.value }
    #expect(errors.items == Array(repeating: .remoteGone, count: 4))
  }

  @Test("Send, send to and send with an explicit source, waiting and not")
  func routes() async throws {
    let fixture = try BusFixture()
    let remote = try fixture.far.announce("svc")
    let other = try fixture.far.announce("other")
    let endpoint = try fixture.bus.makeEndpoint(remoteAddress: remote) { _, _, _ in }
    let payload: [UInt8] = [1]
    let from = EndpointAddress(rawValue: 77)
    try endpoint.trySend(payload.span.bytes)
    try endpoint.send(payload.span.bytes, to: other)
    try await endpoint.sendSuspending(payload.span.bytes, to: other, from: from)
    let messages = try fixture.far.poll()
    #expect(messages.map(\.destination) == [remote, other, other])
    #expect(messages.map(\.source) == [endpoint.address, endpoint.address, from])
    fixture.bus.close()
  }
}
