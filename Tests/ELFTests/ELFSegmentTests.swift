import ELF
import TestSupport
import Testing
import WireTypes

@Suite("ELF segments")
struct ELFSegmentTests {
  /// Where fields of a program header lie.
  private struct Fields {
    let offset, physical, fileSize, memorySize, flags, alignment: Int

    init(_ is64: Bool) {
      (offset, physical, fileSize, memorySize, flags, alignment) =
        is64 ? (8, 24, 32, 40, 4, 48) : (4, 12, 16, 20, 24, 28)
    }
  }

  private let code = [UInt8](1...40)

  /// A file of one segment after `change` of its header.
  private func file(
    _ is64: Bool, _ change: (inout [UInt8], Int) -> Void
  ) throws -> (ELFFile, ELFSegment) {
    var image = ELFImage(is64: is64)
    image.segments = [ELFImage.Segment(address: 0x8000_0000, bytes: code)]
    var bytes = image.build()
    change(&bytes, is64 ? 64 : 52)
    let file = try ELFFile(parsing: bytes)
    return (file, file.segment(at: 0))
  }

  private func patch(_ bytes: inout [UInt8], _ is64: Bool, _ value: UInt64, _ offset: Int) {
    if is64 { bytes.patch(value, at: offset) } else { bytes.patch(UInt32(value), at: offset) }
  }

  @Test("All fields of a program header", arguments: [false, true])
  func fields(is64: Bool) throws {
    let (file, segment) = try file(is64) { bytes, header in
      patch(&bytes, is64, 0x9000, header + Fields(is64).physical)
      patch(&bytes, is64, 0x100, header + Fields(is64).memorySize)
    }
    let header = is64 ? 64 : 52
    #expect(segment.headerOffset == header)
    #expect(segment.type == .load)
    #expect(segment.flags == [.read, .execute])
    #expect(segment.offset == UInt64(header + (is64 ? 56 : 32)))
    #expect(segment.virtualAddress == DeviceAddress(rawValue: 0x8000_0000))
    #expect(segment.physicalAddress == DeviceAddress(rawValue: 0x9000))
    #expect(segment.fileByteCount == 40)
    #expect(segment.memoryByteCount == 0x100)
    #expect(segment.alignment == 4)
    #expect(segment.isLoadable)
    #expect(try Array(file.bytes(of: segment)) == code)
    #expect(Array(file.segments) == [segment])
  }

  @Test("E06 bytes outside the file are refused", arguments: [false, true])
  func e06(is64: Bool) throws {
    let most: UInt64 = is64 ? .max : UInt64(UInt32.max)
    let (good, _) = try file(is64) { _, _ in }
    let size = UInt64(good.bytes.count)
    let cases: [(UInt64, UInt64)] = [
      (size - 39, 40), (size, 1), (size + 1, 0), (most, 0), (most, 1), (most, most), (0, most),
      (1, most), (0, size + 1),
    ]
    for (offset, count) in cases {
      let (file, segment) = try file(is64) { bytes, header in
        patch(&bytes, is64, offset, header + Fields(is64).offset)
        patch(&bytes, is64, count, header + Fields(is64).fileSize)
        patch(&bytes, is64, most, header + Fields(is64).memorySize)
      }
      #expect(
        throws: ELFError.segmentOutOfFile(
          header: segment.headerOffset, offset: offset, byteCount: count,
          fileByteCount: Int(size))
      ) { try file.bytes(of: segment) }
    }
    for (offset, count) in [(size - 40, 40), (size, 0), (0, size)] as [(UInt64, UInt64)] {
      let (file, segment) = try file(is64) { bytes, header in
        patch(&bytes, is64, offset, header + Fields(is64).offset)
        patch(&bytes, is64, count, header + Fields(is64).fileSize)
        patch(&bytes, is64, most, header + Fields(is64).memorySize)
      }
      #expect(try file.bytes(of: segment).count == Int(count))
    }
  }

  @Test("E07 more bytes in the file than in memory are refused", arguments: [false, true])
  func e07(is64: Bool) throws {
    let (file, segment) = try file(is64) { bytes, header in
      patch(&bytes, is64, 39, header + Fields(is64).memorySize)
    }
    #expect(
      throws: ELFError.fileExceedsMemory(
        header: segment.headerOffset, fileByteCount: 40, memoryByteCount: 39)
    ) { try file.bytes(of: segment) }
  }

  @Test("E08 a huge memory size is a number, not an allocation")
  func e08() throws {
    for memory in [1 << 32, 1 << 63] as [UInt64] {
      let (file, segment) = try file(true) { bytes, header in
        bytes.patch(memory, at: header + Fields(true).memorySize)
      }
      #expect(segment.memoryByteCount == memory)
      #expect(try file.bytes(of: segment).count == 40)
      #expect(try file.addressRange(of: segment).byteCount == memory)
    }
  }

  @Test("E09 memory that passes the end of the address space is refused", arguments: [false, true])
  func e09(is64: Bool) throws {
    let last: UInt64 = is64 ? .max : UInt64(UInt32.max)
    func check(_ start: UInt64, _ count: UInt64) throws {
      let (file, segment) = try file(is64) { bytes, header in
        patch(&bytes, is64, start, header + Fields(is64).physical)
        patch(&bytes, is64, count, header + Fields(is64).memorySize)
      }
      try file.checkExtent(of: segment)
    }
    try check(last - 39, 40)
    try check(last, 1)
    try check(last, 0)
    try check(1, last)
    for (start, count) in [(last - 39, 41), (last, 2), (2, last), (last, last)] {
      #expect(
        throws: ELFError.addressWrap(
          header: is64 ? 64 : 52, start: DeviceAddress(rawValue: start), byteCount: count,
          last: DeviceAddress(rawValue: last))
      ) { try check(start, count) }
    }
  }

  @Test("E10 the range of a segment is exact, so that half in and half out shows")
  func e10() throws {
    let (file, segment) = try file(false) { _, _ in }
    let range = try file.addressRange(of: segment)
    #expect(range.start == DeviceAddress(rawValue: 0x8000_0000))
    #expect(range.byteCount == 40)
  }

  @Test("E11 loadable segments that share memory are refused", arguments: [false, true])
  func e11(is64: Bool) throws {
    func check(_ parts: [(UInt64, Int)]) throws {
      var image = ELFImage(is64: is64)
      image.segments = parts.map {
        ELFImage.Segment(address: $0.0, bytes: [UInt8](repeating: 0, count: $0.1))
      }
      try ELFFile(parsing: image.build()).checkOverlap()
    }
    try check([])
    try check([(0x1000, 16), (0x1010, 16), (0xff0, 16)])
    try check([(0x1000, 16), (0x1008, 0)])
    let size = is64 ? 56 : 32
    let first = is64 ? 64 : 52
    #expect(
      throws: ELFError.segmentOverlap(
        header: first, otherHeader: first + size, address: DeviceAddress(rawValue: 0x100f))
    ) { try check([(0x1000, 16), (0x100f, 16)]) }
    #expect(
      throws: ELFError.segmentOverlap(
        header: first + 2 * size, otherHeader: first, address: DeviceAddress(rawValue: 0x1000))
    ) { try check([(0x1000, 16), (0x2000, 4), (0xff1, 16)]) }
    // A large one around two small ones.
    #expect(throws: ELFError.self) { try check([(0x1000, 256), (0x1010, 4), (0x1020, 4)]) }
  }

  @Test("E12 what need not be loaded is not looked into", arguments: [false, true])
  func e12(is64: Bool) throws {
    let (_, empty) = try file(is64) { bytes, header in
      patch(&bytes, is64, 0, header + Fields(is64).memorySize)
    }
    #expect(!empty.isLoadable)
    let (_, note) = try file(is64) { bytes, header in bytes.patch(UInt32(4), at: header) }
    #expect(!note.isLoadable)
  }

  @Test("E12 65,535 program headers take bounded time", arguments: [false, true])
  func e12Many(is64: Bool) throws {
    var image = ELFImage(is64: is64)
    image.segments = [ELFImage.Segment(address: 0, bytes: [])]
    var bytes = image.build()
    bytes.patch(UInt16(0xffff), at: is64 ? 56 : 44)
    #expect(throws: ELFError.self) { try ELFFile(parsing: bytes) }
    let header = is64 ? 64 : 52
    let size = is64 ? 56 : 32
    bytes = Array(bytes.prefix(header)) + [UInt8](repeating: 0, count: size * 0xffff)
    let start = ContinuousClock.now
    var file = try ELFFile(parsing: bytes)
    #expect(file.segments.filter(\.isLoadable).isEmpty)
    // Worst case for the overlap check: all loadable, in falling order.
    for index in 0..<0xffff {
      bytes.patch(UInt32(1), at: header + size * index)
      bytes.patch(UInt32(0xffff - index), at: header + size * index + Fields(is64).physical)
      bytes.patch(UInt32(1), at: header + size * index + Fields(is64).memorySize)
    }
    file = try ELFFile(parsing: bytes)
    try file.checkOverlap()
    #expect(file.segments.count == 0xffff)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test("E13 where the addresses differ the physical one counts", arguments: [false, true])
  func e13(is64: Bool) throws {
    let (file, segment) = try file(is64) { bytes, header in
      patch(&bytes, is64, 0x2000, header + Fields(is64).physical)
      bytes.patch(UInt32(0x8000_0000), at: 24)
    }
    #expect(try file.addressRange(of: segment).start == DeviceAddress(rawValue: 0x2000))
    #expect(
      throws: ELFError.badEntry(
        DeviceAddress(rawValue: 0x8000_0000), .notInExecutableSegment)
    ) { try file.checkEntry() }
  }

  @Test("E17 execution starts in an executable segment, aligned", arguments: [false, true])
  func e17(is64: Bool) throws {
    func check(_ entry: UInt64, machine: UInt16 = 243, flags: UInt32 = 5) throws {
      let (file, _) = try file(is64) { bytes, header in
        patch(&bytes, is64, entry, 24)
        bytes.patch(machine, at: 18)
        bytes.patch(flags, at: header + Fields(is64).flags)
      }
      try file.checkEntry()
    }
    let base: UInt64 = 0x8000_0000
    try check(base)
    try check(base + 38)
    for (entry, fault) in [
      (base - 2, ELFError.EntryFault.notInExecutableSegment), (base + 40, .notInExecutableSegment),
      (0, .notInExecutableSegment), (base + 1, .notAligned), (base + 39, .notAligned),
    ] {
      #expect(throws: ELFError.badEntry(DeviceAddress(rawValue: entry), fault)) {
        try check(entry)
      }
    }
    #expect(
      throws: ELFError.badEntry(DeviceAddress(rawValue: base), .notInExecutableSegment)
    ) { try check(base, flags: 6) }
    // In Arm code bit 0 selects Thumb.
    try check(base + 3, machine: 40)
    try check(base + 4, machine: 40)
    #expect(throws: ELFError.badEntry(DeviceAddress(rawValue: base + 2), .notAligned)) {
      try check(base + 2, machine: 40)
    }
    #expect(throws: ELFError.badEntry(DeviceAddress(rawValue: base + 2), .notAligned)) {
      try check(base + 2, machine: 183)
    }
  }

  @Test("E18 nothing divides by an alignment", arguments: [0, 3, 1 << 63, UInt64.max])
  func e18(alignment: UInt64) throws {
    let (file, segment) = try file(true) { bytes, header in
      bytes.patch(alignment, at: header + Fields(true).alignment)
    }
    #expect(segment.alignment == alignment)
    #expect(try file.bytes(of: segment).count == 40)
    try file.checkOverlap()
    try file.checkExtent(of: segment)
  }
}
