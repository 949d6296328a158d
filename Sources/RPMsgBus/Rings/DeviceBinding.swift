import RPMsg
import SharedMemory
import Virtio

/// A device on its way to being driven: status 0, 1, 3, 7, in the order of Linux.
///
/// Source: [LINUX-6.1] virtio, rpmsg.
struct DeviceBinding {
  /// What the bus can do, whatever a device offers.
  ///
  /// Indirect descriptors are the driver's to use, and it never does. Source: [LINUX-6.1] virtio.
  static let supportedFeatures: VirtioFeatures = [
    .nameService, .indirectDescriptors, .eventIndex,
  ]

  let features: VirtioFeatures
  let device: VirtioDevice<SharedWindow>
  private static let driverStatus: VirtioStatus = [.acknowledge, .driver]

  /// Resets `device`, takes it over and agrees on features.
  init(_ device: VirtioDevice<SharedWindow>) throws(RPMsgBusError) {
    guard device.id == .rpmsg else { throw .wrongDevice(device.id) }
    self.device = device
    let entry = device.entry
    features = .negotiated(
      offered: entry.offeredFeatures, supported: Self.supportedFeatures)
    do throws(VirtioError) {
      try entry.setStatus([], from: entry.status)
      try entry.setStatus([.acknowledge], from: [])
      try entry.setStatus(Self.driverStatus, from: [.acknowledge])
      try entry.acceptFeatures(features)
    } catch {
      throw giveUp(.device(error))
    }
  }

  /// Makes the ring from the remote to the host, all its buffers lent.
  func makeReceiver() throws(RPMsgBusError) -> RPMsgDriverReceiver<SharedWindow> {
    do throws(RPMsgError) {
      return try RPMsgDriverReceiver(device, usesEventIndex: features.contains(.eventIndex))
    } catch {
      throw giveUp(.rings(error))
    }
  }

  /// Makes the ring from the host to the remote.
  func makeTransmitter() throws(RPMsgBusError) -> RPMsgDriverTransmitter<SharedWindow> {
    do throws(RPMsgError) {
      return try RPMsgDriverTransmitter(device, usesEventIndex: features.contains(.eventIndex))
    } catch {
      throw giveUp(.rings(error))
    }
  }

  /// Tells the remote that the rings are valid.
  func finish() throws(RPMsgBusError) {
    do throws(VirtioError) {
      try device.entry.setStatus(Self.driverStatus.union(.driverOK), from: Self.driverStatus)
    } catch {
      throw giveUp(.device(error))
    }
  }

  /// Sets the status to "failed".
  private func giveUp(_ error: RPMsgBusError) -> RPMsgBusError {
    let status = device.entry.status
    do throws(VirtioError) {
      try device.entry.setStatus(status.union(.failed), from: status)
      return error
    } catch { return .device(error) }
  }
}
