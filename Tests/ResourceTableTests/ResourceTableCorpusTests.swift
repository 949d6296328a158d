import ResourceTable
import TestSupport
import Testing
import WireTypes

@Suite("Corpus of the resource table fuzzer")
struct ResourceTableCorpusTests {
  private static let corpus = FuzzCorpus(target: "FuzzResourceTable")

  private static func typed() throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    builder.add(
      .carveout(
        MemoryResource(
          da: DeviceAddress(rawValue: 0x8000_0000), byteCount: 0x1000, name: FixedName("fw"))))
    builder.add(
      .devmem(
        MemoryResource(
          da: DeviceAddress(rawValue: 0x4000_0000), byteCount: 16, name: FixedName("uart"))))
    builder.add(
      .trace(
        TraceResource(
          da: DeviceAddress(rawValue: 0x8000_0800), byteCount: 64, name: FixedName("log"))))
    let ring = VringResource(da: nil, alignment: 16, count: 8)
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, deviceFeatures: 1), vrings: [ring, ring], config: [1, 2, 3, 4]))
    builder.add(.raw(type: 128, body: [4, 0, 0, 0]))
    builder.add(.raw(type: 99, body: []))
    return try builder.build()
  }

  private static let records = ResourceTableBuilder.build(records: [
    ResourceRecord(type: 0, da: 0x1_0000_0000, count: 0x1000, name: FixedName("memory")),
    ResourceRecord(type: 1, da: 0x4000_0000, pa: 0x4a00_0000, count: 0x1000),
    ResourceRecord(type: 2, da: 0x1_0000_0000, count: 64), ResourceRecord(type: 4, flags: 7),
    ResourceRecord(type: 3, count: 256), ResourceRecord(type: 5), ResourceRecord(type: 6),
  ])

  /// The inputs that start the fuzzer, by file name; the first byte says the version to read.
  private static func seeds() throws -> [(String, [UInt8])] {
    [
      ("v1", [1] + (try typed())), ("v0", [0] + records), ("told-v1", [2] + (try typed())),
      ("told-v0", [2] + records), ("header", [1, 1] + [UInt8](repeating: 0, count: 15)),
    ]
  }

  @Test("The committed seeds are what the generator makes")
  func current() throws {
    for (name, bytes) in try Self.seeds() {
      #expect(try Self.corpus.isCurrent(name, bytes), "\(name)")
    }
  }

  @Test("Every input of the corpus is read to the end")
  func replay() throws {
    let inputs = try Self.corpus.inputs()
    #expect(inputs.count >= (try Self.seeds().count))
    for input in inputs {
      for version in [nil, .v0, .v1] as [ResourceTableVersion?] {
        readEverything(Array(input.bytes.dropFirst()), version: version)
      }
    }
  }
}
