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
  private let hasConfiguredSizes: Bool
  private let optionSizes: RPMsgBufferSizes
  private static let driverStatus: VirtioStatus = [.acknowledge, .driver]

  /// Resets `device`, takes it over and agrees on features.
  init(
    _ device: VirtioDevice<SharedWindow>, _ options: RPMsgBusOptions
  ) throws(RPMsgBusError) {
    guard device.id == .rpmsg else { throw .wrongDevice(device.id) }
    self.device = device
    let entry = device.entry
    var supported = Self.supportedFeatures
    // Bit 1 is a size of buffers to one profile only, whose configuration space we know.
    if options.profile == .linux { supported.formUnion(.linuxBufferSize) }
    features = .negotiated(offered: entry.offeredFeatures, supported: supported)
    hasConfiguredSizes = options.profile == .linux && features.contains(.linuxBufferSize)
    optionSizes = options.bufferSizes
    do throws(VirtioError) {
      try entry.setStatus([], from: entry.status)
      try entry.setStatus([.acknowledge], from: [])
      try entry.setStatus(Self.driverStatus, from: [.acknowledge])
      try entry.acceptFeatures(features)
    } catch {
      throw giveUp(.device(error))
    }
  }

  /// How large the buffers are: by the remote's word if it has a say, else by the options.
  func bufferSizes() throws(RPMsgBusError) -> RPMsgBufferSizes {
    guard hasConfiguredSizes else { return optionSizes }
    do throws(RPMsgBusError) { return try ConfiguredBufferSizes(device.entry).sizes() } catch {
      throw giveUp(error)
    }
  }

  /// Makes the ring from the remote to the host, all its buffers lent.
  func makeReceiver(_ sizes: RPMsgBufferSizes) throws(RPMsgBusError) -> RPMsgDriverReceiver<
    SharedWindow
  > {
    do throws(RPMsgError) {
      return try RPMsgDriverReceiver(
        device, sizes: sizes, usesEventIndex: features.contains(.eventIndex))
    } catch {
      throw giveUp(.rings(error))
    }
  }

  /// Makes the ring from the host to the remote.
  func makeTransmitter(_ sizes: RPMsgBufferSizes) throws(RPMsgBusError) -> RPMsgDriverTransmitter<
    SharedWindow
  > {
    do throws(RPMsgError) {
      return try RPMsgDriverTransmitter(
        device, sizes: sizes, usesEventIndex: features.contains(.eventIndex))
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
