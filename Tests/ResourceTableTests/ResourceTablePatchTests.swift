import ResourceTable
import Testing
import WireTypes

@Suite("Writing back into a resource table")
struct ResourceTablePatchTests {
  private func patch(
    _ table: inout [UInt8], _ field: ResourceTableField, _ value: UInt64
  ) throws(ResourceTableError) {
    var span = table.mutableSpan
    var raw = span.mutableBytes
    try field.write(value, into: &raw)
  }

  private func sample() throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    builder.add(.raw(type: 99, body: [1]))
    builder.add(.carveout(MemoryResource(da: nil, byteCount: 100, name: FixedName("fw"))))
    let ring = VringResource(da: nil, alignment: 16, count: 8)
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, deviceFeatures: 1), vrings: [ring, ring], config: [1, 2, 3, 4]))
    return try builder.build()
  }

  @Test("Each field that the host writes is read back, and nothing else changes")
  func fields() throws {
    var table = try sample()
    let before = try ResourceTableReader(parsing: table)
    let carveout = try before.entry(at: 1)
    let memory = MemoryFields(of: carveout, version: .v1)
    try patch(&table, memory.da, 0x6000_0000)
    try patch(&table, memory.pa, 0x0800_0000)
    try patch(&table, memory.byteCount, 4096)
    let entry = try before.entry(at: 2)
    guard case .vdev(let vdev) = entry.resource else {
      Issue.record("no vdev")
      return
    }
    let fields = VdevFields(of: entry, vdev: vdev)
    try patch(&table, fields.driverFeatures, 0x3000_0001)
    try patch(&table, fields.status, 7)
    try patch(&table, fields.vring(at: 1).da, 0x6000_2000)
    try patch(&table, fields.vring(at: 1).notifyID, 1)

    let after = try ResourceTableReader(parsing: table)
    #expect(
      try after.entry(at: 1).resource
        == .carveout(
          MemoryResource(
            da: DeviceAddress(rawValue: 0x6000_0000), pa: PhysicalAddress(rawValue: 0x0800_0000),
            byteCount: 4096, name: FixedName("fw"))))
    var expected = vdev
    expected.driverFeatures = 0x3000_0001
    expected.status = 7
    #expect(try after.entry(at: 2).resource == .vdev(expected))
    #expect(try after.vring(at: 0, of: entry) == (try before.vring(at: 0, of: entry)))
    #expect(
      try after.vring(at: 1, of: entry)
        == VringResource(
          da: DeviceAddress(rawValue: 0x6000_2000), alignment: 16, count: 8,
          notifyID: NotifyID(rawValue: 1)))
    #expect(fields.configOffset == table.count - 4)
    #expect(try after.payload(of: entry) == (try before.payload(of: entry)))
    #expect(try after.entry(at: 0) == (try before.entry(at: 0)))
    #expect(after.layout == before.layout)
  }

  @Test("Fields of version 0 are wider")
  func records() throws {
    var table = ResourceTableBuilder.build(records: [
      ResourceRecord(type: 0, count: 1), ResourceRecord(type: 0, da: 1, count: 2),
    ])
    let entry = try ResourceTableReader(parsing: table).entry(at: 1)
    let fields = MemoryFields(of: entry, version: .v0)
    try patch(&table, fields.da, 0x1_0000_0000)
    try patch(&table, fields.pa, .max)
    try patch(&table, fields.byteCount, 0xffff_ffff)
    #expect(
      try ResourceTableReader(parsing: table).entry(at: 1).resource
        == .carveout(
          MemoryResource(
            da: DeviceAddress(rawValue: 0x1_0000_0000), pa: PhysicalAddress(rawValue: .max),
            byteCount: .max, name: WireName())))
  }

  @Test("A value that does not fit is refused, and nothing is written")
  func tooLarge() throws {
    var table = try sample()
    let before = table
    let entry = try ResourceTableReader(parsing: table).entry(at: 2)
    guard case .vdev(let vdev) = entry.resource else {
      Issue.record("no vdev")
      return
    }
    let fields = VdevFields(of: entry, vdev: vdev)
    for (field, value) in [
      (fields.status, 0x100), (fields.status, .max), (fields.driverFeatures, 1 << 32),
      (fields.vring(at: 0).da, .max),
    ] as [(ResourceTableField, UInt64)] {
      #expect(
        throws: ResourceTableError.valueTooLarge(
          offset: field.offset, value: value, fieldByteCount: field.byteCount)
      ) { try patch(&table, field, value) }
    }
    #expect(table == before)
    try patch(&table, fields.status, 0xff)
    try patch(&table, fields.driverFeatures, 0xffff_ffff)
    #expect(table != before)
  }

  @Test("A field outside the bytes given is refused")
  func outside() throws {
    let table = try sample()
    let entry = try ResourceTableReader(parsing: table).entry(at: 1)
    let field = MemoryFields(of: entry, version: .v1).byteCount
    for count in [0, field.offset, field.offset + 3] {
      var short = Array(table.prefix(count))
      let expected = ResourceTableError.truncated(
        offset: field.offset, needed: 4, available: max(0, count - field.offset))
      #expect(throws: expected) { try patch(&short, field, 1) }
      #expect(throws: expected) { try field.value(in: short.span.bytes) }
    }
    #expect(try field.value(in: table.span.bytes) == 100)
  }

  @Test("What does not fit into a table of version 1 is not built")
  func unbuildable() {
    func error(_ entry: ResourceTableBuilder.Entry) -> ResourceTableError? {
      var builder = ResourceTableBuilder()
      builder.add(entry)
      do throws(ResourceTableError) {
        _ = try builder.build()
        return nil
      } catch { return error }
    }
    let high = DeviceAddress(rawValue: 1 << 32)
    let top = DeviceAddress(rawValue: 0xffff_ffff)
    #expect(
      error(.carveout(MemoryResource(da: high, byteCount: 1, name: FixedName("a"))))
        == .valueTooLarge(offset: 24, value: 1 << 32, fieldByteCount: 4))
    // The highest number means any address.
    #expect(
      error(.trace(TraceResource(da: top, byteCount: 1, name: FixedName("a"))))
        == .valueTooLarge(offset: 24, value: 0xffff_ffff, fieldByteCount: 4))
    #expect(
      error(
        .devmem(
          MemoryResource(
            da: nil, pa: PhysicalAddress(rawValue: 1 << 32), byteCount: 1, name: FixedName("a"))))
        == .valueTooLarge(offset: 28, value: 1 << 32, fieldByteCount: 4))
    let vdev = VdevResource(deviceID: 7, deviceFeatures: 1)
    let ring = VringResource(da: nil, alignment: 16, count: 8)
    #expect(
      error(.vdev(vdev, vrings: Array(repeating: ring, count: 256), config: []))
        == .valueTooLarge(offset: 45, value: 256, fieldByteCount: 1))
    #expect(error(.vdev(vdev, vrings: Array(repeating: ring, count: 255), config: [])) == nil)
    var far = ring
    far.pa = PhysicalAddress(rawValue: 1 << 32)
    #expect(
      error(.vdev(vdev, vrings: [far], config: []))
        == .valueTooLarge(offset: 64, value: 1 << 32, fieldByteCount: 4))
    far = ring
    far.da = high
    #expect(
      error(.vdev(vdev, vrings: [ring, far], config: []))
        == .valueTooLarge(offset: 68, value: 1 << 32, fieldByteCount: 4))
  }
}
