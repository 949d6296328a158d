import SharedMemory
import Testing

@Suite("Copies in and out of shared memory")
struct CopyTests {
  // Up to 64 bytes go through registers in overlapping parts, more through a call.
  @Test("Every length up to 130 arrives whole and nothing around it changes", arguments: 0...130)
  func lengths(count: Int) throws {
    let window = try SharedRegion(byteCount: 4096).window
    let sent = (0..<count).map { UInt8(truncatingIfNeeded: 3 &* $0 &+ 1) }
    for offset in [8, 9, 15] {
      window.fill(from: 0, count: 256, with: 0xa5)
      window.copyIn(sent.span.bytes, at: offset)
      #expect((0..<count).allSatisfy { window.loadUInt8(at: offset + $0) == sent[$0] })
      #expect(window.loadUInt8(at: offset - 1) == 0xa5)
      #expect(window.loadUInt8(at: offset + count) == 0xa5)
      var target = [UInt8](repeating: 0x5a, count: count + 2)
      var span = target.mutableSpan
      var bytes = span.mutableBytes
      var middle = bytes._mutatingExtracting(1..<count + 1)
      window.copyOut(from: offset, into: &middle)
      #expect(target == [0x5a] + sent + [0x5a])
    }
  }
}
