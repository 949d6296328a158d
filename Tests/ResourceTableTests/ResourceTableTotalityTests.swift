import ResourceTable
import TestSupport
import Testing
import WireTypes

/// Reads all that can be read of `bytes`; what matters is that it returns.
///
/// - Returns: how many entries and vrings were read without an error.
@discardableResult
func readEverything(_ bytes: [UInt8], version: ResourceTableVersion?) -> Int {
  var count = 0
  func attempt(_ body: () throws -> Void) {
    do {
      try body()
      count += 1
    } catch let error as ResourceTableError {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
    } catch { Issue.record("unexpected \(error)") }
  }
  attempt {
    let reader = try ResourceTableReader(parsing: bytes, version: version)
    attempt { try reader.checkLayout() }
    for index in 0..<min(reader.entryCount, 64) {
      attempt {
        let entry = try reader.entry(at: index)
        attempt { try entry.checkExtent(version: reader.version) }
        attempt { _ = try reader.payload(of: entry) }
        guard case .vdev(let vdev) = entry.resource else { return }
        for ring in 0..<Int(vdev.vringCount) {
          attempt { _ = try reader.vring(at: ring, of: entry) }
        }
      }
    }
  }
  return count
}

@Suite("Resource table reading is total")
struct ResourceTableTotalityTests {
  private static let records = ResourceTableBuilder.build(records: [
    ResourceRecord(type: 0, da: 0x1000, count: 0x1000, name: FixedName("a")),
    ResourceRecord(type: 4, da: 1, flags: 7), ResourceRecord(type: 3, count: 256),
  ])

  private static func typed() throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    builder.add(
      .carveout(
        MemoryResource(
          da: DeviceAddress(rawValue: 0x1000), byteCount: 0x1000, name: FixedName("fw"))))
    let ring = VringResource(da: nil, alignment: 16, count: 8)
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, deviceFeatures: 1), vrings: [ring, ring], config: [1, 2, 3, 4]))
    builder.add(.raw(type: 128, body: [4, 0, 0, 0]))
    builder.add(
      .trace(
        TraceResource(da: DeviceAddress(rawValue: 0x1800), byteCount: 64, name: FixedName("log"))))
    return try builder.build()
  }

  @Test("What was built is what is read, version 1", arguments: 0..<500 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let made = (0..<Int.random(in: 0..<8, using: &random)).map { _ in Self.entry(&random) }
    var builder = ResourceTableBuilder()
    for entry in made { builder.add(entry) }
    let reader = try ResourceTableReader(parsing: try builder.build())
    #expect(reader.version == .v1, "seed \(seed)")
    let read = try reader.entries().map { entry -> ResourceTableBuilder.Entry in
      switch entry.resource {
      case .carveout(let memory): return .carveout(memory)
      case .devmem(let memory): return .devmem(memory)
      case .trace(let trace): return .trace(trace)
      case .vdev(let vdev):
        let rings = try (0..<Int(vdev.vringCount)).map { try reader.vring(at: $0, of: entry) }
        return .vdev(vdev, vrings: rings, config: Array(try reader.payload(of: entry)))
      case .vendor(let vendor): return .raw(type: vendor.type, body: [])
      case .unknown(let type): return .raw(type: type, body: [])
      default: return .raw(type: 0, body: [])
      }
    }
    #expect(read == made, "seed \(seed)")
    try reader.checkLayout()
  }

  private static func entry(_ random: inout SeededGenerator) -> ResourceTableBuilder.Entry {
    func word() -> UInt32 { .random(in: 0...(.max - 1), using: &random) }
    func da() -> DeviceAddress? {
      Bool.random(using: &random) ? nil : DeviceAddress(rawValue: UInt64(word()))
    }
    func pa() -> PhysicalAddress { PhysicalAddress(rawValue: UInt64(word()) + 1) }
    func name() -> WireName {
      var name = WireName()
      for index in 0..<Int.random(in: 0...32, using: &random) {
        name.storage[index] = .random(in: 1...255, using: &random)
      }
      return name
    }
    func memory() -> MemoryResource {
      MemoryResource(da: da(), pa: pa(), byteCount: word(), flags: word(), name: name())
    }
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return .carveout(memory())
    case 1: return .devmem(memory())
    case 2: return .trace(TraceResource(da: da(), byteCount: word(), name: name()))
    case 3:
      let rings = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        VringResource(
          da: da(), alignment: word(), count: word(), notifyID: NotifyID(rawValue: word()),
          pa: pa())
      }
      let config = (0..<Int.random(in: 0...9, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      var vdev = VdevResource(
        deviceID: word(), notifyID: NotifyID(rawValue: word()), deviceFeatures: word(),
        vringCount: UInt8(rings.count), configByteCount: UInt32(config.count))
      vdev.driverFeatures = word()
      vdev.status = .random(in: 0...255, using: &random)
      return .vdev(vdev, vrings: rings, config: config)
    default: return .raw(type: .random(in: 4...(.max), using: &random), body: [])
    }
  }

  @Test("What was built is what is read, version 0", arguments: 0..<500 as Range<UInt64>)
  func roundTripRecords(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let made = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
      var record = ResourceRecord(
        type: .random(in: 0...7, using: &random), id: .random(in: 0...(.max), using: &random),
        da: .random(in: 0...(.max), using: &random), pa: .random(in: 0...(.max), using: &random),
        count: .random(in: 0...(.max), using: &random),
        flags: .random(in: 0...(.max), using: &random))
      for index in 0..<Int.random(in: 0...48, using: &random) {
        record.name.storage[index] = .random(in: 1...255, using: &random)
      }
      return record
    }
    let table = ResourceTableBuilder.build(records: made)
    let reader = try ResourceTableReader(parsing: table, version: .v0)
    #expect(reader.entryCount == made.count, "seed \(seed)")
    for (index, record) in made.enumerated() {
      let read = try ResourceRecord(decoding: table.span.bytes, at: 96 * index)
      #expect(read == record, "seed \(seed)")
      #expect(try reader.entry(at: index).resource == record.resource, "seed \(seed)")
    }
  }

  @Test("A record is neither read nor written outside the bytes given")
  func recordBounds() {
    var bytes = [UInt8](repeating: 0, count: 95)
    let expected = ResourceTableError.truncated(offset: 0, needed: 96, available: 95)
    #expect(throws: expected) { try ResourceRecord(decoding: bytes.span.bytes, at: 0) }
    #expect(throws: expected) {
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      try ResourceRecord(type: 1).encode(into: &raw, at: 0)
    }
  }

  @Test("A table cut at any byte is read or refused")
  func everyTruncation() throws {
    for (good, version) in [(try Self.typed(), .v1), (Self.records, .v0)]
      as [([UInt8], ResourceTableVersion)]
    {
      let all = readEverything(good, version: version)
      #expect(all > 8)
      for count in 0..<good.count {
        let cut = Array(good.prefix(count))
        #expect(readEverything(cut, version: version) < all)
        readEverything(cut, version: nil)
      }
    }
  }

  @Test("20,000 random changes never trap")
  func mutations() throws {
    let samples = [try Self.typed(), Self.records]
    var read = 0
    for seed in 0..<20_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var bytes = samples[Int(seed % 2)]
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let end = Bool.random(using: &random) ? 32 : bytes.count
        let offset = Int.random(in: 0..<end, using: &random)
        bytes[offset] =
          [0, 1, 0x7f, 0x80, 0xff, .random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      if readEverything(bytes, version: nil) > 1 { read += 1 }
      readEverything(bytes, version: .v0)
      readEverything(bytes, version: .v1)
    }
    #expect(read > 5_000)
  }

  @Test("Random bytes never trap", arguments: 0..<2_000 as Range<UInt64>)
  func noise(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    for version in [nil, .v0, .v1] as [ResourceTableVersion?] {
      readEverything(bytes, version: version)
    }
  }
}
