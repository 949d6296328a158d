import ELF
import Remoteproc
import ResourceTable
import TestSupport
import Testing
import Virtio
import WireTypes

// Rows of the catalogue of hostile images, by their ids: each is refused with a typed error before
// anything starts, and nothing stays behind (`expectRefused` checks both).
@Suite("Hostile images")
struct HostileImageTests {
  private let base = TestPlatform.base

  @Test("E08 a segment of 4 GiB or 2^63 bytes for one byte of file", arguments: [32, 63])
  func e08_hugeSegment(exponent: UInt64) throws {
    var firmware = TestFirmware()
    firmware.image.is64 = true
    firmware.image.segments[0].memoryByteCount = 1 << exponent
    try expectRefused(
      firmware, .segmentNotInMemory(header: 64, da: device(base), byteCount: 1 << exponent))
    try expectRefused(
      firmware, .segmentNotInMemory(header: 64, da: device(base), byteCount: 1 << exponent),
      options: BootOptions(profile: .linux))
  }

  @Test("E09 a segment that passes the end of the address space")
  func e09_wrappingSegment() throws {
    var firmware = TestFirmware()
    firmware.image.segments.append(
      ELFImage.Segment(address: 0xffff_fff0, bytes: [1], memoryByteCount: 0x20))
    try expectRefused(
      firmware,
      .image(
        .addressWrap(
          header: 84, start: device(0xffff_fff0), byteCount: 0x20, last: device(0xffff_ffff))))
    firmware.image.is64 = true
    firmware.image.segments[1].address = .max
    let error = RemoteprocError.segmentNotInMemory(
      header: 120, da: device(.max), byteCount: 0x20)
    try expectRefused(firmware, error, options: BootOptions(profile: .linux))
  }

  @Test(
    "E10 a segment half in a carveout, in a gap, and in none",
    arguments: [
      0x3fff, 0x4000, 0x4fff, 0xf000, 0x20_0000,
    ] as [UInt64])
  func e10_segmentOutside(offset: UInt64) throws {
    var firmware = TestFirmware([TestFirmware.carveout("b", at: base + 0x5000, 0x1000)])
    firmware.image.segments.append(
      ELFImage.Segment(address: base + offset, bytes: [1, 2]))
    try expectRefused(
      firmware,
      .segmentNotInMemory(header: 84, da: device(base + offset), byteCount: 2))
  }

  @Test("E10 a segment that ends where its carveout does is in it")
  func e10_segmentAtEnd() throws {
    var firmware = TestFirmware()
    firmware.image.segments.append(ELFImage.Segment(address: base + 0x3ffe, bytes: [1, 2]))
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try firmware.build())
  }

  @Test("E11 segments that overlap each other")
  func e11_overlappingSegments() throws {
    var firmware = TestFirmware()
    firmware.image.segments.append(ELFImage.Segment(address: base + 63, bytes: [1, 2]))
    try expectRefused(
      firmware,
      .image(.segmentOverlap(header: 52, otherHeader: 84, address: device(base + 63))))
  }

  @Test("E11 a segment in a ring's or the buffers' carveout")
  func e11_segmentInRing() throws {
    for name in ["vdev0vring0", "vdev0buffer"] {
      var firmware = TestFirmware([
        TestFirmware.carveout(name, at: base + 0x8000, 0x2000), TestFirmware.rpmsg(),
      ])
      firmware.image.segments.append(ELFImage.Segment(address: base + 0x9fff, bytes: [1]))
      try expectRefused(
        firmware,
        .overlap(
          .memory(TestFirmware.name(name)), .segment(header: 84), address: device(base + 0x9fff)))
    }
  }

  @Test("E16 two table sections, one without bytes, and one that no carveout holds")
  func e16_tableSections() throws {
    var firmware = TestFirmware([TestFirmware.rpmsg()])
    firmware.tableAddress = base + 0x8000
    let table = try firmware.table()
    try expectRefused(
      firmware, .tableNotVisible(da: device(base + 0x8000), byteCount: table.count))
    var image = firmware.image
    let section = ELFImage.Section(name: ".resource_table", address: base + 0x1000, bytes: table)
    image.sections = [section, section]
    let twice = try ELFFirmware(parsing: image.build())
    let headers = try [1, 2].map { try twice.file.section(at: $0).headerOffset }
    try expectRefused(
      twice, .image(.ambiguousSection(header: headers[0], otherHeader: headers[1])))
    image.sections = [section]
    image.sections[0].type = 8
    let empty = try ELFFirmware(parsing: image.build())
    try expectRefused(
      empty, .image(.sectionWithoutBytes(header: try empty.file.section(at: 1).headerOffset)))
  }

  @Test(
    "E17 an entry point outside code, and one that is odd", arguments: [64, 0x1000, 1] as [UInt64])
  func e17_entry(offset: UInt64) throws {
    var firmware = TestFirmware()
    firmware.image.entry = base + offset
    try expectRefused(
      firmware,
      .image(
        .badEntry(device(base + offset), offset == 1 ? .notAligned : .notInExecutableSegment)))
  }

  @Test("E02 an image for another machine")
  func e02_machine() throws {
    var firmware = TestFirmware()
    firmware.image.machine = 40
    try expectRefused(
      firmware, .image(.foreignMachine(offset: 18, expected: .riscv, found: .arm)))
    var processor = RemoteProcessor(platform: try TestPlatform())
    let error = bootError(
      of: &processor, try firmware.build(), BootOptions(profile: .linux))
    #expect(error == nil)
  }
}
