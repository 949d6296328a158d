import Remoteproc
import SharedMemory
import Virtio
import WireTypes

/// Tells of the resources that a boot granted.
enum ResourceEvents {
  /// Adds an event for each resource, in the order of allocation.
  static func log(
    carveouts: [Carveout], traces: [TraceBuffer], devices: [Vdev], to log: EventLog
  ) {
    for carveout in carveouts
    where !carveout.holdsVring && [.carveout, .image].contains(carveout.purpose) {
      log.add(
        .resource(
          ResourceEvent(
            .carveout, name: carveout.name.description, da: carveout.da.rawValue,
            pa: carveout.pa?.rawValue, byteCount: carveout.byteCount)))
    }
    for trace in traces {
      log.add(
        .resource(
          ResourceEvent(
            .trace, name: trace.name.description, da: trace.da?.rawValue,
            byteCount: trace.byteCount)))
    }
    for vdev in devices { add(vdev, carveouts, to: log) }
  }

  private static func add(_ vdev: Vdev, _ carveouts: [Carveout], to log: EventLog) {
    log.add(
      .resource(
        ResourceEvent(
          .vdev, name: DeviceNames.name(ofVirtioDevice: vdev.id.rawValue),
          details: [
            JSONValue.Field("id", .integer(Int64(vdev.id.rawValue))),
            JSONValue.Field("vrings", .count(vdev.device.vrings.count)),
            JSONValue.Field(
              "buffers", .count(vdev.device.vrings.reduce(0) { $0 + Int($1.record.queueSize) })),
          ])))
    for (index, vring) in vdev.device.vrings.enumerated() {
      let carveout = carveouts.first { $0.da == vring.record.address && $0.holdsVring }
      log.add(
        .resource(
          ResourceEvent(
            .vring, name: carveout?.name.description ?? "vring\(index)",
            da: vring.record.address.rawValue, pa: carveout?.pa?.rawValue,
            byteCount: UInt64(vring.memory.byteCount),
            details: [
              JSONValue.Field("num", .integer(Int64(vring.record.queueSize))),
              JSONValue.Field("align", .integer(Int64(vring.record.alignment))),
              JSONValue.Field("notifyid", .integer(Int64(vring.record.notifyID.rawValue))),
            ])))
    }
  }
}
