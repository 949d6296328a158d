import ResourceTable
import Virtio
import Vring
import WireTypes

extension ResourcePlan {
  /// Takes up a virtio device of version 1.
  ///
  /// Where Linux goes on without the device, so does the Linux profile.
  mutating func addDevice(
    _ resource: VdevResource, entry: ResourceTableEntry, of table: ResourceTableReader,
    _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    do throws(RemoteprocError) { try checkVringCount(0...2, of: entry) } catch {
      // The devices after it keep their numbers.
      nextDevice += 1
      throw error
    }
    var device = PlannedDevice(
      index: try takeDeviceIndex(), id: VirtioDeviceID(rawValue: resource.deviceID),
      offeredFeatures: resource.deviceFeatures, entry: entry)
    let rings = try vrings(of: entry, count: Int(resource.vringCount), in: table, &faults)
    guard let rings else { return }
    if let error = numbersError(of: rings, device: device.index) {
      return notices.append(.deviceDropped(index: device.index, error))
    }
    let fields = VdevFields(of: entry, vdev: resource)
    for (index, ring) in rings.enumerated() {
      do throws(RemoteprocError) {
        try place(ring, at: index, in: &device, fields: fields.vring(at: index))
      } catch {
        guard profile.enforces(.ringCarveout) else { return drop(device, because: error) }
        try faults.report(error)
      }
    }
    // Linux follows a null pointer when it frees the rings of a device with fewer.
    try checkVringCount(2...2, of: entry)
    // In a check a ring may be missing for a fault that was noted.
    guard device.rings.count == rings.count else { return }
    judge(&device)
    devices.append(device)
  }

  private func checkVringCount(
    _ allowed: ClosedRange<Int>, of entry: ResourceTableEntry
  ) throws(RemoteprocError) {
    do throws(ResourceTableError) { try entry.checkVringCount(allowed) } catch {
      throw .table(error)
    }
  }

  /// The rings of a device, with the numbers that the default profile accepts; `nil` in a check
  /// that found others.
  private func vrings(
    of entry: ResourceTableEntry, count: Int, in table: ResourceTableReader,
    _ faults: inout FaultLog
  ) throws(RemoteprocError) -> [VringResource]? {
    var rings: [VringResource] = []
    var isSound = true
    for index in 0..<count {
      do throws(ResourceTableError) {
        rings.append(try table.vring(at: index, of: entry))
      } catch { throw .table(error) }
      let device = nextDevice - 1
      if profile.enforces(.ringSize), let error = layoutError(rings[index], device, index) {
        try faults.report(error)
        isSound = false
      }
    }
    return isSound ? rings : nil
  }

  /// Why a ring cannot be used, or `nil`.
  func layoutError(
    _ ring: VringResource, _ device: Int, _ index: Int
  ) -> RemoteprocError? {
    let badAlignment = RemoteprocError.badAlignment(
      device: device, vring: index, alignment: ring.alignment, da: ring.da)
    do throws(VringError) {
      _ = try VringLayout(queueSize: ring.count, alignment: ring.alignment)
    } catch {
      if case .invalidAlignment = error { return badAlignment }
      return .badQueueSize(device: device, vring: index, count: ring.count)
    }
    let base = UInt64(VringLayout.baseAlignment)
    return (ring.da?.rawValue ?? 0) % base == 0 ? nil : badAlignment
  }

  /// The first ring without descriptors or alignment, for which Linux drops the device.
  private func numbersError(of rings: [VringResource], device: Int) -> RemoteprocError? {
    for (index, ring) in rings.enumerated() {
      if ring.count == 0 { return .badQueueSize(device: device, vring: index, count: 0) }
      if ring.alignment == 0 {
        return .badAlignment(device: device, vring: index, alignment: 0, da: ring.da)
      }
    }
    return nil
  }

  /// Finds or plans the memory of a ring, and gives it the lowest free notify id.
  mutating func place(
    _ ring: VringResource, at index: Int, in device: inout PlannedDevice, fields: VringFields?
  ) throws(RemoteprocError) {
    let name = PlannedDevice.ringName(device.index, index)
    let size = RingSize.byteCount(count: ring.count, alignment: ring.alignment) ?? 0
    let byteCount = RingSize.allocatedByteCount(size)
    let memoryIndex: Int
    if let found = memory.index(of: name) {
      try memory[found].check(fits: byteCount, at: ring.da, width: profile.addressWidth)
      memory[found].holdsVring = true
      memoryIndex = found
    } else {
      memoryIndex = memory.items.count
      let isPower = ring.alignment.nonzeroBitCount == 1
      memory.append(
        PlannedMemory(
          name: name, da: ring.da, byteCount: isExact(ring) ? size : byteCount,
          alignment: max(isPower ? UInt64(ring.alignment) : 0, DeviceMemoryPool.pageByteCount),
          purpose: .vring, holdsVring: true))
    }
    let id = notifyIDs.take()
    if let fields { patches.append((fields.notifyID, UInt64(id.rawValue))) }
    device.rings.append(
      PlannedRing(resource: ring, memory: memoryIndex, notifyID: id, fields: fields))
  }

  /// Whether a ring gets its own bytes and not whole pages: at its address, as microcontroller
  /// layouts put the second ring, or the buffers, right behind the first.
  private func isExact(_ ring: VringResource) -> Bool {
    ring.da != nil && profile.enforces(.fixedAddress)
  }

  /// Leaves out a device after some of its rings were placed; their memory stays, as on Linux.
  private mutating func drop(_ device: PlannedDevice, because error: RemoteprocError) {
    for ring in device.rings {
      notifyIDs.release(ring.notifyID)
      if let fields = ring.fields { takeBack(fields) }
    }
    notices.append(.deviceDropped(index: device.index, error))
  }

  /// Tells the remote that a ring is no longer there.
  mutating func takeBack(_ ring: VringFields) {
    patches.append((ring.da, 0))
    patches.append((ring.notifyID, UInt64(UInt32.max)))
  }

  /// Finds out whether a driver can use the rings; in the default profile it can.
  private mutating func judge(_ device: inout PlannedDevice) {
    for (index, ring) in device.rings.enumerated() {
      let size = RingSize.byteCount(count: ring.resource.count, alignment: ring.resource.alignment)
      let needed = size ?? .max
      if ring.resource.count > RingSize.maximumLinuxCount {
        let error = RemoteprocError.ringTooLarge(
          device: device.index, vring: index, needed: needed,
          available: memory[ring.memory].byteCount)
        device.usability = .driverFails(foundRings: index)
        return notices.append(.deviceUseless(index: device.index, error))
      }
      guard device.usability == .usable,
        let error = layoutError(ring.resource, device.index, index)
      else { continue }
      device.usability = .uselessRings
      notices.append(.deviceUseless(index: device.index, error))
    }
  }
}
