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
    let alignment = ResourceRecord.vringAlignment
    let size = RingSize.byteCount(count: record.count, alignment: alignment)
    guard record.count.nonzeroBitCount == 1, record.count <= 32_768, size != nil else {
      throw .badQueueSize(device: 0, vring: Int(record.id), count: record.count)
    }
    let ring = VringResource(da: nil, alignment: alignment, count: record.count)
    var device = devices[0]
    try place(ring, at: Int(record.id), in: &device, fields: nil)
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
