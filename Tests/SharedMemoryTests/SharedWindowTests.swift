import SharedMemory
import Testing

@Suite("Shared memory")
struct SharedWindowTests {
  @Test("What one window stores another loads, in wire order")
  func roundTrip() throws {
    let region = try SharedRegion(byteCount: 100)
    #expect(region.byteCount == 4096)
    let window = region.window
    window.store(0x1122_3344_5566_7788 as UInt64, at: 8)
    #expect(window.loadUInt8(at: 8) == 0x88)
    #expect(window.loadUInt16(at: 14) == 0x1122)
    #expect(window.loadUInt32(at: 12) == 0x1122_3344)
    #expect(window.loadUInt64(at: 8) == 0x1122_3344_5566_7788)
    window.storeReleasing(7 as UInt16, at: 2)
    #expect(window.loadAcquiringUInt16(at: 2) == 7)
    window.storeReleasing(9 as UInt32, at: 4)
    #expect(window.loadAcquiringUInt32(at: 4) == 9)
  }

  @Test("Copies reach both ends of the window")
  func copies() throws {
    let window = try SharedRegion(byteCount: 4096).window
    let source = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    window.copyIn(source.span.bytes, at: 0)
    var copied = [UInt8](repeating: 0, count: 4096)
    var span = copied.mutableSpan
    var raw = span.mutableBytes
    window.copyOut(from: 0, into: &raw)
    #expect(copied == source)
    var tail = [UInt8](repeating: 0, count: 3)
    var tailSpan = tail.mutableSpan
    var tailRaw = tailSpan.mutableBytes
    window.sample(from: 4093, into: &tailRaw)
    #expect(tail == Array(source.suffix(3)))
    window.fill(from: 1, count: 4094, with: 0xee)
    #expect(window.loadUInt8(at: 0) == source[0])
    #expect(window.loadUInt8(at: 4094) == 0xee)
    #expect(window.loadUInt8(at: 4095) == source[4095])
  }

  @Test("A window inside another is checked, not trusted")
  func subwindows() throws {
    let window = try SharedRegion(byteCount: 4096).window
    #expect(window.window(at: 4095, byteCount: 1)?.byteCount == 1)
    #expect(window.window(at: 4096, byteCount: 0)?.byteCount == 0)
    #expect(window.window(at: 4096, byteCount: 1) == nil)
    #expect(window.window(at: .max, byteCount: 2) == nil)
    #expect(window.window(at: 8, byteCount: .max) == nil)
  }

  @Test("A window keeps its region mapped")
  func lifetime() throws {
    let window = try SharedRegion(byteCount: 4096).window
    window.store(1 as UInt8, at: 4095)
    #expect(window.loadUInt8(at: 4095) == 1)
  }

  @Test("A second mapping of the same file sees the same bytes")
  func adoption() throws {
    let first = try SharedRegion(byteCount: 8192)
    let second = try first.withFileDescriptor { file throws(SharedMemoryError) in
      try SharedRegion(adopting: file)
    }
    first.window.store(42 as UInt32, at: 8188)
    #expect(second.byteCount == 8192)
    #expect(second.window.loadUInt32(at: 8188) == 42)
  }

  @Test("A cleared region reads as 0 in every mapping")
  func clearing() throws {
    let region = try SharedRegion(byteCount: 8192)
    let window = region.window
    window.fill(from: 0, count: 8192, with: 0xff)
    region.clear()
    #expect((0..<8192).allSatisfy { window.loadUInt8(at: $0) == 0 })
    window.store(1 as UInt8, at: 8191)
    #expect(window.loadUInt8(at: 8191) == 1)
  }

  @Test("A size that is zero, negative or absurd is refused", arguments: [0, -1, 1 << 47])
  func refusedSizes(size: Int) {
    #expect(throws: SharedMemoryError.invalidSize(size)) { try SharedRegion(byteCount: size) }
  }

  @Test("A file that can still shrink is refused")
  func unsealed() throws {
    let file = try #require(fopen("/proc/self/exe", "r"))
    defer { fclose(file) }
    // A regular file cannot carry seals at all.
    #expect(throws: SharedMemoryError.system(.adopt, errno: EINVAL)) {
      try SharedRegion(adopting: fileno(file))
    }
  }
}

import Glibc
