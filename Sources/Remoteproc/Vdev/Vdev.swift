public import SharedMemory
public import Virtio
import WireTypes

/// A virtio device of a booted processor.
public struct Vdev: Sendable {
  /// The device as a driver binds to it.
  public let device: VirtioDevice<SharedWindow>
  /// Whether somebody drives devices of this kind.
  public let isDriven: Bool
  /// What the driver of Linux makes of it when nobody here can drive it.
  let usability: PlannedDevice.Usability

  /// Whether a driver is to bind to it: somebody drives this kind, and its rings work.
  public var isForDriver: Bool { isDriven && usability == .usable }

  /// What kind of device it is.
  public var id: VirtioDeviceID { device.id }

  /// A copy of all of the configuration space, as it was at one moment; empty without any.
  ///
  /// - Throws: `VirtioError.configUnstable(offset:byteCount:)` when the remote keeps changing it.
  public func config() throws(VirtioError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: device.entry.configByteCount)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    try device.entry.readConfig(at: 0, into: &raw)
    return bytes
  }
}

extension Vdev {
  /// Features of rings and of the name service that Linux accepts.
  private static var linuxFeatures: VirtioFeatures {
    [.nameService, .indirectDescriptors, .eventIndex]
  }

  /// Brings the device as far as it comes without a driver of ours.
  ///
  /// A device that nobody drives is acknowledged. In the Linux profile one with useless rings gets
  /// the same status, features and kick as there.
  func settle(kick: (NotifyID) -> Void) throws(VirtioError) {
    guard !isForDriver else { return }
    let entry = device.entry
    try entry.setStatus([], from: entry.status)
    try entry.setStatus(.acknowledge, from: [])
    guard isDriven else { return }
    emptyRings()
    try entry.setStatus([.acknowledge, .driver], from: .acknowledge)
    let features = VirtioFeatures.negotiated(
      offered: entry.offeredFeatures, supported: Self.linuxFeatures)
    try entry.acceptFeatures(features)
    if usability == .uselessRings {
      try entry.setStatus([.acknowledge, .driver, .driverOK], from: [.acknowledge, .driver])
      if let ring = device.vrings.first { kick(ring.notifyID) }
    } else {
      try entry.setStatus([.acknowledge, .driver, .failed], from: [.acknowledge, .driver])
    }
  }

  /// Sets to zero what Linux takes for the rings, up to and with the one its driver fails at.
  private func emptyRings() {
    var count = device.vrings.count
    if case .driverFails(let found) = usability { count = min(found + 1, count) }
    for ring in device.vrings.prefix(count) {
      let size = RingSize.byteCount(
        count: ring.record.queueSize, alignment: ring.record.alignment)
      let byteCount = Int(UInt32(truncatingIfNeeded: size ?? 0))
      ring.memory.fill(from: 0, count: min(byteCount, ring.memory.byteCount), with: 0)
    }
  }

  /// Tells the remote that no driver uses the device any more.
  func reset() {
    do throws(VirtioError) {
      try device.entry.setStatus([], from: device.entry.status)
    } catch { preconditionFailure("a device may always be reset") }
  }
}
