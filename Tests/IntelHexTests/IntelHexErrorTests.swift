import IntelHex
import TestSupport
import Testing
import WireTypes

@Suite("Intel HEX files that are refused")
struct IntelHexErrorTests {
  private let data = HexText.record(0, 0, [1, 2])

  private func refusal(_ lines: [String]) -> IntelHexError? {
    refusal(of: HexText.file(lines))
  }

  private func refusal(of bytes: [UInt8]) -> IntelHexError? {
    do throws(IntelHexError) {
      _ = try IntelHexFile(parsing: bytes)
      return nil
    } catch { return error }
  }

  private func address(_ value: UInt64) -> DeviceAddress { DeviceAddress(rawValue: value) }

  @Test("A line that does not begin with a colon names line, offset and byte")
  func noRecordMark() {
    let error = refusal([data, "S0030000FC"])
    #expect(error == .noRecordMark(line: 2, offset: 16, byte: 0x53))
    #expect(
      error?.description
        == "hex file line 2 (offset 0x10): byte 0x53 where a record begins (expected ':')")
  }

  @Test("A byte that is no digit is named, first, middle and last")
  func badDigit() {
    #expect(refusal([":g0000001FF"]) == .badDigit(line: 1, offset: 1, byte: 0x67))
    #expect(refusal([":000 0001FF"]) == .badDigit(line: 1, offset: 4, byte: 0x20))
    #expect(refusal([":00000001F\u{0}"]) == .badDigit(line: 1, offset: 10, byte: 0))
  }

  @Test("A record cut after any digit, by the line or by the file")
  func truncatedRecord() {
    let whole = Array(HexText.record(0, 0, [1, 2]).utf8)
    for count in 1..<whole.count {
      let cut = Array(whole[..<count])
      for tail in [[], [0x0a], [0x0d, 0x0a]] as [[UInt8]] {
        let expected = IntelHexError.truncatedRecord(
          line: 1, offset: 0, needed: count < 3 ? 10 : 14, available: count - 1)
        #expect(refusal(of: cut + tail) == expected, "cut at \(count)")
      }
    }
  }

  @Test("Text behind a record")
  func trailingText() {
    #expect(refusal([data + ";"]) == .trailingText(line: 1, offset: 15, byte: 0x3b))
    #expect(refusal([data + " 0"]) == .trailingText(line: 1, offset: 16, byte: 0x30))
  }

  @Test("A wrong checksum names the right one")
  func badChecksum() {
    let error = refusal([data, ":0101000005FA", HexText.end])
    #expect(error == .badChecksum(line: 2, offset: 16, expected: 0xf9, found: 0xfa))
  }

  @Test("A type above 5", arguments: [6, 7, 0x10, 0xff] as [UInt8])
  func unknownType(type: UInt8) {
    #expect(
      refusal([data, HexText.record(type)]) == .unknownType(line: 2, offset: 16, type: type))
  }

  @Test(
    "A length that its type has not",
    arguments: [
      (1, 1, 0), (2, 1, 2), (2, 3, 2), (3, 0, 4), (3, 5, 4), (4, 0, 2), (4, 4, 2), (5, 3, 4),
      (5, 255, 4),
    ] as [(UInt8, Int, Int)])
  func badLength(type: UInt8, found: Int, expected: Int) {
    let record = HexText.record(type, 0, [UInt8](repeating: 0, count: found))
    #expect(
      refusal([data, record])
        == .badLength(line: 2, offset: 16, type: type, expected: expected, found: found))
  }

  @Test("Data that pass the end of a segment of 64 KiB, or of 32 bits")
  func addressWrap() throws {
    #expect(
      refusal([HexText.record(0, 0xffff, [1, 2])])
        == .addressWrap(line: 1, offset: 0, address: address(0xffff), byteCount: 2))
    #expect(
      refusal([HexText.segmented(0xffff), HexText.record(0, 0xffff, [1, 2])])
        == .addressWrap(line: 2, offset: 16, address: address(0x10_ffef), byteCount: 2))
    #expect(
      refusal([HexText.linear(0xffff), HexText.record(0, 0xffff, [1, 2])])
        == .addressWrap(line: 2, offset: 16, address: address(0xffff_ffff), byteCount: 2))
    let last = [HexText.linear(0xffff), HexText.record(0, 0xffff, [1]), HexText.end]
    #expect(refusal(last) == nil)
  }

  @Test("Two records for one address are named by line, whatever their order")
  func overlap() {
    #expect(
      refusal([HexText.record(0, 4, [1, 2]), HexText.record(0, 5, [2]), HexText.end])
        == .overlap(line: 1, otherLine: 2, address: address(5)))
    #expect(
      refusal([HexText.record(0, 5, [2]), HexText.record(0, 4, [1, 2]), HexText.end])
        == .overlap(line: 1, otherLine: 2, address: address(5)))
    #expect(
      refusal([
        HexText.record(0, 0, [0]), HexText.linear(1), HexText.record(0, 0, [1]),
        HexText.segmented(0x1000), HexText.record(0, 0, [1]), HexText.end,
      ]) == .overlap(line: 3, otherLine: 5, address: address(0x1_0000)))
  }

  @Test("A second start address, of either type")
  func secondEntry() {
    #expect(
      refusal([HexText.start(4), HexText.start(4)]) == .secondEntry(line: 2, offset: 20))
    #expect(
      refusal([HexText.start(4), HexText.record(3, 0, [0, 0, 0, 4])])
        == .secondEntry(line: 2, offset: 20))
  }

  @Test("A file without its end, and one that goes on after it")
  func ends() {
    #expect(refusal(of: []) == .missingEnd(line: 1, offset: 0))
    #expect(refusal([data]) == .missingEnd(line: 2, offset: 16))
    #expect(refusal([data, HexText.end, data]) == .dataAfterEnd(line: 3, offset: 28))
    #expect(refusal([data, HexText.end, "", "x"]) == .dataAfterEnd(line: 4, offset: 29))
  }

  @Test("A file of nothing but addresses")
  func noData() {
    #expect(refusal([HexText.end]) == .noData)
    #expect(refusal([HexText.linear(1), HexText.record(0, 7), HexText.end]) == .noData)
  }

  @Test("As many pieces as are read, and one more")
  func tooManySegments() {
    let limit = IntelHexFile.maximumSegmentCount
    var lines: [String] = []
    for index in 0...limit {
      if index % 0x8000 == 0 { lines.append(HexText.linear(UInt16(index / 0x8000))) }
      lines.append(HexText.record(0, UInt16(index % 0x8000 * 2), [1]))
    }
    #expect(refusal(lines) == .tooManySegments(line: limit + 4, limit: limit))
    lines.removeLast(2)
    #expect(refusal(lines + [HexText.end]) == nil)
  }

  @Test(
    "Each error has a text of one line",
    arguments: [
      IntelHexError.noEntry, .noData, .tooManySegments(line: 1, limit: 2),
      .overlap(line: 1, otherLine: 2, address: DeviceAddress(rawValue: 3)),
      .unknownType(line: 1, offset: 2, type: 9), .missingEnd(line: 1, offset: 2),
      .badLength(line: 1, offset: 2, type: 4, expected: 2, found: 3),
      .truncatedRecord(line: 1, offset: 2, needed: 10, available: 3),
    ])
  func texts(error: IntelHexError) {
    #expect(error.description.hasPrefix("hex file"))
    #expect(!error.description.contains("\n"))
  }
}

@Suite("Any bytes as an Intel HEX file")
struct IntelHexTotalityTests {
  @Test("A file cut or changed anywhere is read or refused, and never traps")
  func mutations() {
    var random = SeededGenerator(seed: 0x4858_3130)
    let whole = HexText.file([
      HexText.linear(0x8000), HexText.record(0, 0x10, [1, 2, 3, 4]), HexText.start(0x8000_0010),
      HexText.segmented(7), HexText.record(0, 0, [5]), HexText.end,
    ])
    for round in 0..<5000 {
      var bytes = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
      for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] = Array("0123456789ABCDEFabcdef:\r\n \u{0}".utf8).randomElement(
          using: &random)!
      }
      do throws(IntelHexError) {
        let file = try IntelHexFile(parsing: bytes)
        #expect(file.contents.count <= bytes.count / 2, "round \(round)")
      } catch { #expect(!error.description.isEmpty, "round \(round)") }
    }
  }
}
