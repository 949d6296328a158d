import ResourceTable
import WireTypes

/// Rules about virtio devices that no boot applies.
struct DeviceLints {
  /// The table.
  let table: TableMap

  /// What is odd, device by device.
  var results: [ImageLints.Result] {
    var nextID: UInt32 = 0
    return table.devices.indices.flatMap { device in
      status(device) + kind(device) + sizes(device) + notifyIDs(device, &nextID)
    }
  }

  /// The rings of a device in terms of version 1.
  func rings(of device: Int) -> [VringResource] {
    guard table.version == .v1 else {
      return table.entries.compactMap { entry in
        guard case .vringRecord(let record) = entry.resource else { return nil }
        return VringResource(
          da: nil, alignment: ResourceRecord.vringAlignment, count: record.count,
          notifyID: NotifyID(rawValue: .max))
      }
    }
    guard case .vdev(let vdev) = table.devices[device].resource else { return [] }
    return (0..<Int(vdev.vringCount)).compactMap { index in
      // A device that was read has its rings in the table.
      do throws(ResourceTableError) {
        return try table.reader.vring(at: index, of: table.devices[device])
      } catch { return nil }
    }
  }

  private func number(_ field: ResourceTableEntry.Field, _ device: Int) -> UInt64 {
    guard let range = table.range(of: field, in: table.devices[device]) else { return 0 }
    return table.reader.bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func status(_ device: Int) -> [ImageLints.Result] {
    let status = number(.status, device)
    let features = number(.driverFeatures, device)
    guard status != 0 || features != 0 else { return [] }
    let field: ResourceTableEntry.Field = status != 0 ? .status : .driverFeatures
    return [
      (
        Diagnosis(
          .presetStatus, table: table.range(of: field, in: table.devices[device]),
          "set status and gfeatures to 0"),
        "virtio device \(device): status \(Hex.address(status)) and gfeatures "
          + "\(Hex.address(features)) are preset; until the host writes them firmware takes them "
          + "for the host's"
      )
    ]
  }

  private func kind(_ device: Int) -> [ImageLints.Result] {
    let id = number(.deviceID, device)
    guard id == 7 else {
      return [
        (
          Diagnosis(
            .noDriver, table: table.range(of: .deviceID, in: table.devices[device]),
            "set id to 7 for rpmsg, or bring a driver for this kind"),
          "virtio device \(device) is of kind \(id): only rpmsg (7) has a driver here, others are "
            + "acknowledged and wait"
        )
      ]
    }
    let features = number(.deviceFeatures, device)
    guard features & 1 == 0 else { return [] }
    return [
      (
        Diagnosis(
          .noNameService,
          table: table.range(of: .deviceFeatures, in: table.devices[device]),
          "set bit 0 of dfeatures"),
        "virtio device \(device): dfeatures \(Hex.address(features)) lacks the name service (bit "
          + "0): the host does not learn of channels"
      )
    ]
  }

  private func sizes(_ device: Int) -> [ImageLints.Result] {
    guard number(.deviceID, device) == 7 else { return [] }
    let rings = rings(of: device)
    var results: [ImageLints.Result] = []
    for (index, ring) in rings.enumerated() where ring.count > 256 {
      results.append(
        (
          Diagnosis(
            .ringLargerThanBuffers, table: range(.count, device, index), "set num to 256"),
          "vdev\(device)vring\(index): \(ring.count) descriptors, but rpmsg has at most 256 "
            + "buffers in a direction"
        ))
    }
    if rings.count == 2, rings[0].count != rings[1].count {
      results.append(
        (
          Diagnosis(
            .ringSizesDiffer, table: range(.count, device, 1),
            "give both rings the same num"),
          "virtio device \(device): rings of \(rings[0].count) and \(rings[1].count) descriptors; "
            + "rpmsg shares its buffers evenly"
        ))
    }
    return results
  }

  /// Firmware that counts on ids of its own is kicked by others.
  private func notifyIDs(_ device: Int, _ nextID: inout UInt32) -> [ImageLints.Result] {
    guard table.version == .v1 else { return [] }
    var results: [ImageLints.Result] = []
    for (index, ring) in rings(of: device).enumerated() {
      let given = nextID
      nextID += 1
      guard ![0, .max, given].contains(ring.notifyID.rawValue) else { continue }
      results.append(
        (
          Diagnosis(
            .presetNotifyID, table: range(.notifyID, device, index),
            "set notifyid to 0xffffffff, and read what the host writes"),
          "vdev\(device)vring\(index): notifyid \(ring.notifyID.rawValue) is preset; the host gives "
            + "\(given)"
        ))
    }
    return results
  }

  private func range(
    _ field: ResourceTableEntry.VringField, _ device: Int, _ vring: Int
  ) -> Range<Int>? {
    table.range(of: field, device: device, vring: vring)
  }
}
