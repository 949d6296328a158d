import ELF
import TestSupport
import Testing

// Numbers by which other readers read for ever.
@Suite("ELF reading ends")
struct ELFLoopTests {
  @Test(
    "E21 offsets past the end give nothing to read, whatever their size", arguments: [false, true])
  func e21_offsetsPastEnd(is64: Bool) throws {
    var image = ELFImage(is64: is64, table: [UInt8](repeating: 0, count: 16))
    image.segments[0].memoryByteCount = 0xffff_ffff
    let good = image.build()
    let header = is64 ? 64 : 52
    let (offset, size) = is64 ? (header + 8, header + 32) : (header + 4, header + 16)
    for (start, count) in [(good.count, 1), (good.count + 1, 0), (0xffff_fff0, 0x40)] {
      var bytes = good
      bytes.patch(UInt32(start), at: offset)
      bytes.patch(UInt32(count), at: size)
      let file = try ELFFile(parsing: bytes)
      #expect(
        throws: ELFError.segmentOutOfFile(
          header: header, offset: UInt64(start), byteCount: UInt64(count),
          fileByteCount: bytes.count)
      ) { try file.bytes(of: file.segment(at: 0)) }
    }
  }

  @Test(
    "E21 a note whose name has 4 GiB, aligned to nothing, is no segment to load",
    arguments: [false, true])
  func e21_endlessNote(is64: Bool) throws {
    var image = ELFImage(is64: is64, table: [UInt8](repeating: 0, count: 16))
    var note = ELFImage.Segment(
      address: 0x10, bytes: [0xff, 0xff, 0xff, 0xff] + [UInt8](repeating: 0, count: 8))
    note.type = 4
    image.segments.append(note)
    var bytes = image.build()
    let header = is64 ? 64 + 56 : 52 + 32
    if is64 {
      bytes.patch(UInt64(0), at: header + 48)
    } else {
      bytes.patch(UInt32(0), at: header + 28)
    }
    let file = try ELFFile(parsing: bytes)
    #expect(file.segments.map(\.isLoadable) == [true, false])
    try file.checkOverlap()
    try file.checkEntry()
    #expect(try file.bytes(of: file.segment(at: 1)).count == 12)
  }
}
