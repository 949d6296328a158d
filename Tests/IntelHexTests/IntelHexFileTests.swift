import IntelHex
import TestSupport
import Testing
import WireTypes

@Suite("Intel HEX files")
struct IntelHexFileTests {
  private func read(_ lines: [String], newline: String = "\n") throws -> IntelHexFile {
    try IntelHexFile(parsing: HexText.file(lines, newline: newline))
  }

  private func pieces(_ file: IntelHexFile) -> [String] {
    file.segments.map { "\($0.address): \(Array(file.contents[$0.range]))" }
  }

  @Test("Records that follow each other are one segment; a gap makes another")
  func segments() throws {
    let file = try read([
      HexText.record(0, 0x100, [1, 2]), HexText.record(0, 0x102, [3]),
      HexText.record(0, 0x104, [4]), HexText.end,
    ])
    #expect(pieces(file) == ["0x100: [1, 2, 3]", "0x104: [4]"])
    #expect(file.entry == nil)
    #expect(file.segments.map(\.line) == [1, 3])
    #expect(file.segments[1].recordOffset == 16 + 14)
  }

  @Test("Type 4 gives the upper half of addresses, and data go on past 64 KiB")
  func linear() throws {
    let file = try read([
      HexText.linear(0x8000), HexText.record(0, 0xffff, [1, 2]), HexText.linear(0x8001),
      HexText.record(0, 1, [3]), HexText.end,
    ])
    #expect(pieces(file) == ["0x8000ffff: [1, 2, 3]"])
  }

  @Test("Type 2 gives a base in units of 16 bytes")
  func segmented() throws {
    let file = try read([
      HexText.segmented(0x1234), HexText.record(0, 0x10, [9]), HexText.end,
    ])
    #expect(pieces(file) == ["0x12350: [9]"])
  }

  @Test("Types 5 and 3 say where to start")
  func entries() throws {
    let data = HexText.record(0, 0, [1])
    #expect(
      try read([data, HexText.start(0x8000_0104), HexText.end]).entry
        == DeviceAddress(rawValue: 0x8000_0104))
    #expect(
      try read([data, HexText.record(3, 0, [0x12, 0x34, 0x00, 0x10]), HexText.end]).entry
        == DeviceAddress(rawValue: 0x12350))
  }

  @Test(
    "Line ends of any kind, blank lines, lower case and blanks at the end",
    arguments: [
      "\n", "\r\n", "\r", " \t\n", "\n\n",
    ])
  func lineEnds(newline: String) throws {
    let file = try read([":03010000deadbeb3".lowercased(), HexText.end], newline: newline)
    #expect(pieces(file) == ["0x100: [222, 173, 190]"])
  }

  @Test("Records in any order come out by address")
  func order() throws {
    let file = try read([
      HexText.record(0, 8, [8]), HexText.record(0, 0, [0, 1]), HexText.record(0, 2, [2]),
      HexText.end,
    ])
    #expect(pieces(file) == ["0x0: [0, 1, 2]", "0x8: [8]"])
  }

  @Test("A data record without data is nothing, one of 255 bytes is the longest")
  func lengths() throws {
    let longest = [UInt8](repeating: 7, count: 255)
    let file = try read([
      HexText.record(0, 5), HexText.record(0, 0x200, longest), HexText.end,
    ])
    #expect(file.segments.map(\.byteCount) == [255])
    #expect(file.contents == longest)
  }

  @Test("The first bytes tell the format")
  func begins() {
    #expect(IntelHexFile.canBegin(with: Array("\r\n :00000001FF".utf8)))
    for text in ["", ":", ":0000000", ":00000G01FF", "x:00000001FF", "\u{7f}ELF"] {
      #expect(!IntelHexFile.canBegin(with: Array(text.utf8)))
    }
  }

  @Test("What random data are written comes back, in any order of records")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 0x4858)
    for round in 0..<50 {
      var memory: [UInt64: UInt8] = [:]
      var lines: [String] = []
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        let upper = UInt16.random(in: 0...3, using: &random)
        let address = UInt16.random(in: 0...0xff00, using: &random)
        let data = (0..<Int.random(in: 1...40, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
        let start = UInt64(upper) << 16 | UInt64(address)
        let places = data.indices.map { start + UInt64($0) }
        guard places.allSatisfy({ memory[$0] == nil }) else { continue }
        for (place, byte) in zip(places, data) { memory[place] = byte }
        lines += [HexText.linear(upper), HexText.record(0, address, data)]
      }
      let file = try read(lines + [HexText.end])
      var read: [UInt64: UInt8] = [:]
      for segment in file.segments {
        for (index, byte) in file.contents[segment.range].enumerated() {
          read[segment.address.rawValue + UInt64(index)] = byte
        }
      }
      #expect(read == memory, "round \(round), seed 0x4858")
    }
  }
}
