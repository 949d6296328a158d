import Remoteproc
import Scheduling
import SharedMemory
import Synchronization
import TestSupport
import Testing
import WireTypes

/// The catalogue's attacks on trace buffers, but those that the command meets.
@Suite("Hostile traces", .timeLimit(.minutes(2)))
struct TraceAttackTests {
  private static let place = TestPlatform.base + 0x2000

  /// A trace of 64 bytes, and its memory; the processor is stopped already.
  private func trace() throws -> (buffer: TraceBuffer, window: SharedWindow) {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try TestFirmware([TestFirmware.trace("log", at: Self.place, 64)]).build())
    let traces = processor.traces
    try processor.shutdown()
    let buffer = try #require(traces.first)
    return (buffer, try #require(buffer.window))
  }

  @Test("T01 without a NUL the text ends with the buffer")
  func withoutNUL() throws {
    let (buffer, window) = try trace()
    for offset in 0..<64 { window.store(UInt8(ascii: "a"), at: offset) }
    #expect(buffer.contents() == [UInt8](repeating: UInt8(ascii: "a"), count: 64))
    var reader = TraceReader(buffer)
    #expect(reader.readNew().count == 64)
  }

  @Test("T02 a NUL that comes and goes while the text is read never leads beyond the buffer")
  func movingNUL() throws {
    let (buffer, window) = try trace()
    for offset in 0..<64 { window.store(UInt8(ascii: "b"), at: offset) }
    let pool = WorkerPool(name: "trace-test", threadCount: 1)
    let isOver = Atomic<Bool>(false)
    let rounds = Atomic<Int>(0)
    withSpoiler(
      pool,
      { offset in
        window.store(UInt8(0), at: offset)
        window.store(UInt8(ascii: "b"), at: offset)
        rounds.wrappingAdd(1, ordering: .relaxed)
        return !isOver.load(ordering: .relaxed)
      }
    ) {
      var reader = TraceReader(buffer)
      var lengths: Set<Int> = []
      while rounds.load(ordering: .relaxed) < 20_000 {
        let text = buffer.contents()
        lengths.insert(text.count)
        #expect(text.allSatisfy { $0 == UInt8(ascii: "b") } && text.count <= 64)
        #expect(reader.readNew().count <= 64)
      }
      isOver.store(true, ordering: .relaxed)
      #expect(!lengths.isEmpty)
    }
  }

  private func withSpoiler(
    _ pool: WorkerPool, _ body: @escaping @Sendable (Int) -> Bool, _ test: () throws -> Void
  ) rethrows {
    let job = pool.makeJob {
      for offset in 0..<64 where !body(offset) { return .sleep }
      return .again
    }
    job.schedule()
    defer { job.cancel() }
    try test()
  }

  @Test("T03 a trace outside memory is not available, and one whose processor stopped still reads")
  func outside() throws {
    let firmware = TestFirmware([TestFirmware.trace("log", at: 0x1000, 16)])
    try expectRefused(
      firmware, .badTrace(TestFirmware.name("log"), da: device(0x1000), byteCount: 16))
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(firmware.build(), options: BootOptions(profile: .linux))
    let buffer = processor.traces[0]
    #expect(!buffer.isAvailable && buffer.contents().isEmpty)
    let view = ProcessorView(processor, ViewSettings(name: "dsp", firmwareName: "fw"))
    #expect(view.contents(of: .debugfs(.trace(0))) == Array("Trace  not available\n".utf8))
    var refusal: TraceError?
    do throws(TraceError) {
      _ = try TraceFollower(buffer, pool: WorkerPool(name: "trace-test", threadCount: 1))
    } catch { refusal = error }
    #expect(refusal == .unavailable(TestFirmware.name("log")))
    let (stopped, window) = try trace()
    window.store(UInt8(ascii: "z"), at: 0)
    #expect(stopped.contents() == [UInt8(ascii: "z")])
  }

  @Test("T07 a trace over the table or a ring is refused")
  func overlap() throws {
    let name = TestFirmware.name("log")
    try expectRefused(
      TestFirmware([TestFirmware.trace("log", at: TestPlatform.base + 0x1000, 0x100)]),
      .overlap(.trace(name), .table, address: device(TestPlatform.base + 0x1000)))
    let ring = TestFirmware.ring(at: TestPlatform.base + 0x8000)
    try expectRefused(
      TestFirmware([
        TestFirmware.trace("log", at: TestPlatform.base + 0x8fff, 1),
        TestFirmware.rpmsg([ring, TestFirmware.ring(at: TestPlatform.base + 0xc000)]),
      ]),
      .overlap(
        .trace(name), .memory(TestFirmware.name("vdev0vring0")),
        address: device(TestPlatform.base + 0x8fff)))
    // Side by side is fine.
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(
      TestFirmware([TestFirmware.trace("log", at: TestPlatform.base + 0x0f00, 0x100)]).build())
    try processor.shutdown()
  }
}

@Suite("Streams of a trace", .timeLimit(.minutes(2)))
struct TraceStreamTests {
  private let pool = WorkerPool(name: "trace-test", threadCount: 2)

  private func trace(
    _ byteCount: UInt32 = 64
  ) throws -> (buffer: TraceBuffer, window: SharedWindow) {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let firmware = TestFirmware([
      TestFirmware.carveout("logs", at: TestPlatform.base + 0x10000, byteCount),
      TestFirmware.trace("log", at: TestPlatform.base + 0x10000, byteCount),
    ])
    try processor.boot(firmware.build())
    let traces = processor.traces
    let buffer = try #require(traces.first)
    return (buffer, try #require(buffer.window))
  }

  private func write(_ text: String, to window: SharedWindow, at offset: Int = 0) {
    for (index, byte) in text.utf8.enumerated() { window.store(byte, at: offset + index) }
  }

  private func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("Text arrives by itself, to every reader, and around the end of the buffer")
  func follows() async throws {
    let (buffer, window) = try trace()
    let follower = try TraceFollower(buffer, pool: pool, interval: .milliseconds(1))
    var first = follower.makeStream().makeAsyncIterator()
    var second = follower.makeStream().makeAsyncIterator()
    var expected = ""
    var seenFirst = ""
    var seenSecond = ""
    var position = 0
    for number in 0..<200 {
      let line = "line \(number)\n"
      for byte in line.utf8 {
        window.store(byte, at: position)
        position = (position + 1) % 63
      }
      expected += line
      // What ends equal to the text a lap before comes with the next line.
      while seenFirst.utf8.count + 12 < expected.utf8.count {
        seenFirst += try #require(text(try await first.next()))
      }
      while seenSecond.utf8.count < seenFirst.utf8.count {
        seenSecond += try #require(text(try await second.next()))
      }
    }
    #expect(expected.hasPrefix(seenFirst) && expected.hasPrefix(seenSecond))
    #expect(seenFirst.utf8.count + 12 >= expected.utf8.count)
    #expect(follower.readerCount == 2 && follower.droppedByteCount == 0)
  }

  @Test("What the buffer holds comes first, a finish ends the streams, what waits is not lost")
  func finish() async throws {
    let (buffer, window) = try trace()
    write("boot", to: window)
    let follower = try TraceFollower(buffer, pool: pool, interval: .seconds(3600))
    let stream = follower.makeStream()
    var iterator = stream.makeAsyncIterator()
    #expect(text(try await iterator.next()) == "boot")
    write("end", to: window, at: 4)
    follower.finish()
    follower.finish()
    #expect(text(try await iterator.next()) == "end")
    #expect(try await iterator.next() == nil)
    #expect(try await iterator.next() == nil)
    var late = follower.makeStream().makeAsyncIterator()
    #expect(try await late.next() == nil)
  }

  @Test("A follower that goes away ends its streams")
  func dropped() async throws {
    let (buffer, window) = try trace()
    write("x", to: window)
    var follower: TraceFollower? = try TraceFollower(
      buffer, pool: pool, interval: .seconds(3600))
    let stream = try #require(follower).makeStream()
    follower = nil
    var seen: [UInt8] = []
    for try await bytes in stream { seen += bytes }
    #expect(seen == [UInt8(ascii: "x")])
  }

  @Test("T06 a reader that stops reading is dropped when its buffer is full; others go on")
  func slowReader() async throws {
    let (buffer, window) = try trace()
    let follower = try TraceFollower(buffer, pool: pool, interval: .seconds(3600))
    let slow = follower.makeStream(capacity: 64)
    let quick = follower.makeStream()
    var reader = quick.makeAsyncIterator()
    for number in 0..<8 {
      let line = String(repeating: Character(UnicodeScalar(UInt8(97 + number))), count: 20)
      write(line, to: window, at: 20 * (number % 3))
      follower.look()
      #expect(text(try await reader.next()) == line)
    }
    #expect(follower.readerCount == 1)
    // What waited is still there, then the reason, then the end.
    var late = slow.makeAsyncIterator()
    #expect(text(try await late.next())?.utf8.count == 60)
    await #expect(throws: TraceError.lagged(waitingByteCount: 60)) { try await late.next() }
    #expect(try await late.next() == nil)
  }

  @Test("T06 a reader that cancels frees what waits for it")
  func cancelled() async throws {
    let (buffer, window) = try trace()
    let follower = try TraceFollower(buffer, pool: pool, interval: .seconds(3600))
    let stream = follower.makeStream()
    write("text", to: window)
    follower.look()
    stream.cancel()
    follower.look()
    #expect(follower.readerCount == 0)
    var iterator = stream.makeAsyncIterator()
    #expect(try await iterator.next() == nil)
  }

  @Test("T06 a task that is cancelled while it waits gets the end")
  func cancelledTask() async throws {
    let (buffer, _) = try trace()
    let follower = try TraceFollower(buffer, pool: pool, interval: .milliseconds(1))
    let stream = follower.makeStream()
    let task = Task { () -> Int in
      var count = 0
      for try await bytes in stream { count += bytes.count }
      return count
    }
    task.cancel()
    #expect(try await task.value == 0)
    #expect(follower.readerCount == 1)
  }

  @Test("T05 text that comes faster than the rate is left out and counted")
  func rate() async throws {
    let (buffer, window) = try trace(0x1000)
    let follower = try TraceFollower(
      buffer, pool: pool, interval: .seconds(3600),
      rate: ByteRate(bytesPerSecond: 1, burst: 100))
    // The burst is bounded by a minute's worth.
    let stream = follower.makeStream()
    var iterator = stream.makeAsyncIterator()
    write(String(repeating: "x", count: 0xfff), to: window)
    follower.look()
    let first = try await iterator.next()
    #expect((60...80).contains(first?.count ?? 0))
    #expect(follower.droppedByteCount == UInt64(0xfff - (first?.count ?? 0)))
    follower.finish()
  }

  @Test("A rate lets a burst pass, then its steady number")
  func byteRate() {
    var rate = ByteRate(bytesPerSecond: 1_000, burst: 500)
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    #expect(rate.take(0, at: now) == 0)
    #expect(rate.take(-1, at: now) == 0)
    #expect(rate.take(400, at: now) == 400)
    #expect(rate.take(400, at: now) == 100)
    #expect(rate.take(1, at: now) == 0)
    now = now.advanced(by: .milliseconds(10))
    #expect(rate.take(100, at: now) == 10)
    now = now.advanced(by: .seconds(3600))
    #expect(rate.take(.max, at: now) == 500)
    var total = 0
    for _ in 0..<1_000 {
      now = now.advanced(by: .milliseconds(1))
      total += rate.take(1_000, at: now)
    }
    #expect((990...1_000).contains(total))
  }
}
