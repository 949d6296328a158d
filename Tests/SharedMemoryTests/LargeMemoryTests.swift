import Foundation
import SharedMemory
import Testing

/// Memory of which little is used, in usual and in huge pages.
@Suite("Large memory", .serialized)
struct LargeMemoryTests {
  private static let gibi = 1 << 30

  /// Bytes of shared memory that this process has resident.
  private static func residentSharedByteCount() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(Int(text.split(separator: " ")[2]))
    return pages * SharedRegion.standardPageByteCount
  }

  private static func populated(_ window: SharedWindow) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var next = 0
    while let found = window.nextPopulatedRange(from: next) {
      ranges.append(found)
      next = found.upperBound
    }
    return ranges
  }

  @Test("A GiB that nobody touches costs nothing, also to clear and to look through")
  func untouched() throws {
    let before = try Self.residentSharedByteCount()
    let window = try SharedRegion(byteCount: Self.gibi).window
    window.clear()
    #expect(Self.populated(window) == [])
    window.store(1 as UInt8, at: Self.gibi / 2)
    let found = Self.populated(window)
    #expect(found == [(Self.gibi / 2)..<(Self.gibi / 2 + 4096)])
    window.clear()
    #expect(window.loadUInt8(at: Self.gibi / 2) == 0)
    #expect(try Self.residentSharedByteCount() - before < 1 << 20)
  }

  @Test(
    "Clearing a part clears exactly that",
    arguments: [
      (0, 1 << 20), (1, 1 << 20), (4095, 300_000), (4096, 4096), (100, 50), (0, 0),
      ((2 << 20) - 5, 5), (5, (2 << 20) - 5), (8192, 262_144),
    ])
  func part(start: Int, count: Int) throws {
    let all = try SharedRegion(byteCount: 2 << 20).window
    all.fill(from: 0, count: all.byteCount, with: 0xee)
    let part = try #require(all.window(at: UInt64(start), byteCount: UInt64(count)))
    part.clear()
    var bytes = [UInt8](repeating: 1, count: all.byteCount)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    all.copyOut(from: 0, into: &raw)
    let expected = bytes.indices.allSatisfy { index in
      bytes[index] == ((start..<(start + count)).contains(index) ? 0 : 0xee)
    }
    #expect(expected)
  }

  @Test("What may hold something is found inside a window, whatever lies around it")
  func populatedPart() throws {
    let all = try SharedRegion(byteCount: 1 << 20).window
    all.store(1 as UInt8, at: 0x3_0000)
    let part = try #require(all.window(at: 0x3_0100, byteCount: 0x1_0000))
    #expect(part.nextPopulatedRange(from: 0) == 0..<0xf00)
    #expect(part.nextPopulatedRange(from: 0x10) == 0x10..<0xf00)
    #expect(part.nextPopulatedRange(from: 0xf00) == nil)
    #expect(part.nextPopulatedRange(from: 0x1_0000) == nil)
    let empty = try #require(all.window(at: 0, byteCount: 0))
    #expect(empty.nextPopulatedRange(from: 0) == nil)
    empty.clear()
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
    defer { buffer.deallocate() }
    let unowned = SharedWindow(unownedBase: buffer, byteCount: 64)
    unowned.fill(from: 0, count: 64, with: 7)
    unowned.clear()
    #expect(unowned.nextPopulatedRange(from: 3) == 3..<64)
    #expect(unowned.loadUInt64(at: 56) == 0)
  }

  /// Pages that the system has set aside and nobody uses.
  private static var freeHugePageCount: Int {
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("HugePages_Free:") }
    return line.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
  }

  @Test("Without enough huge pages a region is made of others")
  func fallback() throws {
    // More than machines set aside, and little enough for the address space that sanitizers leave.
    let region = try SharedRegion(byteCount: 1 << 38, hugePages: true)
    #expect(!region.usesHugePages)
    #expect(region.byteCount == 1 << 38)
    region.window.store(1 as UInt8, at: 1 << 37)
    region.clear()
    #expect(region.window.loadUInt8(at: 1 << 37) == 0)
  }

  @Test(
    "Huge pages are used when the host has them",
    .enabled(if: freeHugePageCount >= 2, "the host has set no huge pages aside"))
  func hugePages() throws {
    let region = try SharedRegion(byteCount: 3 << 20, hugePages: true)
    #expect(region.usesHugePages)
    let page = region.pageByteCount
    #expect(region.byteCount % page == 0 && region.byteCount >= 3 << 20)
    let window = region.window
    #expect(window.nextPopulatedRange(from: 0) == nil)
    window.store(5 as UInt8, at: page + 1)
    #expect(window.nextPopulatedRange(from: 0) == page..<(2 * page))
    #expect(window.nextPopulatedRange(from: page + 9) == (page + 9)..<(2 * page))
    let part = try #require(window.window(at: UInt64(page), byteCount: 2))
    #expect(part.loadUInt8(at: 1) == 5)
    region.clear()
    #expect(window.loadUInt8(at: page + 1) == 0)
    let copy = try region.withFileDescriptor { try SharedRegion(adopting: $0) }
    window.store(9 as UInt8, at: 0)
    #expect(copy.window.loadUInt8(at: 0) == 9)
  }
}
