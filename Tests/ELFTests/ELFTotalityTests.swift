import ELF
import TestSupport
import Testing
import WireTypes

/// Reads all that can be read of `bytes`; what matters is that it returns.
///
/// - Returns: how many pieces were read without an error.
@discardableResult
func readEverything(_ bytes: [UInt8]) -> Int {
  guard case .success(let file) = Result(catching: { try ELFFile(parsing: bytes) }) else {
    return 0
  }
  var count = 1
  func attempt(_ body: () throws -> Void) {
    do {
      try body()
      count += 1
    } catch let error as ELFError {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
    } catch { Issue.record("unexpected \(error)") }
  }
  attempt { try file.checkIdentification() }
  attempt { try file.checkOverlap() }
  attempt { try file.checkEntry() }
  attempt { try file.checkHasSegments() }
  attempt { try file.checkSectionTableOffset() }
  for segment in file.segments.prefix(16) {
    attempt { _ = try file.bytes(of: segment).count }
    attempt { try file.checkExtent(of: segment) }
  }
  for strictness in [ELFStrictness.specification, .memorySafe] {
    attempt {
      guard
        let section = try file.section(named: ".resource_table", strictness: strictness)
      else { return }
      _ = try file.bytes(of: section, strictness: strictness).count
    }
  }
  for index in 0..<min(file.sectionCount, 16) {
    attempt { _ = try file.name(of: try file.section(at: index)) }
  }
  attempt { _ = try file.symbol(named: "main") }
  attempt { _ = try file.symbol(nearestBelow: DeviceAddress(rawValue: 0x8000_0020)) }
  return count
}

@Suite("ELF reading is total")
struct ELFTotalityTests {
  private static func sample(_ is64: Bool) -> [UInt8] {
    var image = ELFImage(is64: is64, table: [UInt8](repeating: 1, count: 20))
    image.segments.append(ELFImage.Segment(address: 0x8000_2000, bytes: [1, 2, 3]))
    image.symbols = [
      ELFImage.Symbol(name: "main", value: 0x8000_0010),
      ELFImage.Symbol(name: "data", value: 0x8000_2000, info: 1),
    ]
    return image.build()
  }

  @Test("What was built is what is read", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let is64 = Bool.random(using: &random)
    let highest: UInt64 = is64 ? .max : UInt64(UInt32.max)
    var image = ELFImage(is64: is64)
    image.type = .random(in: 0...(.max), using: &random)
    image.machine = .random(in: 0...(.max), using: &random)
    image.entry = .random(in: 0...highest, using: &random)
    func bytes() -> [UInt8] {
      (0..<Int.random(in: 0..<50, using: &random)).map { _ in
        .random(in: 0...255, using: &random)
      }
    }
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      var segment = ELFImage.Segment(
        address: .random(in: 0...highest, using: &random), bytes: bytes(),
        memoryByteCount: .random(in: 50...highest, using: &random))
      segment.flags = .random(in: 0...(.max), using: &random)
      segment.type = .random(in: 0...4, using: &random)
      image.segments.append(segment)
    }
    for index in 0..<Int.random(in: 0..<6, using: &random) {
      image.sections.append(
        ELFImage.Section(
          name: "s\(index)", address: .random(in: 0...highest, using: &random), bytes: bytes()))
    }
    let file = try ELFFile(parsing: image.build())
    #expect(file.type.rawValue == image.type, "seed \(seed)")
    #expect(file.machine.rawValue == image.machine, "seed \(seed)")
    #expect(file.entry.rawValue == image.entry, "seed \(seed)")
    #expect(file.segmentCount == image.segments.count, "seed \(seed)")
    for (read, made) in zip(file.segments, image.segments) {
      #expect(read.type.rawValue == made.type, "seed \(seed)")
      #expect(read.flags.rawValue == made.flags, "seed \(seed)")
      #expect(read.physicalAddress.rawValue == made.address, "seed \(seed)")
      #expect(read.virtualAddress.rawValue == made.address, "seed \(seed)")
      #expect(read.memoryByteCount == made.memoryByteCount, "seed \(seed)")
      #expect(try Array(file.bytes(of: read)) == made.bytes, "seed \(seed)")
    }
    for made in image.sections {
      let read = try #require(try file.section(named: made.name), "seed \(seed)")
      #expect(read.address.rawValue == made.address, "seed \(seed)")
      #expect(try Array(file.bytes(of: read)) == made.bytes, "seed \(seed)")
    }
  }

  @Test("A file cut at any byte is read or refused", arguments: [false, true])
  func everyTruncation(is64: Bool) {
    let good = Self.sample(is64)
    let all = readEverything(good)
    var whole = 0
    for count in 0..<good.count where readEverything(Array(good.prefix(count))) >= all {
      whole += 1
    }
    #expect(all == 19)
    // The last bytes are those of the last section header: no cut leaves all readable.
    #expect(whole == 0)
  }

  @Test("20,000 random changes never trap")
  func mutations() {
    let samples = [Self.sample(false), Self.sample(true)]
    var read = 0
    for seed in 0..<20_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var bytes = samples[Int(seed % 2)]
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        // Half of the changes hit the headers, where numbers are.
        let end = Bool.random(using: &random) ? 180 : bytes.count
        let offset = Int.random(in: 6..<end, using: &random)
        bytes[offset] =
          [0, 1, 0x7f, 0x80, 0xff, .random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      if readEverything(bytes) > 1 { read += 1 }
    }
    #expect(read > 5_000)
  }
}
