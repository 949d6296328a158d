import ResourceTable
import Testing

@Suite("Resource table errors for people")
struct ResourceTableErrorTests {
  @Test(
    "Each error is one line that has its numbers",
    arguments: [
      (.truncated(offset: 20, needed: 4, available: 3), ["0x14", "4", "3"]),
      (.unsupportedVersion(7), ["7", "0x0"]),
      (.reservedNotZero(offset: 12), ["0xc"]),
      (.offsetsTruncated(count: 9, available: 4), ["9", "0x10", "4"]),
      (.badEntryOffset(index: 3, offset: 12, available: 64), ["3", "0xc", "0x40"]),
      (
        .entryTruncated(index: 3, offset: 20, type: 2, needed: 48, available: 47),
        ["3", "0x14", "2", "48", "47"]
      ),
      (.unsupportedVringCount(offset: 45, count: 3, allowed: 0...2), ["0x2d", "3", "0", "2"]),
      (.unsupportedVringCount(offset: 45, count: 1, allowed: 2...2), ["1 vring at", "exactly 2"]),
      (.entriesOverlap(index: 3, otherIndex: 1, offset: 20), ["3", "1", "0x14"]),
      (.entriesOverlap(index: 3, otherIndex: -1, offset: 20), ["3", "header", "0x14"]),
      (.trailingBytes(offset: 96, byteCount: 5), ["0x60", "5"]),
      (.tooManyEntries(count: 5000, limit: 4096), ["5000", "4096"]),
      (.emptyResource(offset: 32), ["0x20"]),
      (
        .addressWrap(offset: 24, start: 0xf000, byteCount: 16, last: 0xffff),
        ["0x18", "0xf000", "16", "0xffff"]
      ),
      (.valueTooLarge(offset: 24, value: 0x100, fieldByteCount: 1), ["0x18", "0x100", "1"]),
    ] as [(ResourceTableError, [String])])
  func description(error: ResourceTableError, numbers: [String]) {
    let text = error.description
    for number in numbers { #expect(text.contains(number), "\(text)") }
    #expect(!text.contains("\n"))
    #expect(text.first?.isLowercase == true)
  }
}
