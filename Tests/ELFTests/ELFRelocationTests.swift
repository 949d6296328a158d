import ELF
import TestSupport
import Testing
import WireTypes

/// An image with a table of each kind, for fuzzing and for tests.
func movableSample(is64: Bool, machine: UInt16) -> MovableImage {
  var image = MovableImage(is64: is64)
  image.image.machine = machine
  // Types of a relative relocation and of a symbol's address.
  let (relative, absolute): (UInt64, UInt64) =
    switch machine {
    case 40: (23, 2)
    case 183: (1027, 257)
    default: (3, is64 ? 2 : 1)
    }
  image.store(0x1010, at: 0x1040)
  image.addRelocations(
    machine == 40
      ? [(0x1040, relative, 0, nil), (0x1050, absolute, 1, nil)]
      : [(0x1048, relative, 0, 0x1020), (0x1050, absolute, 1, 4)], at: 0x1100)
  image.storeSymbol(1, value: 0x1300, table: 0x1200)
  image.dynamic += [(6, 0x1200), (11, is64 ? 24 : 16)]
  image.addPacked([0x1060, 0b101], at: 0x1280)
  return image
}

@Suite("Images that are moved")
struct ELFRelocationTests {
  private let displacement: UInt64 = 0x8000_0000

  /// The memory after it was moved.
  private func moved(_ image: MovableImage, by displacement: UInt64? = nil) throws -> [UInt8] {
    let file = try ELFFile(parsing: image.build())
    let bytes = try file.relocatedBytes(by: displacement ?? self.displacement)
    #expect(bytes.count == file.bytes.count)
    return Array(bytes[image.memoryOffset...].prefix(image.memory.count))
  }

  private func refusal(_ image: MovableImage) throws -> ELFError? {
    let file = try ELFFile(parsing: image.build())
    do throws(ELFError) {
      _ = try file.relocatedBytes(by: displacement)
      return nil
    } catch { return error }
  }

  private func address(_ value: UInt64) -> DeviceAddress { DeviceAddress(rawValue: value) }

  private static let kinds: [(Bool, UInt16, UInt64)] = [
    (false, 243, 3), (true, 243, 3), (true, 183, 1027),
  ]

  @Test("A relative relocation with an addend of its own", arguments: kinds)
  func explicit(is64: Bool, machine: UInt16, type: UInt64) throws {
    var image = MovableImage(is64: is64)
    image.image.machine = machine
    image.store(0x7777, at: 0x1040)
    image.addRelocations([(0x1040, type, 0, 0x1234)], at: 0x1100)
    let memory = try moved(image)
    #expect(image.word(at: 0x1040, in: memory) == 0x8000_1234)
    var expected = image
    expected.store(0x8000_1234, at: 0x1040)
    #expect(memory == expected.memory)
  }

  @Test("A relative relocation of Arm, whose addend is in its place")
  func implicit() throws {
    var image = MovableImage()
    image.image.machine = 40
    image.store(0x1235, at: 0x1044)
    image.addRelocations([(0x1044, 23, 0, nil)], at: 0x1100)
    #expect(image.word(at: 0x1044, in: try moved(image)) == 0x8000_1235)
  }

  @Test(
    "Packed relative relocations: an address, then a bit for each word after it",
    arguments: [
      false, true,
    ])
  func packed(is64: Bool) throws {
    var image = MovableImage(is64: is64)
    let size = UInt64(image.wordByteCount)
    let places = [0, 1, 3, is64 ? 63 : 31, is64 ? 64 : 32].map { 0x1040 + $0 * size }
    for place in places { image.store(place, at: place) }
    image.store(5, at: 0x1040 + 2 * size)
    // Bit 1 is the word after the address; the second bitmap begins behind the 63 (31) before it.
    let last: UInt64 = is64 ? 1 << 63 : 1 << 31
    image.addPacked([0x1040, last | 0b1011, 0b11], at: 0x1280)
    let memory = try moved(image)
    for place in places {
      #expect(image.word(at: place, in: memory) == 0x8000_0000 + place, "\(place)")
    }
    #expect(image.word(at: 0x1040 + 2 * size, in: memory) == 5)
  }

  @Test(
    "The address of a symbol that the image defines",
    arguments: [
      (false, UInt16(243), UInt64(1)), (true, 243, 2), (false, 40, 2), (true, 183, 257),
    ])
  func absolute(is64: Bool, machine: UInt16, type: UInt64) throws {
    var image = MovableImage(is64: is64)
    image.image.machine = machine
    let isExplicit = machine != 40
    image.storeSymbol(1, value: 0x1300, table: 0x1200)
    // A bare number does not move.
    image.storeSymbol(2, value: 0x55, section: 0xfff1, table: 0x1200)
    image.store(8, at: 0x1040)
    image.store(8, at: 0x1048)
    image.addRelocations(
      [(0x1040, type, 1, isExplicit ? 8 : nil), (0x1048, type, 2, isExplicit ? 8 : nil)],
      at: 0x1100)
    image.dynamic += [(6, 0x1200), (11, is64 ? 24 : 16)]
    let memory = try moved(image)
    #expect(image.word(at: 0x1040, in: memory) == 0x8000_1308)
    #expect(image.word(at: 0x1048, in: memory) == 0x5d)
  }

  @Test("A slot of the table of jumps is the symbol and nothing else")
  func jumpSlot() throws {
    var image = MovableImage()
    image.storeSymbol(1, value: 0x1300, kind: 2, table: 0x1200)
    image.store(0x9999, at: 0x1040)
    image.addRelocations([(0x1040, 5, 1, 77)], at: 0x1100)
    // The same table as one of jumps.
    image.dynamic = [(23, 0x1100), (2, 12), (20, 7), (6, 0x1200)]
    #expect(image.word(at: 0x1040, in: try moved(image)) == 0x8000_1300)
  }

  @Test("Moving down, and past the end of 32 bits, wraps")
  func wraps() throws {
    var image = MovableImage()
    image.addRelocations([(0x1040, 3, 0, 0x1234), (0x1044, 3, 0, 0xffff_ffff)], at: 0x1100)
    #expect(image.word(at: 0x1040, in: try moved(image, by: 0 &- 0x1000)) == 0x234)
    #expect(image.word(at: 0x1044, in: try moved(image, by: 0x10)) == 0xf)
  }

  @Test("A table that says nothing, and an image without one, change nothing")
  func nothing() throws {
    var image = MovableImage()
    image.addRelocations([(0x1040, 0, 0, 1)], at: 0x1100)
    #expect(try moved(image) == image.memory)
    image.dynamic = [(7, 0x1100), (8, 0)]
    #expect(try moved(image) == image.memory)
    let fixed = try ELFFile(parsing: ELFImage(table: []).build())
    #expect(try fixed.relocatedBytes(by: 1) == fixed.bytes)
    #expect(!fixed.isPositionIndependent)
  }

  @Test("A relocation never sees what another wrote")
  func independent() throws {
    var image = MovableImage()
    image.store(0x10, at: 0x1040)
    image.image.machine = 40
    image.addRelocations([(0x1040, 23, 0, nil), (0x1040, 23, 0, nil)], at: 0x1100)
    #expect(image.word(at: 0x1040, in: try moved(image)) == 0x8000_0010)
    // One that changes the table it is in does not change the ones that follow.
    image = MovableImage()
    image.addRelocations([(0x110c, 3, 0, 0), (0x1040, 3, 0, 4)], at: 0x1100)
    #expect(image.word(at: 0x1040, in: try moved(image)) == 0x8000_0004)
  }

  @Test(
    "A place outside the loaded bytes of all segments",
    arguments: [
      0, 0xfff, 0x13fd, 0x1400, 0xffff_ffff, 0xffff_fffd,
    ] as [UInt64])
  func placeOutside(place: UInt64) throws {
    var image = MovableImage()
    image.addRelocations([(place, 3, 0, 0)], at: 0x1100)
    let offset = image.memoryOffset + 0x100
    #expect(
      try refusal(image) == .relocationOutOfSegments(offset: offset, address: address(place)))
  }

  @Test("A place in memory that has no bytes in the file")
  func placeInZeroes() throws {
    var image = MovableImage()
    var zeroes = ELFImage.Segment(address: 0x2000, bytes: [], memoryByteCount: 0x100)
    zeroes.flags = 6
    image.image.segments = [zeroes]
    image.addRelocations([(0x2000, 3, 0, 0)], at: 0x1100)
    #expect(
      try refusal(image)
        == .relocationOutOfSegments(
          offset: image.memoryOffset + 0x100, address: address(0x2000)))
  }

  @Test("A packed place outside, from an address and from a bit")
  func packedOutside() throws {
    var image = MovableImage()
    image.addPacked([0x2000], at: 0x1280)
    let offset = image.memoryOffset + 0x280
    #expect(
      try refusal(image) == .relocationOutOfSegments(offset: offset, address: address(0x2000)))
    image.store(0x13fc, at: 0x1280)
    image.store(0b11, at: 0x1284)
    image.dynamic[1].value = 8
    #expect(
      try refusal(image) == .relocationOutOfSegments(offset: offset + 4, address: address(0x1400)))
  }

  @Test("Packed places that go back, repeat, begin without an address, or wrap")
  func unsorted() throws {
    for words in [
      [0x1040, 0x1040], [0x1040, 0x1000], [0b11], [0x1040, 0b11, 0x1044],
    ] as [[UInt64]] {
      var image = MovableImage()
      image.addPacked(words, at: 0x1280)
      let offset = image.memoryOffset + 0x280 + 4 * (words.count - 1)
      #expect(try refusal(image) == .unsortedRelocation(offset: offset), "\(words)")
    }
    var image = MovableImage(is64: true)
    image.addPacked([0xffff_ffff_ffff_fff0], at: 0x1280)
    #expect(
      try refusal(image)
        == .relocationOutOfSegments(
          offset: image.memoryOffset + 0x280, address: address(0xffff_ffff_ffff_fff0)))
  }

  @Test(
    "A table outside the loaded bytes, in part or as a whole",
    arguments: [
      (0x2000, 12), (0x13f8, 12), (0xff8, 12), (0xffff_fff8, 12), (0x1000, 0x408),
      (0x1000, 0xffff_fffc),
    ] as [(UInt64, UInt64)])
  func tableOutside(start: UInt64, byteCount: UInt64) throws {
    var image = MovableImage()
    image.dynamic = [(7, start), (8, byteCount)]
    #expect(
      try refusal(image)
        == .dynamicTableNotLoaded(tag: 7, address: address(start), byteCount: byteCount))
  }

  @Test(
    "Entries of the dynamic table that do not fit",
    arguments: [
      // Size of no whole entries; size without a place; entries of another size; a kind of jumps.
      ([(7, 0x1100), (8, 13)], 1, 8, 13), ([(8, 12)], 0, 8, 12), ([(18, 8)], 0, 18, 8),
      ([(7, 0x1100), (8, 12), (9, 16)], 2, 9, 16), ([(17, 0x1100), (18, 8), (19, 12)], 2, 19, 12),
      ([(36, 0x1100), (35, 4), (37, 8)], 2, 37, 8), ([(20, 9), (23, 0x1100), (2, 12)], 0, 20, 9),
      // Twice, and another library.
      ([(7, 0x1100), (7, 0x1100)], 1, 7, 0x1100), ([(1, 5)], 0, 1, 5),
    ] as [([(UInt64, UInt64)], Int, UInt64, UInt64)])
  func badEntries(
    entries: [(UInt64, UInt64)], index: Int, tag: UInt64, value: UInt64
  ) throws {
    var image = MovableImage()
    image.dynamic = entries.map { ($0.0, $0.1) }
    let offset = image.memoryOffset + image.memory.count + 8 * index
    #expect(try refusal(image) == .badDynamicEntry(offset: offset, tag: tag, value: value))
  }

  @Test(
    "Types that only a dynamic linker knows, also those of another machine or class",
    arguments: [
      (false, UInt16(243), UInt64(2)), (true, 243, 1), (false, 243, 23), (false, 243, 4),
      (false, 40, 3), (false, 40, 255), (false, 62, 8), (true, 183, 3),
    ])
  func unsupported(is64: Bool, machine: UInt16, type: UInt64) throws {
    var image = MovableImage(is64: is64)
    image.image.machine = machine
    image.addRelocations([(0x1040, type, 0, 0)], at: 0x1100)
    #expect(
      try refusal(image)
        == .unsupportedRelocation(
          offset: image.memoryOffset + 0x100, type: UInt32(type),
          machine: ELFMachine(rawValue: machine)))
  }

  @Test("A symbol that is not there, not defined, or of another kind")
  func undefinedSymbol() throws {
    var image = MovableImage()
    image.addRelocations([(0x1040, 1, 1, 0)], at: 0x1100)
    let undefined = ELFError.undefinedSymbol(offset: image.memoryOffset + 0x100, index: 1)
    #expect(try refusal(image) == undefined)
    image.dynamic += [(6, 0x1200)]
    #expect(try refusal(image) == undefined)
    image.storeSymbol(1, value: 0x1300, kind: 6, table: 0x1200)
    #expect(try refusal(image) == undefined)
    image.storeSymbol(1, value: 0x1300, kind: 1, table: 0x1200)
    #expect(try refusal(image) == nil)
    image.store(image.info(type: 1), at: 0x1104)
    #expect(
      try refusal(image) == .undefinedSymbol(offset: image.memoryOffset + 0x100, index: 0))
    image.dynamic += [(11, 24)]
    image.store(image.info(type: 1, symbol: 1), at: 0x1104)
    guard case .badDynamicEntry(_, 11, 24)? = try refusal(image) else {
      Issue.record("symbols of another size")
      return
    }
  }

  @Test(
    "A symbol beyond the loaded bytes, and one whose place wraps",
    arguments: [
      (0x1400, 1), (0x13f0, 1), (0xffff_fff0, 0xff_ffff),
    ] as [(UInt64, UInt64)])
  func symbolOutside(table: UInt64, index: UInt64) throws {
    var image = MovableImage()
    image.addRelocations([(0x1040, 1, index, 0)], at: 0x1100)
    image.dynamic += [(6, table)]
    #expect(
      try refusal(image)
        == .dynamicTableNotLoaded(
          tag: 6, address: address(table + index * 16), byteCount: 16))
  }

  @Test("Segments that share addresses, and one whose addresses wrap")
  func segments() throws {
    var image = MovableImage()
    image.image.segments = [ELFImage.Segment(address: 0x13ff, bytes: [1])]
    #expect(
      try refusal(image)
        == .segmentOverlap(header: 52, otherHeader: 84, address: address(0x13ff)))
    var wide = MovableImage(is64: true)
    wide.image.segments = [
      ELFImage.Segment(address: .max, bytes: [1], memoryByteCount: 2)
    ]
    #expect(
      try refusal(wide)
        == .addressWrap(
          header: 64 + 56, start: address(.max), byteCount: 2, last: address(.max)))
  }

  @Test(
    "Each error of moving is one line that has its numbers",
    arguments: [
      (ELFError.badAlignment(header: 52, alignment: 3), "0x3"),
      (.badDynamicEntry(offset: 0x99, tag: 7, value: 0xabc), "0xabc"),
      (
        .dynamicTableNotLoaded(tag: 7, address: DeviceAddress(rawValue: 0xabc), byteCount: 5),
        "0xabc"
      ),
      (.unsupportedRelocation(offset: 0x99, type: 77, machine: .arm), "77"),
      (.relocationOutOfSegments(offset: 0x99, address: DeviceAddress(rawValue: 0xabc)), "0xabc"),
      (.unsortedRelocation(offset: 0x99), "0x99"), (.undefinedSymbol(offset: 0x99, index: 5), "5"),
    ])
  func texts(error: ELFError, number: String) {
    #expect(error.description.contains(number))
    #expect(!error.description.contains("\n"))
  }
}

@Suite("The memory of an image that is moved")
struct ELFPlacementTests {
  private func placement(_ image: ELFImage) throws -> ELFPlacement {
    try ELFFile(parsing: image.build()).placement()
  }

  private func refusal(_ image: ELFImage) throws -> ELFError? {
    do throws(ELFError) {
      _ = try ELFFile(parsing: image.build()).placement()
      return nil
    } catch { return error }
  }

  @Test("From the lowest address, rounded down, to the end of the highest segment")
  func span() throws {
    var image = ELFImage()
    image.type = 3
    image.segments = [
      ELFImage.Segment(address: 0x3010, bytes: [1], memoryByteCount: 0x20),
      ELFImage.Segment(address: 0x1234, bytes: [1]),
    ]
    image.segments[1].alignment = 0x1000
    let found = try placement(image)
    #expect(found.start == DeviceAddress(rawValue: 0x1000))
    #expect(found.byteCount == 0x2030)
    #expect(found.alignment == 0x1000)
  }

  @Test("What moves are the addresses the code was linked to, not those it was to be loaded to")
  func virtualAddresses() throws {
    var image = ELFImage()
    image.type = 3
    image.segments = [ELFImage.Segment(address: 0x8000_0000, bytes: [1])]
    image.segments[0].virtualAddress = 0x40
    #expect(try placement(image).start == DeviceAddress(rawValue: 0x40))
  }

  @Test(
    "E18 An alignment that is no power of two", arguments: [3, 0x1001, 0xffff_ffff] as [UInt64])
  func alignment(alignment: UInt64) throws {
    var image = MovableImage().image
    image.segments = [ELFImage.Segment(address: 0, bytes: [1])]
    image.segments[0].alignment = alignment
    #expect(try refusal(image) == .badAlignment(header: 52, alignment: alignment))
    image.segments[0].alignment = 0
    #expect(try placement(image).alignment == 1)
  }

  @Test("E08 E09 Segments that end outside the address space, and all of it")
  func wraps() throws {
    var image = ELFImage()
    image.type = 3
    image.segments = [
      ELFImage.Segment(address: 0xffff_fff0, bytes: [1], memoryByteCount: 0x11)
    ]
    #expect(
      try refusal(image)
        == .addressWrap(
          header: 52, start: DeviceAddress(rawValue: 0xffff_fff0), byteCount: 0x11,
          last: DeviceAddress(rawValue: 0xffff_ffff)))
    var wide = ELFImage(is64: true)
    wide.type = 3
    wide.segments = [
      ELFImage.Segment(address: 0, bytes: [1]), ELFImage.Segment(address: .max, bytes: [1]),
    ]
    guard case .addressWrap(_, _, .max, _)? = try refusal(wide) else {
      Issue.record("all of the address space")
      return
    }
  }

  @Test("Only a shared object that loads something may be moved")
  func kinds() throws {
    var image = ELFImage(table: [])
    #expect(try refusal(image) == .unsupportedType(offset: 16, type: .executable))
    image.type = 3
    image.segments[0].memoryByteCount = 0
    image.segments[0].bytes = []
    #expect(try refusal(image) == .noSegments(offset: 44))
  }
}

@Suite("Any bytes as an image that is moved")
struct ELFRelocationTotalityTests {
  private static let corpus = FuzzCorpus(target: "FuzzRelocation")

  private static func seeds() -> [(String, [UInt8])] {
    var jumps = MovableImage()
    jumps.storeSymbol(1, value: 0x1300, kind: 2, table: 0x1200)
    jumps.addRelocations([(0x1040, 5, 1, 77)], at: 0x1100)
    jumps.dynamic = [(23, 0x1100), (2, 12), (20, 7), (6, 0x1200)]
    return [
      ("riscv32", movableSample(is64: false, machine: 243).build()),
      ("riscv64", movableSample(is64: true, machine: 243).build()),
      ("arm", movableSample(is64: false, machine: 40).build()),
      ("aarch64", movableSample(is64: true, machine: 183).build()), ("jumps", jumps.build()),
    ]
  }

  @Test("The committed seeds are what the generator makes")
  func current() throws {
    for (name, bytes) in Self.seeds() {
      #expect(try Self.corpus.isCurrent(name, bytes), "\(name)")
    }
  }

  @Test("Every input of the corpus is moved or refused")
  func replay() throws {
    let inputs = try Self.corpus.inputs()
    #expect(inputs.count >= Self.seeds().count)
    for input in inputs { move(input.bytes) }
  }

  @Test("An image with numbers changed anywhere is moved or refused, and never traps")
  func mutations() {
    var random = SeededGenerator(seed: 0x5245_4c41)
    let seeds = Self.seeds().map(\.1)
    for round in 0..<3000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      if round % 4 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
      move(bytes)
    }
  }

  private func move(_ bytes: [UInt8]) {
    do throws(ELFError) {
      let file = try ELFFile(parsing: bytes)
      do throws(ELFError) { _ = try file.placement() } catch {}
      let moved = try file.relocatedBytes(by: 0x8000_0000)
      #expect(moved.count == bytes.count)
    } catch { #expect(!error.description.isEmpty) }
  }
}
