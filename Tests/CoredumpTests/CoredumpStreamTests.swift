import Coredump
import Foundation
import Scheduling
import TestSupport
import Testing

@Suite("Dumps to streams")
struct CoredumpStreamTests {
  /// Both ends of a pipe.
  private final class Pipe: Sendable {
    let reader: Int32
    let writer: Int32

    init() throws {
      // Else a reader that goes away kills the test.
      signal(SIGPIPE, SIG_IGN)
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      reader = ends[0]
      writer = ends[1]
    }

    deinit {
      close(reader)
      close(writer)
    }
  }

  @Test("C04: a reader that never reads costs the time limit and no more")
  func c04() throws {
    let pipe = try Pipe()
    var dump = TestDump(byteCount: 1 << 20)
    dump.timeLimit = .milliseconds(300)
    let start = MonotonicTime.now
    let error = failure { () throws(CoredumpError) in
      try CoredumpTarget.stream(pipe.writer).write(dump)
    }
    let total = try CoredumpReport(dump).byteCount
    guard case .timedOut(after: .milliseconds(300), let written, byteCount: total) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // What the pipe holds.
    #expect(written > 0 && written < 1 << 20)
    let taken = MonotonicTime.now.since(start)
    #expect(taken >= .milliseconds(300) && taken < .seconds(30))
  }

  @Test("A slow reader gets every byte, zeroes included")
  func slow() throws {
    let pipe = try Pipe()
    var dump = TestDump(byteCount: 150_000)
    dump.contents.segments.append(segment("zero", 0x9000_0000, 100_000))
    dump.memory.append([UInt8](repeating: 0, count: 100_000))
    let expected = try dump.bytes()
    let received = Guarded<[UInt8]>([])
    let thread = Thread {
      var chunk = [UInt8](repeating: 0, count: 1500)
      while received.withLock({ $0.count }) < expected.count {
        let count = read(pipe.reader, &chunk, chunk.count)
        guard count > 0 else { return }
        received.withLock { $0 += chunk[..<count] }
      }
    }
    thread.start()
    let (report, path) = try CoredumpTarget.stream(pipe.writer).write(dump)
    #expect(path == nil)
    #expect(report.byteCount == UInt64(expected.count))
    let deadline = MonotonicTime.now.advanced(by: .seconds(60))
    while received.withLock({ $0.count }) < expected.count, MonotonicTime.now < deadline {
      usleep(1000)
    }
    #expect(received.withLock { $0 } == expected)
  }

  @Test("A reader that goes away ends the dump at once")
  func gone() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let error = failure { () throws(CoredumpError) in
      try CoredumpTarget.stream(ends[1]).write(TestDump())
    }
    #expect(error == .system(.write, errno: EPIPE, offset: 0))
    let closed = failure { () throws(CoredumpError) in
      try CoredumpTarget.stream(1_000_000).write(TestDump())
    }
    #expect(closed == .system(.write, errno: EBADF, offset: 0))
  }

  @Test("A socket takes a dump as well")
  func socket() throws {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer {
      close(ends[0])
      close(ends[1])
    }
    let dump = TestDump(byteCount: 3000)
    let expected = try dump.bytes()
    _ = try CoredumpTarget.stream(ends[0]).write(dump)
    var received = [UInt8](repeating: 0, count: expected.count)
    #expect(recv(ends[1], &received, received.count, Int32(MSG_WAITALL)) == expected.count)
    #expect(received == expected)
  }
}

extension CoredumpReport {
  /// What `dump` comes to when nothing goes wrong.
  fileprivate init(_ dump: TestDump) throws {
    var sink = TestSink()
    var dump = dump
    dump.timeLimit = .seconds(60)
    self = try dump.write(to: &sink)
  }
}
