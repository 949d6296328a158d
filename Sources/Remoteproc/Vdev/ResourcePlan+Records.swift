import ResourceTable
import Virtio
import WireTypes

// Virtio devices of version 0: one record for the device, one for each of its two rings.
// Source: practice (the remoteproc patches of 2011).
extension ResourcePlan {
  /// Takes up a device record; only the first of a table counts.
  mutating func addDevice(
    _ record: ResourceRecord, entry: ResourceTableEntry
  ) throws(RemoteprocError) {
    guard devices.isEmpty else {
      return notices.append(.unknownEntry(type: record.type, offset: entry.offset))
    }
    guard record.id == 0, record.flags == VirtioDeviceID.rpmsg.rawValue else {
      throw .unsupportedDevice(offset: entry.offset, id: record.id, deviceID: record.flags)
    }
    devices.append(
      PlannedDevice(
        index: try takeDeviceIndex(), id: .rpmsg,
        offeredFeatures: UInt32(truncatingIfNeeded: record.da), entry: entry))
  }

  /// Takes up a ring record of the device before it.
  mutating func addRing(
    _ record: ResourceRecord, entry: ResourceTableEntry
  ) throws(RemoteprocError) {
    guard !devices.isEmpty, record.id < 2, Int(record.id) == devices[0].rings.count else {
      throw .badVringRecord(offset: entry.offset, id: record.id)
    }
    // Linux of 2011 put rings anywhere and told nobody where. Firmware that has a place in mind
    // gets it here, and is told.
    let isShared = profile.enforces(.fixedAddress)
    let da = isShared && record.da != 0 ? DeviceAddress(rawValue: record.da) : nil
    let ring = VringResource(
      da: da, alignment: ResourceRecord.vringAlignment, count: record.count)
    if let error = layoutError(ring, 0, Int(record.id)) { throw error }
    var device = devices[0]
    let fields = isShared ? VringFields(record: entry) : nil
    try place(ring, at: Int(record.id), in: &device, fields: fields)
    devices[0] = device
  }

  /// Checks that a device of version 0 has both its rings.
  func checkRecords(
    of version: ResourceTableVersion, _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    // A record that was refused is why a ring is missing.
    guard version == .v0, !hasBadRecords else { return }
    for device in devices where device.rings.count != 2 {
      try faults.report(
        .table(
          .unsupportedVringCount(
            offset: device.entry.offset, count: device.rings.count, allowed: 2...2)))
    }
  }
}
