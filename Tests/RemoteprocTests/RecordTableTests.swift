import PlatformNull
import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import Virtio
import WireTypes

@Suite("Firmware with a table of version 0")
struct RecordTableTests {
  private let base = TestPlatform.base

  private func image(_ records: [ResourceRecord]) throws -> ELFFirmware {
    var table = [UInt8](repeating: 0, count: 96 * records.count)
    var span = table.mutableSpan
    var raw = span.mutableBytes
    for (index, record) in records.enumerated() { try record.encode(into: &raw, at: 96 * index) }
    return try TestFirmware().build(table: table)
  }

  private func name(_ text: StaticString) -> FixedName<48> { FixedName<48>(text) }

  private var carveout: ResourceRecord {
    ResourceRecord(type: 0, da: base, count: 0x4000, name: name("text"))
  }
  private var device: ResourceRecord { ResourceRecord(type: 4, da: 1, flags: 7) }

  private func ring(_ id: UInt32, _ count: UInt32 = 256) -> ResourceRecord {
    ResourceRecord(type: 3, id: id, count: count)
  }

  @Test("Carveout, trace, device and rings are set up; status stays with the host")
  func boot() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let trace = ResourceRecord(type: 2, da: base + 0x2000, count: 0x100, name: name("trace0"))
    try processor.boot(try image([carveout, trace, device, ring(0), ring(1)]))
    let devices = processor.devices
    let vdev = try #require(devices.first)
    let published = processor.table
    let table = try #require(published)
    #expect(vdev.isForDriver)
    #expect(vdev.device.entry.offeredFeatures == .nameService)
    #expect(vdev.device.vrings.map(\.memory.byteCount) == [0x3000, 0x3000])
    let before = table.snapshot()
    try vdev.device.entry.setStatus(.acknowledge, from: [])
    try vdev.device.entry.acceptFeatures(.nameService)
    let after = table.snapshot()
    #expect(before == after)
    let written = try ResourceTableReader(parsing: after, version: .v0).entry(at: 0)
    guard case .carveout(let memory) = written.resource else {
      Issue.record("\(written)")
      return
    }
    #expect(memory.pa.rawValue == 0x10_0000)
    let text = processor.traces[0].contents()
    #expect(text.isEmpty)
    try processor.shutdown()
    expectClean(processor)
  }

  @Test("Rings lie where the firmware has a place for them, and it is told where the others do")
  func ringPlaces() throws {
    var first = ring(0, 64)
    first.da = base + 0x8000
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(try image([carveout, device, first, ring(1, 64)]))
    let addresses = processor.devices.flatMap { $0.device.vrings.map(\.record.address.rawValue) }
    #expect(addresses[0] == base + 0x8000)
    let bytes = processor.table.map { $0.snapshot() } ?? []
    let reader = try ResourceTableReader(parsing: bytes, version: .v0)
    for (index, address) in addresses.enumerated() {
      guard case .vringRecord(let record) = try reader.entry(at: 2 + index).resource else {
        Issue.record("no ring \(index)")
        continue
      }
      #expect(record.da == address)
      #expect(record.id == UInt32(index))
    }
  }

  @Test("A ring whose place is taken or is not aligned is refused")
  func badRingPlaces() throws {
    var first = ring(0, 64)
    first.da = base + 8
    try expectRefused(
      try image([carveout, device, first, ring(1)]),
      .badAlignment(
        device: 0, vring: 0, alignment: 4096, da: DeviceAddress(rawValue: base + 8)))
    first.da = base
    try expectRefused(
      try image([carveout, device, first, ring(1)]),
      .overlap(
        .memory(WireName("text" as StaticString)),
        .memory(WireName("vdev0vring0" as StaticString)), address: DeviceAddress(rawValue: base)))
  }

  @Test("In the Linux profile rings lie anywhere and nobody is told, as in 2011")
  func ringPlacesInLinux() throws {
    var first = ring(0, 64)
    first.da = base + 0x8000
    var processor = RemoteProcessor(platform: try TestPlatform(placement: .buddy))
    let options = BootOptions(profile: .linux, tableVersion: .v0)
    let source = try image([carveout, device, first, ring(1, 64)])
    try processor.boot(source, options: options)
    let address = processor.devices.first?.device.vrings.first?.record.address
    #expect(address == DeviceAddress(rawValue: base + 0x4000))
    let bytes = processor.table.map { $0.snapshot() } ?? []
    let entry = try ResourceTableReader(parsing: bytes, version: .v0).entry(at: 2)
    guard case .vringRecord(let record) = entry.resource else {
      Issue.record("\(entry)")
      return
    }
    #expect(record.da == base + 0x8000)
  }

  @Test("A ring before its device, of a bad number, twice, or of no size is refused")
  func badRings() throws {
    try expectRefused(
      try image([carveout, ring(0), device, ring(1)]), .badVringRecord(offset: 96, id: 0))
    try expectRefused(
      try image([carveout, device, ring(2)]), .badVringRecord(offset: 192, id: 2))
    try expectRefused(
      try image([carveout, device, ring(0), ring(0)]), .badVringRecord(offset: 288, id: 0))
    try expectRefused(
      try image([carveout, device, ring(0, 0), ring(1)]),
      .badQueueSize(device: 0, vring: 0, count: 0))
    try expectRefused(
      try image([carveout, device, ring(0)]),
      .table(.unsupportedVringCount(offset: 96, count: 1, allowed: 2...2)))
  }

  @Test("Only a device 0 of kind 7 is known")
  func badDevice() throws {
    var other = device
    other.flags = 8
    try expectRefused(
      try image([carveout, other]), .unsupportedDevice(offset: 96, id: 0, deviceID: 8))
    other = device
    other.id = 1
    try expectRefused(
      try image([carveout, other]), .unsupportedDevice(offset: 96, id: 1, deviceID: 7))
  }

  @Test("A trace must lie in memory, and device memory needs an IOMMU")
  func badPlaces() throws {
    let trace = ResourceRecord(type: 2, da: 0x10, count: 16, name: name("t"))
    try expectRefused(
      try image([carveout, trace]),
      .badTrace(
        WireName("t" as StaticString), da: DeviceAddress(rawValue: 0x10), byteCount: 16))
    let devmem = ResourceRecord(type: 1, da: 0x10, count: 16)
    try expectRefused(try image([carveout, devmem]), .devmemWithoutIOMMU(offset: 96))
  }
}
