import ELF
import Testing
import WireTypes

@Suite("ELF errors for people")
struct ELFErrorTests {
  private static let address = DeviceAddress(rawValue: 0xabc0)

  @Test(
    "Each error is one line that has its numbers",
    arguments: [
      (.truncatedHeader(needed: 52, available: 7), ["52", "7"]),
      (.badMagic(0xabc0), ["0xabc0"]),
      (.unsupportedClass(9), ["9", "0x4"]),
      (.unsupportedByteOrder(2), ["2", "0x5"]),
      (.badVersion(offset: 20, version: 3), ["0x14", "3"]),
      (.unsupportedType(offset: 16, type: .core), ["core", "0x10"]),
      (.foreignMachine(offset: 18, expected: .riscv, found: .arm), ["riscv", "arm", "0x12"]),
      (.badEntrySize(offset: 42, expected: 32, found: 56), ["0x2a", "32", "56"]),
      (
        .tableOutOfFile(.programHeaders, start: 0xabc0, count: 3, fileByteCount: 99),
        ["program", "0xabc0", "3", "99"]
      ),
      (
        .tableOutOfFile(.sectionHeaders, start: 0xabc0, count: 3, fileByteCount: 99),
        ["section", "0xabc0", "3", "99"]
      ),
      (.noSegments(offset: 44), ["0x2c"]),
      (
        .segmentOutOfFile(header: 52, offset: 0xabc0, byteCount: 5, fileByteCount: 99),
        ["0x34", "0xabc0", "5", "99"]
      ),
      (
        .fileExceedsMemory(header: 52, fileByteCount: 64, memoryByteCount: 63),
        ["0x34", "64", "63"]
      ),
      (
        .addressWrap(header: 52, start: address, byteCount: 5, last: DeviceAddress(rawValue: 255)),
        ["0x34", "0xabc0", "5", "0xff"]
      ),
      (
        .segmentOverlap(header: 52, otherHeader: 84, address: address),
        ["0x34", "0x54", "0xabc0"]
      ),
      (.badEntry(address, .notInExecutableSegment), ["0xabc0"]),
      (.badEntry(address, .notAligned), ["0xabc0"]),
      (.noSuchSection(index: 9, count: 3), ["9", "3"]),
      (
        .sectionOutOfFile(header: 52, offset: 0xabc0, byteCount: 5, fileByteCount: 99),
        ["0x34", "0xabc0", "5", "99"]
      ),
      (.sectionWithoutBytes(header: 52), ["0x34"]),
      (.badStringTable(index: 9, header: 50), ["9", "0x32"]),
      (.nameOutOfTable(header: 52, nameOffset: 9, tableByteCount: 27), ["0x34", "0x9", "27"]),
      (.ambiguousSection(header: 52, otherHeader: 92), ["0x34", "0x5c"]),
    ] as [(ELFError, [String])])
  func description(error: ELFError, numbers: [String]) {
    let text = error.description
    for number in numbers { #expect(text.contains(number), "\(text)") }
    #expect(!text.contains("\n"))
    #expect(text.first?.isLowercase == true)
  }
}
