import ResourceTable
public import Virtio

// What an image's resource table says, before anything is booted.
extension FirmwareFormat {
  /// The kinds of virtio devices that the firmware will offer, in the order of its table.
  ///
  /// In a table of version 0 only the first device counts.
  ///
  /// - Throws: ``RemoteprocError/table(_:)``, ``RemoteprocError/noResourceTable`` or
  ///   ``RemoteprocError/image(_:)``.
  public func virtioDevices(
    _ options: BootOptions = BootOptions()
  ) throws(RemoteprocError) -> [VirtioDeviceID] {
    guard let table = try resourceTable(options.profile) else {
      guard options.tableIsOptional else { throw .noResourceTable }
      return []
    }
    let isStrict = options.profile.enforces(.tableLayout)
    let source = try TableSource(table, version: options.tableVersion ?? (isStrict ? nil : .v1))
    var devices: [VirtioDeviceID] = []
    for index in 0..<min(source.reader.entryCount, ResourcePolicy.standard.maximumEntryCount) {
      switch try source.entry(at: index).resource {
      case .vdev(let device): devices.append(VirtioDeviceID(rawValue: device.deviceID))
      case .vdevRecord(let record) where devices.isEmpty:
        devices.append(VirtioDeviceID(rawValue: record.flags))
      default: break
      }
    }
    return devices
  }
}
