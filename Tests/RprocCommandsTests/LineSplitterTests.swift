import RprocCommands
import Testing

@Suite("Lines of trace and console")
struct LineSplitterTests {
  @Test("Lines are cut at their ends, wherever the bytes are cut")
  func lines() {
    var splitter = LineSplitter()
    #expect(splitter.add(Array("one\ntw".utf8)) == ["one"])
    #expect(splitter.add(Array("o\r\n\nthree".utf8)) == ["two", ""])
    #expect(splitter.finish() == "three")
    #expect(splitter.finish() == nil)
  }

  @Test("An unfinished line is given out once it has stopped growing")
  func settle() {
    var splitter = LineSplitter()
    #expect(splitter.settle() == nil)
    #expect(splitter.add(Array("> ".utf8)) == [])
    #expect(splitter.settle() == nil)
    #expect(splitter.add(Array("x".utf8)) == [])
    #expect(splitter.settle() == nil)
    #expect(splitter.settle() == "> x")
    #expect(splitter.settle() == nil)
  }

  @Test("T05 A line without end is cut at a bound")
  func bound() {
    var splitter = LineSplitter()
    let bytes = [UInt8](repeating: 0x41, count: LineSplitter.maxLineByteCount * 2 + 1)
    let lines = splitter.add(bytes)
    #expect(
      lines.map(\.utf8.count) == [LineSplitter.maxLineByteCount, LineSplitter.maxLineByteCount])
    #expect(splitter.finish() == "A")
  }
}
