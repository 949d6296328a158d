import Remoteproc
import SharedMemory
import TestSupport
import Testing
import WireTypes

@Suite("Trace buffers")
struct TraceTests {
  /// A booted processor with a trace of 16 bytes, its reader and its memory.
  private func trace() throws -> (buffer: TraceBuffer, window: SharedWindow) {
    let address = TestPlatform.base + 0x2000
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try TestFirmware([TestFirmware.trace("log", at: address, 16)]).build())
    let traces = processor.traces
    let buffer = try #require(traces.first)
    return (buffer, try #require(buffer.window))
  }

  private func write(_ text: String, to window: SharedWindow, at offset: Int = 0) {
    for (index, byte) in text.utf8.enumerated() { window.store(byte, at: offset + index) }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("The text goes to the first NUL, or to the end")
  func contents() throws {
    let (buffer, window) = try trace()
    #expect(buffer.contents().isEmpty)
    write("hello\0old", to: window)
    #expect(text(buffer.contents()) == "hello")
    write("0123456789abcdef", to: window)
    #expect(text(buffer.contents()) == "0123456789abcdef")
  }

  @Test("A reader gives what was added since the last look")
  func growth() throws {
    let (buffer, window) = try trace()
    var reader = TraceReader(buffer)
    #expect(reader.readNew().isEmpty)
    write("one\n", to: window)
    #expect(text(reader.readNew()) == "one\n")
    #expect(reader.readNew().isEmpty)
    write("two\n", to: window, at: 4)
    #expect(text(reader.readNew()) == "two\n")
  }

  @Test("Text that is there from the start counts as new")
  func first() throws {
    let (buffer, window) = try trace()
    write("boot", to: window)
    var reader = TraceReader(buffer)
    #expect(text(reader.readNew()) == "boot")
  }

  @Test(
    "A ring whose last byte stays 0 is followed around its end, any chunk size", arguments: 1...14)
  func ring(chunk: Int) throws {
    let (buffer, window) = try trace()
    var reader = TraceReader(buffer)
    var position = 0
    var written: [UInt8] = []
    var read: [UInt8] = []
    for number in 0..<500 {
      // No two bytes one lap apart are equal, so every write changes its byte.
      let byte = UInt8(33 + (number + number / 15) % 90)
      window.store(byte, at: position)
      position = (position + 1) % 15
      written.append(byte)
      if written.count % chunk == 0 { read += reader.readNew() }
    }
    read += reader.readNew()
    #expect(read == written)
  }

  @Test("A writer that ends its text with NUL and wraps is followed as well")
  func terminated() throws {
    let (buffer, window) = try trace()
    var reader = TraceReader(buffer)
    write("0123456789\0", to: window)
    #expect(text(reader.readNew()) == "0123456789")
    write("abcd", to: window, at: 10)
    write("\0", to: window, at: 14)
    #expect(text(reader.readNew()) == "abcd")
    write("Z", to: window, at: 14)
    write("XY\0", to: window)
    #expect(text(reader.readNew()) == "ZXY")
    write("W\0", to: window, at: 2)
    #expect(text(reader.readNew()) == "W")
  }

  @Test("Bytes that repeat one lap later come with the next that differ")
  func repetition() throws {
    let (buffer, window) = try trace()
    var reader = TraceReader(buffer)
    write("aaaaaaaaaaaaaaa", to: window)
    #expect(reader.readNew().count == 15)
    write("aab", to: window)
    #expect(text(reader.readNew()) == "aab")
  }

  @Test("Random writes of a ring are read without a trap", arguments: 0..<20)
  func random(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (buffer, window) = try trace()
    var reader = TraceReader(buffer)
    for _ in 0..<200 {
      window.store(
        UInt8.random(in: 0...255, using: &random), at: .random(in: 0..<16, using: &random))
      #expect(reader.readNew().count <= 16, "seed \(seed)")
    }
  }
}
