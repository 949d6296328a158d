package import Remoteproc
import SharedMemory
import Virtio
package import WireTypes

extension BootReport {
  /// Describes a processor that runs; `kicks` is how often each notify id was kicked.
  package init<Platform: PlatformDriver & ~Copyable>(
    running processor: borrowing RemoteProcessor<Platform>, kicks: [NotifyID: UInt64]
  ) {
    self.init()
    bootAddress = processor.bootAddress?.rawValue ?? 0
    table = processor.table?.snapshot() ?? []
    let devices = processor.devices
    let ringAddresses = Set(
      devices.filter { $0.device.entry.isDriverReady }
        .flatMap { $0.device.vrings.map(\.record.address) })
    carveouts = processor.carveouts.map { carveout in
      let isRing = carveout.holdsVring && ringAddresses.contains(carveout.da)
      return Memory(carveout, isRing: isRing)
    }
    traces = processor.traces.map(Trace.init)
    self.devices = devices.map { Device($0.device.entry) }
    self.kicks = kicks.map { ($0.rawValue, $1) }.sorted { $0.0 < $1.0 }
    notices = processor.notices.map { "\($0)" }
    state = "\(processor.state)"
  }

  /// Describes a boot that was refused.
  package init(rejected error: RemoteprocError, bootAddress: DeviceAddress?, state: ProcessorState)
  {
    self.init()
    self.error = error
    errnoName = error.errnoName
    self.bootAddress = bootAddress?.rawValue ?? 0
    self.state = "\(state)"
    stateAfterStop = "\(state)"
  }
}

extension BootReport.Memory {
  fileprivate init(_ carveout: Carveout, isRing: Bool) {
    name = "\(carveout.name)"
    da = carveout.da.rawValue
    pa = carveout.pa?.rawValue
    byteCount = carveout.byteCount
    nonzero = isRing ? nil : Self.nonzeroLines(of: carveout.window)
  }

  /// Each line of 16 bytes that is not all zero; the last one may be shorter.
  private static func nonzeroLines(
    of window: SharedWindow
  ) -> [(offset: Int, bytes: [UInt8])] {
    var lines: [(offset: Int, bytes: [UInt8])] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var next = 0
    while let found = window.nextPopulatedRange(from: next) {
      let start = found.lowerBound
      let count = min(4096, window.byteCount - start, found.count)
      next = start + count
      if count != chunk.count { chunk = [UInt8](repeating: 0, count: count) }
      var span = chunk.mutableSpan
      // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
      var raw = unsafe span.mutableBytes
      window.copyOut(from: start, into: &raw)
      guard chunk.contains(where: { $0 != 0 }) else { continue }
      for line in stride(from: 0, to: count, by: 16) {
        let bytes = chunk[line..<min(line + 16, count)]
        if bytes.contains(where: { $0 != 0 }) { lines.append((start + line, Array(bytes))) }
      }
    }
    return lines
  }
}

extension BootReport.Trace {
  fileprivate init(_ trace: TraceBuffer) {
    name = "trace\(trace.index)"
    label = "\(trace.name)"
    da = trace.da?.rawValue
    byteCount = trace.byteCount
    text = trace.isAvailable ? SafeText.escaped(bytes: trace.contents(), limit: 65_536) : nil
  }
}

extension BootReport.Device {
  fileprivate init(_ entry: VirtioDeviceEntry<SharedWindow>) {
    id = entry.id.rawValue
    status = entry.status.rawValue
    offeredFeatures = entry.offeredFeatures.rawValue
    acceptedFeatures = entry.acceptedFeatures.rawValue
    rings = []
    for index in 0..<entry.vringCount {
      guard case .success(let record) = Result(catching: { try entry.vring(index) }) else {
        continue
      }
      rings.append(
        BootReport.Ring(
          da: record.address.rawValue, count: record.queueSize, alignment: record.alignment,
          notifyID: record.notifyID.rawValue))
    }
  }
}
