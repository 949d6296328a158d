import RPMsg
import SharedMemory
import Virtio
import Vring
import WireTypes

/// A device on its way to being served: the other side drives it and has said that it is ready.
struct DeviceServing {
  let device: VirtioDevice<SharedWindow>
  let features: VirtioFeatures
  let payloadCapacity: Int
  let receivedCapacity: Int
  private let reachable: MappedMemory<SharedWindow>

  init(
    _ device: VirtioDevice<SharedWindow>, reachable: MappedMemory<SharedWindow>,
    _ options: RPMsgBusOptions
  ) throws(RPMsgBusError) {
    guard device.id == .rpmsg else { throw .wrongDevice(device.id) }
    let status = device.entry.status
    guard status.contains(.driverOK), !status.contains(.failed) else {
      throw .driverNotReady(status)
    }
    guard device.vrings.count >= 2 else {
      throw .rings(.missingVrings(count: device.vrings.count))
    }
    self.device = device
    self.reachable = reachable
    features = .negotiated(
      offered: device.entry.acceptedFeatures, supported: DeviceBinding.supportedFeatures)
    payloadCapacity = options.deviceBufferByteCount - RPMsgHeader.encodedByteCount
    receivedCapacity = payloadCapacity
  }

  /// The ring by which the driver sends, vring 1.
  func makeReceiver() throws(RPMsgBusError) -> RPMsgDeviceReceiver<SharedWindow> {
    RPMsgDeviceReceiver(ring: try ring(1), notifyID: device.vrings[1].notifyID)
  }

  /// The ring whose buffers the driver lends for messages to it, vring 0.
  func makeTransmitter() throws(RPMsgBusError) -> RPMsgDeviceTransmitter<SharedWindow> {
    RPMsgDeviceTransmitter(ring: try ring(0), notifyID: device.vrings[0].notifyID)
  }

  private func ring(_ index: Int) throws(RPMsgBusError) -> VringDevice<SharedWindow> {
    let vring = device.vrings[index]
    do throws(VringError) {
      return try VringDevice(
        memory: vring.memory, layout: try vring.record.layout(), buffers: reachable,
        usesEventIndex: features.contains(.eventIndex),
        usesIndirectDescriptors: features.contains(.indirectDescriptors))
    } catch { throw .rings(.vring(error)) }
  }
}
