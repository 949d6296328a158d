import PlatformNull
import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import Virtio
import WireTypes

// The remote may write into the table at any moment; the host works by its own copy, and says what
// was changed.
@Suite("A table that the remote changes")
struct LiveTableTests {
  private let base = TestPlatform.base
  private static let config: [UInt8] = [1, 2, 3, 4]

  private static var firmware: TestFirmware {
    TestFirmware([
      TestFirmware.trace("log", at: TestPlatform.base + 0x2000, 64),
      TestFirmware.rpmsg(config: config), .raw(type: 200, body: [1, 2, 3, 4]),
    ])
  }

  /// Offset of the device's entry: behind header, four offsets, carveout and trace.
  private static let device = 32 + 56 + 48

  private func boot() throws -> RemoteProcessor<TestPlatform> {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try Self.firmware.build())
    return processor
  }

  @Test(
    "R120 numbers, addresses, counts and header are compared, and what is theirs is used nowhere",
    arguments: [
      0, 4, 16, 32, 36, 52, device, device + 4, device + 12, device + 20, device + 25, device + 28,
      device + 32, device + 36, device + 40, device + 44, device + 48, device + 64,
    ])
  func r120_geometry(offset: Int) throws {
    let processor = try boot()
    let published = processor.table
    let table = try #require(published)
    let rings = processor.devices.first?.device.vrings.map(\.record)
    #expect(table.tampering() == nil)
    let old = table.window.loadUInt8(at: offset)
    table.window.store(~old, at: offset)
    #expect(
      table.tampering() == TableTampering(offset: offset, expected: [old], found: [~old]))
    let after = processor.devices.first?.device.vrings.map(\.record)
    #expect(after == rings)
    #expect(processor.devices.first?.id == .rpmsg)
    #expect(processor.carveouts.first?.byteCount == 0x4000)
    table.window.store(old, at: offset)
    #expect(table.tampering() == nil)
  }

  @Test("R120 a run of changes is told from its first byte, at most 16 of them")
  func r120_longRun() throws {
    let processor = try boot()
    let published = processor.table
    let table = try #require(published)
    for offset in 40..<80 { table.window.store(UInt8(0xee), at: offset) }
    let tampering = try #require(table.tampering())
    #expect(tampering.offset == 40)
    #expect(tampering.found == [UInt8](repeating: 0xee, count: 16))
    #expect(tampering.expected.count == 16)
    #expect(
      "\(TableTampering(offset: 20, expected: [1, 0xff], found: [2, 0]))"
        == "resource table changed at offset 0x14: 0x01ff was published, 0x0200 is there")
  }

  @Test(
    "R121 R122 R123 status, accepted features and config space may change",
    arguments: [8, 16, 24, 68, 71])
  func r121_r122_r123_changeable(offset: Int) throws {
    let processor = try boot()
    let published = processor.table
    let table = try #require(published)
    table.window.store(UInt8(0xff), at: Self.device + offset)
    #expect(table.tampering() == nil)
  }

  @Test("R122 offered features count as they were when the device was made")
  func r122_offeredFeatures() throws {
    let processor = try boot()
    let published = processor.table
    let table = try #require(published)
    let entry = try #require(processor.devices.first?.device.entry)
    table.window.store(UInt32.max, at: Self.device + 12)
    #expect(entry.offeredFeatures == .nameService)
    #expect(throws: VirtioError.featuresNotOffered(.eventIndex)) {
      try entry.acceptFeatures(.eventIndex)
    }
  }

  @Test("R123 a config space that the remote makes longer is as long as it was")
  func r123_configSpace() throws {
    let processor = try boot()
    let published = processor.table
    let table = try #require(published)
    let entry = try #require(processor.devices.first?.device.entry)
    table.window.store(UInt32.max, at: Self.device + 20)
    table.window.store(UInt8(255), at: Self.device + 25)
    #expect(entry.configByteCount == 4)
    #expect(entry.configByte(at: 3) == 4)
    #expect(entry.configByte(at: 4) == nil)
    #expect(entry.vringCount == 2)
  }

  @Test("A body of a vendor's entry is the vendor's; its type is not")
  func vendor() throws {
    let processor = try boot()
    let published = processor.table
    let table = try #require(published)
    let entry = Self.device + 28 + 40 + 4
    table.window.store(UInt32(7), at: entry + 4)
    #expect(table.tampering() == nil)
    table.window.store(UInt32(201), at: entry)
    #expect(table.tampering()?.offset == entry)
  }

  @Test("A table of version 0 stays as it is, whole")
  func records() throws {
    let records = [
      ResourceRecord(type: 0, da: base, count: 0x4000), ResourceRecord(type: 4, da: 1, flags: 7),
      ResourceRecord(type: 3, id: 0, count: 4), ResourceRecord(type: 3, id: 1, count: 4),
    ]
    let image = try TestFirmware().build(table: ResourceTableBuilder.build(records: records))
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(image)
    let published = processor.table
    let table = try #require(published)
    #expect(table.tampering() == nil)
    for offset in [8, 95, 96 + 24, 192 + 8, 383] {
      let old = table.window.loadUInt8(at: offset)
      table.window.store(old ^ 1, at: offset)
      #expect(table.tampering()?.offset == offset)
      table.window.store(old, at: offset)
    }
  }

  @Test("A copy that the remote does not see is not looked at")
  func invisible() throws {
    var firmware = TestFirmware()
    firmware.tableAddress = 0x1234
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try firmware.build())
    let published = processor.table
    let table = try #require(published)
    table.window.store(UInt8(9), at: 0)
    #expect(!table.isVisible)
    #expect(table.tampering() == nil)
  }
}
