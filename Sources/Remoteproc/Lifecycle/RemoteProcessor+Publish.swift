import ResourceTable
import SharedMemory
import Virtio
import Vring
import WireTypes

extension RemoteProcessor where Platform: ~Copyable {
  /// Gets message buffers for each device that has a driver, in a carveout named for them or in
  /// memory of their own; `nil` for a device without.
  mutating func allocateBuffers(
    _ plan: inout ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) -> [MappedMemory<SharedWindow>?] {
    var buffers: [MappedMemory<SharedWindow>?] = []
    for index in plan.devices.indices {
      let device = plan.devices[index]
      let needed = device.bufferByteCount
      guard needed > 0, session.options.driverIDs.contains(device.id) else {
        buffers.append(nil)
        continue
      }
      do throws(RemoteprocError) {
        buffers.append(try buffer(for: device, needed, &session))
      } catch {
        guard !plan.profile.enforces(.messageBuffers) else {
          if !session.faults.lostMemory.contains(device.bufferName) {
            try session.faults.report(error, memory: device.bufferName)
          }
          buffers.append(nil)
          continue
        }
        plan.notices.append(.deviceUseless(index: device.index, error))
        if case .driverFails = device.usability {
        } else {
          plan.devices[index].usability = .driverFails(foundRings: device.rings.count)
        }
        buffers.append(nil)
      }
    }
    return buffers
  }

  private mutating func buffer(
    for device: PlannedDevice, _ needed: UInt64, _ session: inout BootSession
  ) throws(RemoteprocError) -> MappedMemory<SharedWindow> {
    let name = device.bufferName
    if let carveout = session.carveouts.first(where: { $0.name == name }) {
      let isStrict = session.options.profile.enforces(.messageBuffers)
      let available = isStrict ? carveout.byteCount : device.linuxBufferByteCount(in: carveout)
      guard available >= needed else {
        throw .carveoutTooSmall(name, needed: needed, available: available)
      }
      return MappedMemory(memory: carveout.window, start: carveout.da)
    }
    let memory = PlannedMemory(name: name, da: nil, byteCount: needed, purpose: .buffers)
    let grant = try grant(memory, &session)
    return MappedMemory(memory: grant.window, start: grant.da)
  }

  /// Writes the table, with all that the remote is to know, to where the remote looks for it.
  mutating func publish(
    _ source: TableSource, _ plan: inout ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) {
    addRingAddresses(&plan, session)
    let bytes = try source.patched(plan.patches)
    let visible = window(at: source.da, byteCount: UInt64(bytes.count), in: session)
    if visible == nil, plan.profile.enforces(.tableVisible), !plan.devices.isEmpty,
      !session.faults.explains(source.da, byteCount: UInt64(bytes.count))
    {
      try session.faults.report(.tableNotVisible(da: source.da, byteCount: bytes.count))
    }
    let window: SharedWindow
    if let visible {
      window = visible
    } else {
      window = try PublishedTable.privateWindow(byteCount: bytes.count)
    }
    window.write(bytes[...], at: 0)
    session.table = PublishedTable(
      da: source.da, isVisible: visible != nil, window: window,
      settled: SettledTable(bytes, of: source.reader))
  }

  /// Tells the remote where its rings came to lie.
  func addRingAddresses(_ plan: inout ResourcePlan, _ session: BootSession) {
    for device in plan.devices where session.options.driverIDs.contains(device.id) {
      for (ring, fields) in device.foundRings {
        let da = session.carveouts[ring.memory].da.rawValue
        plan.patches.append((fields.da, Self.field(da, fields.da)))
      }
      if let fields = device.failedRing { plan.takeBack(fields) }
    }
  }

  /// Finds the trace buffers in memory.
  func openTraces(_ plan: ResourcePlan, _ session: inout BootSession) throws(RemoteprocError) {
    for (index, trace) in plan.traces.enumerated() {
      let byteCount = UInt64(trace.byteCount)
      // Linux knows no "any" here: all ones is an address like another.
      let da = trace.da ?? DeviceAddress(rawValue: UInt64(UInt32.max))
      let window = window(at: da, byteCount: byteCount, in: session)
      if window == nil || byteCount == 0 {
        guard !plan.profile.enforces(.traceVisible) else {
          if byteCount == 0 || !session.faults.explains(da, byteCount: byteCount) {
            try session.faults.report(
              .badTrace(trace.name, da: trace.da, byteCount: byteCount))
          }
          continue
        }
        session.notices.append(.traceNotAvailable(trace.name, da: trace.da))
      }
      session.traces.append(
        TraceBuffer(
          index: index, name: trace.name.terminated, da: trace.da, byteCount: byteCount,
          window: window))
    }
  }

  /// Describes the virtio devices to their drivers.
  func makeDevices(
    _ plan: ResourcePlan, _ buffers: [MappedMemory<SharedWindow>?],
    _ session: inout BootSession
  ) throws(RemoteprocError) {
    for (device, buffer) in zip(plan.devices, buffers) {
      let entry: VirtioDeviceEntry<SharedWindow>
      do throws(RemoteprocError) {
        entry = try Self.entry(of: device, in: session.table)
        if session.options.driverIDs.contains(device.id) {
          try Self.checkRings(of: device, in: session.carveouts)
        }
      } catch {
        try session.faults.report(error)
        continue
      }
      let vrings = device.rings.map { ring in
        let carveout = session.carveouts[ring.memory]
        return VirtioVring(
          record: VirtioVringRecord(
            address: carveout.da, alignment: ring.resource.alignment,
            queueSize: ring.resource.count, notifyID: ring.notifyID),
          memory: carveout.window)
      }
      session.devices.append(
        Vdev(
          device: VirtioDevice(
            index: device.index, entry: entry, vrings: vrings, buffers: buffer),
          isDriven: session.options.driverIDs.contains(device.id), usability: device.usability))
    }
  }

  /// Checks that Linux would not look outside a ring's memory when the device comes up: it then
  /// reads the used part of the first ring.
  private static func checkRings(
    of device: PlannedDevice, in carveouts: [Carveout]
  ) throws(RemoteprocError) {
    guard device.usability == .uselessRings else { return }
    for (index, ring) in device.rings.prefix(1).enumerated() {
      let carveout = carveouts[ring.memory]
      let pa = carveout.pa ?? PhysicalAddress(rawValue: carveout.da.rawValue)
      let end = RingSize.linuxEnd(
        count: ring.resource.count, alignment: ring.resource.alignment, at: pa)
      guard let end, end <= carveout.byteCount else {
        throw .ringTooLarge(
          device: device.index, vring: index, needed: end ?? UInt64(ring.resource.alignment),
          available: carveout.byteCount)
      }
    }
  }

  private static func entry(
    of device: PlannedDevice, in table: PublishedTable?
  ) throws(RemoteprocError) -> VirtioDeviceEntry<SharedWindow> {
    var window = table?.window
    var offset = device.entry.offset + 4
    if case .vdevRecord = device.entry.resource {
      // Version 0 has no such entry: status and features stay with the host.
      (window, offset) = try device.privateEntry()
    }
    guard let window else { preconditionFailure("a device comes from a table") }
    do throws(VirtioError) { return try VirtioDeviceEntry(memory: window, offset: offset) } catch {
      throw .device(device.index, error)
    }
  }

  /// Brings devices without a driver as far as they come.
  func settleDevices(_ session: BootSession) throws(RemoteprocError) {
    let doorbell = platform.doorbell
    for device in session.devices {
      do throws(VirtioError) { try device.settle { doorbell.kick($0) } } catch {
        throw .device(device.device.index, error)
      }
    }
  }
}
