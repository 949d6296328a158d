import RPMsg
import RPMsgBus
import RPMsgServiceBus
import RPMsgServices
import SampleServices
import Scheduling
import Testing
import WireTypes

// One after another, as each test has a thread that polls.
@Suite("Calls of typed services", .serialized, .timeLimit(.minutes(1)))
struct ServiceClientTests {
  private typealias Client = RPMsgServiceClient<MatrixService>

  private func matrix(_ value: UInt32) -> Matrix {
    var matrix = Matrix(size: 1)
    matrix[0, 0] = value
    return matrix
  }

  private func pair(_ left: UInt32, _ right: UInt32) -> MatrixPair {
    MatrixPair(matrix(left), matrix(right))
  }

  /// A server in the remote.
  private func serve(
    _ fixture: ServiceFixture,
    _ handle: @escaping @Sendable (MatrixPair) throws(ServiceRefusal) -> Matrix = { $0.product }
  ) {
    let server = Guarded(RPMsgServiceServer<MatrixService>())
    fixture.run { header, payload, transmitter in
      server.withLock { $0.serve(header, payload, by: &transmitter, handle) }
    }
  }

  @Test("Threads and tasks are answered, each with its own product")
  func calls() async throws {
    let fixture = try ServiceFixture(queueSize: 8)
    let client = try Client(opening: try fixture.announce(MatrixService.name))
    serve(fixture)
    for index in 0..<100 as Range<UInt32> {
      let product = try client.callAndWait(pair(index, 3), within: .seconds(20))
      #expect(product == matrix(index * 3))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<60 as Range<UInt32> {
        let (request, expected) = (pair(index, 5), matrix(index * 5))
        group.addTask {
          let product = try await client.call(request, within: .seconds(20))
          #expect(product == expected)
        }
      }
      try await group.waitForAll()
    }
    #expect(client.statistics.calls == 160 && client.statistics.answers == 160)
    #expect(client.statistics.droppedFrames == 0)
    fixture.stop()
  }

  @Test("refused: the server's status comes as it is")
  func refused() async throws {
    let fixture = try ServiceFixture()
    let client = try Client(opening: try fixture.announce(MatrixService.name))
    serve(fixture) { (_) throws(ServiceRefusal) in
      throw ServiceRefusal(ServiceStatus(rawValue: 300))
    }
    #expect(throws: ServiceCallError.refused(ServiceStatus(rawValue: 300))) {
      try client.callAndWait(pair(1, 1), within: .seconds(20))
    }
    await #expect(throws: ServiceCallError.refused(ServiceStatus(rawValue: 300))) {
      try await client.call(pair(1, 1), within: .seconds(20))
    }
    fixture.stop()
  }

  @Test("timedOut: thread and task; the answers that come later are dropped as late")
  func timedOut() async throws {
    let fixture = try ServiceFixture()
    let drops = Recorder<ServiceDrop>()
    let client = try Client(
      opening: try fixture.announce(MatrixService.name), dropHandler: { drops.add($0) })
    fixture.pause(true)
    serve(fixture)
    do throws(ServiceCallError) {
      _ = try client.callAndWait(pair(1, 1), within: .milliseconds(20))
      Issue.record("an answer from nobody")
    } catch {
      guard case .timedOut = error else { throw error }
    }
    do {
      _ = try await client.call(pair(1, 1), within: .milliseconds(20))
      Issue.record("an answer from nobody")
    } catch {
      guard case .timedOut = error else { throw error }
    }
    fixture.pause(false)
    #expect(eventually { drops.items.count == 2 })
    for drop in drops.items {
      guard case .late = drop else {
        Issue.record("\(drop)")
        continue
      }
    }
    #expect(client.statistics.abandonedCalls == 2)
    #expect(try client.callAndWait(pair(2, 2), within: .seconds(20)) == matrix(4))
    fixture.stop()
  }

  @Test("cancelled: a task that is cancelled does not wait for the answer")
  func cancelled() async throws {
    let fixture = try ServiceFixture()
    let client = try Client(opening: try fixture.announce(MatrixService.name))
    fixture.pause(true)
    serve(fixture)
    let request = pair(1, 1)
    let task = Task { try await client.call(request, within: .seconds(1000)) }
    #expect(eventually { client.statistics.calls == 1 })
    task.cancel()
    await #expect(throws: ServiceCallError.cancelled) { try await task.value }
    fixture.stop()
  }

  @Test("tooManyCalls: at most as many wait as the client allows")
  func tooMany() async throws {
    let fixture = try ServiceFixture()
    var options = ServiceClientOptions()
    options.maximumCallCount = 2
    let client = try Client(
      opening: try fixture.announce(MatrixService.name), options: options)
    fixture.pause(true)
    serve(fixture)
    let request = pair(3, 4)
    let tasks = (0..<2).map { _ in
      Task { try await client.call(request, within: .seconds(100)) }
    }
    #expect(eventually { client.statistics.calls == 2 })
    #expect(throws: ServiceCallError.tooManyCalls(limit: 2)) {
      try client.callAndWait(request, within: .seconds(100))
    }
    fixture.pause(false)
    for task in tasks { #expect(try await task.value == matrix(12)) }
    fixture.stop()
  }

  @Test("remoteGone: all calls that wait fail once when the bus is closed, and events end")
  func gone() async throws {
    let fixture = try ServiceFixture()
    let client = try Client(opening: try fixture.announce(MatrixService.name))
    fixture.pause(true)
    serve(fixture)
    let request = pair(1, 1)
    let tasks = (0..<5).map { _ in
      Task { try await client.call(request, within: .seconds(1000)) }
    }
    #expect(eventually { client.statistics.calls == 5 })
    let failure = Recorder<ServiceCallError>()
    let thread = Threads.start {
      do throws(ServiceCallError) {
        _ = try client.callAndWait(request, within: .seconds(1000))
      } catch { failure.add(error) }
    }
    #expect(eventually { client.statistics.calls == 6 })
    fixture.stop()
    for task in tasks {
      await #expect(throws: ServiceCallError.remoteGone) { try await task.value }
    }
    thread.join()
    #expect(failure.items == [.remoteGone])
    var events = client.events.makeAsyncIterator()
    #expect(await events.next() == nil)
    #expect(throws: ServiceCallError.remoteGone) {
      try client.callAndWait(request, within: .seconds(1))
    }
  }

  @Test("Double, made-up, foreign and broken answers are dropped, each with its reason")
  func drops() throws {
    let fixture = try ServiceFixture()
    let drops = Recorder<ServiceDrop>()
    let channel = try fixture.announce(MatrixService.name)
    let client = try Client(opening: channel, dropHandler: { drops.add($0) })
    serve(fixture)
    _ = try client.callAndWait(pair(1, 1), within: .seconds(20))
    // The first call of a client has place 0, used once: number 1 << 10.
    let host = client.endpoint.address
    try fixture.remote.withLock { remote in
      func send(_ number: UInt32, from source: EndpointAddress, kind: ServiceFrame.Kind = .response)
        throws
      {
        var bytes = [UInt8](repeating: 0, count: 156)
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        _ = ServiceFrame(kind, number: number).encode(Matrix(size: 1), into: &raw)
        try remote.send(bytes.span.bytes, from: source, to: host)
      }
      try send(1 << 10, from: channel.remoteAddress)
      try send(777, from: channel.remoteAddress)
      try send(777, from: EndpointAddress(rawValue: 99))
      try send(777, from: channel.remoteAddress, kind: .request)
    }
    #expect(eventually { drops.items.count == 4 })
    #expect(
      drops.items == [
        .duplicate(number: 1 << 10), .unknown(number: 777),
        .wrongSource(EndpointAddress(rawValue: 99)), .malformed(.unknownKind(1)),
      ])
    fixture.stop()
  }
}

@Suite("Events and servers of the host", .timeLimit(.minutes(1)))
struct ServiceEventTests {
  @Test("Events come in order; missing ones are counted, and the queue is bounded")
  func events() async throws {
    let fixture = try ServiceFixture()
    let channel = try fixture.announce(SensorService.name)
    var options = ServiceClientOptions()
    options.eventCapacity = 4
    let client = try RPMsgServiceClient<SensorService>(opening: channel, options: options)
    let host = client.endpoint.address
    func tell(_ numbers: [UInt32]) throws {
      for number in numbers {
        try fixture.remote.withLock { remote in
          var bytes = [UInt8](repeating: 0, count: 24)
          var span = bytes.mutableSpan
          var raw = span.mutableBytes
          _ = ServiceFrame(.event, number: number)
            .encode(SensorSample(number: number, time: 5), into: &raw)
          try remote.send(bytes.span.bytes, from: channel.remoteAddress, to: host)
        }
        while fixture.bus.notified() {}
      }
    }
    try tell([1, 2, 5, 6, 7, 8])
    #expect(client.statistics.events == 6)
    #expect(client.statistics.missedEvents == 2)
    #expect(client.statistics.droppedEvents == 2)
    client.close()
    var seen: [(number: UInt32, missed: UInt32)] = []
    for await event in client.events { seen.append((event.number, event.missedCount)) }
    #expect(seen.map(\.number) == [1, 2, 5, 6])
    #expect(seen.map(\.missed) == [0, 0, 2, 0])
    fixture.bus.close()
  }

  @Test("The host serves: announced, asked by the remote, answered; and tells events")
  func host() throws {
    let fixture = try ServiceFixture()
    let host = try RPMsgServiceHost<MatrixService>(announcingOn: fixture.bus) {
      (request, _) throws(ServiceRefusal) in
      if request.left.size == 6 { throw ServiceRefusal(.unsupported) }
      return request.product
    }
    let client = try fixture.remote.withLock { try $0.makeEndpoint() }
    let answers = Recorder<[UInt8]>()
    fixture.run { header, payload, _ in
      answers.add((0..<payload.byteCount).map { payload.littleEndian(at: $0) })
      return .done
    }
    var two = Matrix(size: 1)
    two[0, 0] = 2
    for (number, matrix) in [(7, two), (8, Matrix(size: 6))] as [(UInt32, Matrix)] {
      try fixture.remote.withLock { remote in
        var bytes = [UInt8](repeating: 0, count: 304)
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        _ = ServiceFrame(.request, number: number)
          .encode(MatrixPair(matrix, matrix), into: &raw)
        try remote.send(bytes.span.bytes, from: client, to: host.endpoint.address)
      }
    }
    try fixture.remote.withLock { remote in
      let one: [UInt8] = [1]
      try remote.send(one.span.bytes, from: client, to: host.endpoint.address)
    }
    #expect(eventually { host.answeredCount == 2 && host.droppedCount == 1 })
    try host.send(EmptyMessage(), to: client)
    // The announcement is not for the endpoint.
    #expect(eventually { answers.items.count == 3 })
    var frames: [ServiceFrame] = []
    for bytes in answers.items { frames.append(try ServiceFrame(decoding: bytes.span.bytes)) }
    #expect(frames.map(\.kind) == [.response, .response, .event])
    #expect(frames.map(\.number) == [7, 8, 1])
    #expect(frames.map(\.status) == [.done, .unsupported, .done])
    let answer = answers.items[0]
    let product: Matrix = try ServiceFrame.message(in: answer.span.bytes)
    #expect(product[0, 0] == 4)
    fixture.stop()
  }
}
