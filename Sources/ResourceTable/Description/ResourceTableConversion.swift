#if !hasFeature(Embedded)
import WireTypes

extension ResourceTableReader {
  /// The same requests in the other version, or in this one without what is odd in its layout.
  ///
  /// Numbers of records, and names of devices and of rings, which only version 0 has, are for
  /// people: they are left out, and made up in the other direction.
  ///
  /// - Throws: ``ResourceTableError/notExpressible(index:offset:obstacle:)`` for the first entry
  ///   that the other version cannot express, or what ``checkLayout(limit:)`` finds.
  public func converted(
    to version: ResourceTableVersion
  ) throws(ResourceTableError) -> [UInt8] {
    try checkLayout()
    switch (self.version, version) {
    case (.v0, .v1):
      var conversion = RecordConversion()
      for entry in try entries() { try conversion.add(entry, try record(of: entry)) }
      return try conversion.build()
    case (.v1, .v0):
      var conversion = EntryConversion()
      for entry in try entries() { try conversion.add(entry, in: self) }
      return ResourceTableBuilder.build(records: conversion.records)
    case (.v0, .v0), (.v1, .v1):
      var description = try ResourceTableDescription(of: self)
      description.byteCount = nil
      description.patches = []
      if case .items(let items) = description.content {
        description.content = .items(items.map { ResourceTableDescription.Item($0.entry) })
      }
      return try description.build()
    }
  }

  private func record(
    of entry: ResourceTableEntry
  ) throws(ResourceTableError) -> ResourceRecord {
    try withTable { (table) throws(ResourceTableError) in
      try ResourceRecord(decoding: table, at: entry.offset)
    }
  }
}

/// Records of version 0 on their way to version 1.
private struct RecordConversion {
  /// The device and its rings so far; its place is where its record stands.
  private struct Device {
    let index: Int
    let vdev: VdevResource
    var vrings: [VringResource] = []
  }

  private var entries: [ResourceTableBuilder.Entry] = []
  private var device: Device?

  mutating func add(
    _ entry: ResourceTableEntry, _ record: ResourceRecord
  ) throws(ResourceTableError) {
    switch entry.resource {
    case .carveout(let memory):
      try check(record, entry)
      entries.append(.carveout(memory))
    case .devmem(let memory):
      try check(record, entry)
      entries.append(.devmem(memory))
    case .trace(let trace):
      try check(record, entry)
      guard record.pa == 0 else { throw refuse(.noSuchField(value: record.pa), entry, .pa) }
      guard record.flags == 0 else {
        throw refuse(.noSuchField(value: UInt64(record.flags)), entry, .flags)
      }
      entries.append(.trace(trace))
    case .vdevRecord: try addDevice(record, entry)
    case .vringRecord: try addRing(record, entry)
    case .configRecord, .unknown, .vdev, .vendor:
      throw refuse(.entryType(record.type), entry, .type)
    }
  }

  private func refuse(
    _ obstacle: ResourceTableObstacle, _ entry: ResourceTableEntry,
    _ field: ResourceTableEntry.Field
  ) -> ResourceTableError {
    .notExpressible(obstacle, in: entry, field, version: .v0)
  }

  /// Checks addresses and the name of memory or of a trace.
  private func check(
    _ record: ResourceRecord, _ entry: ResourceTableEntry
  ) throws(ResourceTableError) {
    guard record.da < UInt64(UInt32.max) else {
      throw refuse(.addressTooLarge(record.da), entry, .da)
    }
    guard record.pa <= UInt64(UInt32.max) else {
      throw refuse(.addressTooLarge(record.pa), entry, .pa)
    }
    guard record.name.byteCount <= 31 else {
      throw refuse(.nameTooLong(byteCount: record.name.byteCount), entry, .name)
    }
  }

  private mutating func addDevice(
    _ record: ResourceRecord, _ entry: ResourceTableEntry
  ) throws(ResourceTableError) {
    guard device == nil else { throw refuse(.secondDevice, entry, .type) }
    guard let offered = UInt32(exactly: record.da) else {
      throw refuse(.featuresTooLarge(record.da), entry, .deviceFeatures)
    }
    guard let accepted = UInt32(exactly: record.pa) else {
      throw refuse(.featuresTooLarge(record.pa), entry, .driverFeatures)
    }
    guard let status = UInt8(exactly: record.count) else {
      throw refuse(.statusTooLarge(record.count), entry, .status)
    }
    var vdev = VdevResource(deviceID: record.flags, deviceFeatures: offered)
    vdev.driverFeatures = accepted
    vdev.status = status
    device = Device(index: entries.count, vdev: vdev)
  }

  private mutating func addRing(
    _ record: ResourceRecord, _ entry: ResourceTableEntry
  ) throws(ResourceTableError) {
    guard let count = device?.vrings.count, record.id == UInt32(count), count < 2 else {
      throw refuse(.ringNumber(record.id), entry, .id)
    }
    guard record.da < UInt64(UInt32.max) else {
      throw refuse(.addressTooLarge(record.da), entry, .da)
    }
    device?.vrings.append(
      VringResource(
        // Address 0 says that the host may choose.
        da: record.da == 0 ? nil : DeviceAddress(rawValue: record.da),
        alignment: ResourceRecord.vringAlignment, count: record.count,
        notifyID: NotifyID(rawValue: .max)))
  }

  func build() throws(ResourceTableError) -> [UInt8] {
    var entries = entries
    if let device {
      entries.insert(.vdev(device.vdev, vrings: device.vrings, config: []), at: device.index)
    }
    var builder = ResourceTableBuilder()
    for entry in entries { builder.add(entry) }
    return try builder.build()
  }
}

/// Entries of version 1 on their way to version 0.
private struct EntryConversion {
  var records: [ResourceRecord] = []
  private var hasDevice = false

  mutating func add(
    _ entry: ResourceTableEntry, in table: ResourceTableReader
  ) throws(ResourceTableError) {
    switch entry.resource {
    case .carveout(let memory): try add(memory, type: 0, entry)
    case .devmem(let memory): try add(memory, type: 1, entry)
    case .trace(let trace):
      guard let da = trace.da else { throw refuse(.anyAddress, entry, .da) }
      append(
        ResourceRecord(
          type: 2, da: da.rawValue, count: trace.byteCount, name: trace.name.long))
    case .vdev(let vdev): try add(vdev, entry, in: table)
    case .vendor(let vendor): throw refuse(.entryType(vendor.type), entry, .type)
    case .unknown(let type): throw refuse(.entryType(type), entry, .type)
    case .vringRecord, .vdevRecord, .configRecord: break
    }
  }

  private func refuse(
    _ obstacle: ResourceTableObstacle, _ entry: ResourceTableEntry,
    _ field: ResourceTableEntry.Field
  ) -> ResourceTableError {
    .notExpressible(obstacle, in: entry, field, version: .v1)
  }

  private mutating func add(
    _ memory: MemoryResource, type: UInt32, _ entry: ResourceTableEntry
  ) throws(ResourceTableError) {
    guard let da = memory.da else { throw refuse(.anyAddress, entry, .da) }
    append(
      ResourceRecord(
        type: type, da: da.rawValue, pa: memory.pa.rawValue, count: memory.byteCount,
        flags: memory.flags, name: memory.name.long))
  }

  /// Appends `record` with the next number of its kind.
  private mutating func append(_ record: ResourceRecord) {
    var record = record
    record.id = UInt32(records.count { $0.type == record.type })
    records.append(record)
  }

  private mutating func add(
    _ vdev: VdevResource, _ entry: ResourceTableEntry, in table: ResourceTableReader
  ) throws(ResourceTableError) {
    guard !hasDevice else { throw refuse(.secondDevice, entry, .type) }
    hasDevice = true
    guard vdev.deviceID == 7 else {
      throw refuse(.deviceKind(vdev.deviceID), entry, .deviceID)
    }
    guard vdev.vringCount == 2 else {
      throw refuse(.ringCount(Int(vdev.vringCount)), entry, .vringCount)
    }
    guard vdev.configByteCount == 0 else {
      throw refuse(.configSpace(byteCount: vdev.configByteCount), entry, .configByteCount)
    }
    guard [0, .max].contains(vdev.notifyID.rawValue) else {
      throw refuse(.notifyID(vdev.notifyID.rawValue), entry, .notifyID)
    }
    append(
      ResourceRecord(
        type: 4, da: UInt64(vdev.deviceFeatures), pa: UInt64(vdev.driverFeatures),
        count: UInt32(vdev.status), flags: vdev.deviceID))
    for index in 0..<2 {
      let ring = try table.vring(at: index, of: entry)
      try check(ring, at: index, entry)
      append(ResourceRecord(type: 3, da: ring.da?.rawValue ?? 0, count: ring.count))
    }
  }

  private func check(
    _ ring: VringResource, at index: Int, _ entry: ResourceTableEntry
  ) throws(ResourceTableError) {
    func refuse(
      _ obstacle: ResourceTableObstacle, _ field: ResourceTableEntry.VringField
    ) -> ResourceTableError {
      let offset = entry.range(of: field, ofVring: index)?.lowerBound ?? entry.offset
      return .notExpressible(index: entry.index, offset: offset, obstacle: obstacle)
    }
    if ring.da?.rawValue == 0 { throw refuse(.ringAtZero, .da) }
    guard ring.alignment == ResourceRecord.vringAlignment else {
      throw refuse(.ringAlignment(ring.alignment), .alignment)
    }
    guard [0, .max, UInt32(index)].contains(ring.notifyID.rawValue) else {
      throw refuse(.notifyID(ring.notifyID.rawValue), .notifyID)
    }
    guard ring.pa.rawValue == 0 else {
      throw refuse(.noSuchField(value: ring.pa.rawValue), .pa)
    }
  }
}

extension ResourceTableError {
  /// The error for what cannot be expressed at `field` of `entry`.
  fileprivate static func notExpressible(
    _ obstacle: ResourceTableObstacle, in entry: ResourceTableEntry,
    _ field: ResourceTableEntry.Field, version: ResourceTableVersion
  ) -> Self {
    let offset = entry.range(of: field, version: version)?.lowerBound ?? entry.offset
    return .notExpressible(index: entry.index, offset: offset, obstacle: obstacle)
  }
}

extension WireName {
  /// The same name in the field of version 0.
  fileprivate var long: FixedName<48> {
    var long = FixedName<48>()
    for index in 0..<byteCount { long.storage[index] = storage[index] }
    return long
  }
}
#endif
