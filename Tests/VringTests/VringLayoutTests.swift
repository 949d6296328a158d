import SharedMemory
import Testing
import Vring

@Suite("Split virtqueue layout")
struct VringLayoutTests {
  // [VIRTIO-1.2] §2.7 gives the size of each part for a queue of n descriptors, n a power of two.
  @Test("Each part has the size the section gives", arguments: (0...15).map { 1 << $0 })
  func partSizes(n: Int) throws {
    let layout = try VringLayout(queueSize: n, alignment: 4)
    #expect(layout.descriptors.byteCount == 16 * n)
    #expect(layout.available.byteCount == 6 + 2 * n)
    #expect(layout.used.byteCount == 6 + 8 * n)
    #expect(layout.available.offset == layout.descriptors.byteCount)
    #expect(layout.used.offset % 4 == 0)
    #expect(layout.used.offset - layout.available.offset - layout.available.byteCount < 4)
  }

  @Test(
    "The whole ring has the size that peers compute",
    arguments: [
      (256, 4096, 10_246), (512, 4096, 16_390), (64, 4096, 4_614), (16, 4096, 4_230),
      (16, 16, 438), (8, 16, 230), (4, 16, 118), (2, 16, 70), (32, 4, 846), (256, 16, 6_678),
    ])
  func ringSizes(n: Int, alignment: Int, byteCount: Int) throws {
    #expect(try VringLayout(queueSize: n, alignment: alignment).byteCount == byteCount)
  }

  @Test(
    "A size out of range or not a power of two is refused", arguments: [-1, 0, 3, 32_769, 65_536])
  func refusedSizes(n: Int) {
    #expect(throws: VringError.invalidQueueSize(n)) {
      try VringLayout(queueSize: n, alignment: 4)
    }
  }

  @Test(
    "An alignment out of range or not a power of two is refused",
    arguments: [-4, 0, 1, 2, 3, 6_000, 1 << 31])
  func refusedAlignments(alignment: Int) {
    #expect(throws: VringError.invalidAlignment(alignment)) {
      try VringLayout(queueSize: 4, alignment: alignment)
    }
  }

  @Test("The largest ring and the largest alignment stay within 31 bits")
  func largest() throws {
    let layout = try VringLayout(queueSize: 32_768, alignment: 1 << 30)
    #expect(layout.byteCount == (1 << 30) + 6 + 8 * 32_768)
    #expect(layout.byteCount < 1 << 31)
  }

  @Test("Numbers of a resource table are checked the same way")
  func tableNumbers() throws {
    let size: UInt32 = 0x8000_0000
    #expect(throws: VringError.invalidQueueSize(1 << 31)) {
      try VringLayout(queueSize: size, alignment: 4 as UInt32)
    }
    #expect(try VringLayout(queueSize: 8 as UInt32, alignment: 16 as UInt32).byteCount == 230)
  }

  @Test("V14: a ring that ends outside its memory or starts unaligned is refused")
  func refusedMemory() throws {
    let window = try SharedRegion(byteCount: 4096).window
    let layout = try VringLayout(queueSize: 16, alignment: 16)
    let exact = try #require(window.window(at: 0, byteCount: 438))
    _ = try VringDriver(memory: exact, layout: layout)
    let short = try #require(window.window(at: 0, byteCount: 437))
    #expect(throws: VringError.ringMemoryTooSmall(needed: 438, available: 437)) {
      _ = try VringDriver(memory: short, layout: layout)
    }
    let askew = try #require(window.window(at: 8, byteCount: 1024))
    #expect(throws: VringError.misalignedRing(alignment: 16)) {
      _ = try VringDriver(memory: askew, layout: layout)
    }
  }
}
