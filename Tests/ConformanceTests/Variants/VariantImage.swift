import ResourceTable
import TestSupport
import WireTypes

/// An image for the rules of Linux: a carveout `fw` with 64 bytes of code at its start and the
/// table 4 KiB behind it, unless a variant changes that.
struct VariantImage: Sendable {
  static let base: UInt64 = 0x6000_0000

  var elf = ELFImage()
  var entries: [ResourceTableBuilder.Entry]
  var tableAddress = base + 0x1000
  /// Changes the table before it goes into the image.
  var spoilTable: @Sendable (inout [UInt8]) -> Void = { _ in }
  /// Changes the finished file.
  var spoilFile: @Sendable (inout [UInt8]) -> Void = { _ in }

  init(_ entries: [ResourceTableBuilder.Entry] = [], is64: Bool = false) {
    self.entries = [Self.carveout("fw", 0x1_0000)] + entries
    elf.is64 = is64
    elf.entry = Self.base
    elf.segments = [Self.code(at: Self.base)]
  }

  /// The image without `fw` and without anything to load.
  static func bare(_ entries: [ResourceTableBuilder.Entry], is64: Bool = false) -> VariantImage {
    var image = VariantImage(is64: is64)
    image.entries = entries
    image.elf.segments = [ELFImage.Segment(address: base, bytes: [])]
    return image
  }

  static func code(at address: UInt64, count: Int = 64) -> ELFImage.Segment {
    ELFImage.Segment(address: address, bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 + 1) })
  }

  static func carveout(
    _ name: String, at da: UInt64? = nil, _ byteCount: UInt32, flags: UInt32 = 0
  ) -> ResourceTableBuilder.Entry {
    .carveout(
      MemoryResource(
        da: da.map(DeviceAddress.init(rawValue:)), byteCount: byteCount, flags: flags,
        name: WireName(name)))
  }

  static func trace(at da: UInt64?, _ byteCount: UInt32) -> ResourceTableBuilder.Entry {
    .trace(
      TraceResource(
        da: da.map(DeviceAddress.init(rawValue:)), byteCount: byteCount,
        name: WireName("log" as StaticString)))
  }

  static func ring(
    _ count: UInt32 = 4, at da: UInt64? = nil, align alignment: UInt32 = 4096, pa: UInt64 = 0
  ) -> VringResource {
    VringResource(
      da: da.map(DeviceAddress.init(rawValue:)), alignment: alignment, count: count,
      notifyID: NotifyID(rawValue: 77), pa: PhysicalAddress(rawValue: pa))
  }

  static func vdev(
    id: UInt32 = 7, features: UInt32 = 1, _ rings: [VringResource] = [ring(), ring()],
    config: [UInt8] = []
  ) -> ResourceTableBuilder.Entry {
    .vdev(
      VdevResource(
        deviceID: id, notifyID: NotifyID(rawValue: 55), deviceFeatures: features),
      vrings: rings, config: config)
  }

  func table() throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    for entry in entries { builder.add(entry) }
    var bytes = try builder.build()
    spoilTable(&bytes)
    return bytes
  }

  func file() throws -> [UInt8] {
    var elf = elf
    if elf.sections.isEmpty {
      elf.sections = [
        ELFImage.Section(name: ".resource_table", address: tableAddress, bytes: try table())
      ]
    }
    var bytes = elf.build()
    spoilFile(&bytes)
    return bytes
  }
}

extension [UInt8] {
  /// The little-endian word at `offset`.
  func word(at offset: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(self[offset + $1]) << (8 * $1) }
  }

  /// Where section header `index` of an ELF32 file lies.
  func section(_ index: Int) -> Int { word(at: 32) + 40 * index }
}
