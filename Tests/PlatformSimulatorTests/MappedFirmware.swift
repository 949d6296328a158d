import Remoteproc
import ResourceTable
import TestSupport
import WireTypes

/// Firmware of a few instructions with a resource table, for boards with an IOMMU.
struct MappedFirmware {
  /// Where the code is; `a0` holds the doorbell when it begins.
  static let code: UInt64 = 0x2000_0000
  static let doorbell: UInt32 = 0x1000_0000

  var words: [UInt32] = [Self.doorbell | 10 << 7 | 0x37]
  var entries: [ResourceTableBuilder.Entry] = []
  /// What the firmware says of the carveout with its code.
  var codeFlags: UInt32 = 0
  var codeByteCount: UInt32 = 0x2000

  static func carveout(
    _ name: String, at da: UInt64?, _ byteCount: UInt32, flags: UInt32 = 0
  ) -> ResourceTableBuilder.Entry {
    .carveout(
      MemoryResource(
        da: da.map { DeviceAddress(rawValue: $0) }, byteCount: byteCount, flags: flags,
        name: WireName(name)))
  }

  static func devmem(
    at da: UInt64, pa: UInt64, _ byteCount: UInt32, flags: UInt32 = 3
  ) -> ResourceTableBuilder.Entry {
    .devmem(
      MemoryResource(
        da: DeviceAddress(rawValue: da), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount,
        flags: flags, name: WireName("regs")))
  }

  /// Sets `rd` to `value`: two instructions.
  mutating func li(_ rd: UInt32, _ value: UInt32) {
    let low = Int32(bitPattern: value << 20) >> 20
    words.append((value &- UInt32(bitPattern: low)) & ~0xfff | rd << 7 | 0x37)
    words.append(UInt32(bitPattern: low) << 20 | rd << 15 | rd << 7 | 0x13)
  }

  mutating func lw(_ rd: UInt32, _ rs1: UInt32) { words.append(rs1 << 15 | 2 << 12 | rd << 7 | 3) }

  mutating func sw(_ rs2: UInt32, _ offset: UInt32, _ rs1: UInt32) {
    words.append(
      (offset >> 5) << 25 | rs2 << 20 | rs1 << 15 | 2 << 12 | (offset & 0x1f) << 7 | 0x23)
  }

  /// Jumps to the address in `rs1`.
  mutating func jump(_ rs1: UInt32) { words.append(rs1 << 15 | 0x67) }

  /// Ends with the code in `rs`.
  mutating func exit(_ rs: UInt32 = 0) { sw(rs, 0x18, 10) }

  func build() throws -> ELFFirmware {
    var builder = ResourceTableBuilder()
    builder.add(Self.carveout("fw", at: Self.code, codeByteCount, flags: codeFlags))
    for entry in entries { builder.add(entry) }
    var image = ELFImage()
    image.entry = Self.code
    var bytes: [UInt8] = []
    for word in words { withUnsafeBytes(of: word.littleEndian) { bytes += $0 } }
    image.segments = [ELFImage.Segment(address: Self.code, bytes: bytes)]
    image.sections = [
      ELFImage.Section(
        name: ".resource_table", address: Self.code + 0x1000, bytes: try builder.build())
    ]
    return try ELFFirmware(parsing: image.build())
  }
}
