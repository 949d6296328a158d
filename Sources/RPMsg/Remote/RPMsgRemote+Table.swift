public import SharedMemory
public import Virtio
public import Vring
public import WireTypes

extension RPMsgOwnedBus
where
  Transmitter == RPMsgDeviceTransmitter<SharedWindow>, Receiver == RPMsgDeviceReceiver<SharedWindow>
{
  /// Takes up the rings that `entry`, the device's entry in the firmware's own table, names.
  ///
  /// Call it when ``/Virtio/VirtioDeviceEntry/isDriverReady`` has become true. `reachable` is the
  /// memory that holds rings and buffers, normally all of the board's; both rings are closed to
  /// buffers, and `program` is if it is given.
  ///
  /// - Throws: ``RPMsgError/missingVrings(count:)``, ``RPMsgError/unreachableVring(index:address:)``
  ///   or ``RPMsgError/vring(_:)``.
  /// - Precondition: as ``init(transmitter:receiver:doorbell:endpointCapacity:payloadCapacity:)``.
  public init(
    entry: VirtioDeviceEntry<SharedWindow>, reachable: MappedMemory<SharedWindow>,
    program: AddressRange<DeviceAddress>? = nil, doorbell: Bell, endpointCapacity: Int = 8
  ) throws(RPMsgError) {
    try self.init(
      transmitRing: try entry.remoteVring(0), receiveRing: try entry.remoteVring(1),
      reachable: reachable, program: program, doorbell: doorbell,
      endpointCapacity: endpointCapacity)
  }

  /// Takes up two rings that the host has prepared: the first carries messages to the host.
  ///
  /// For firmware whose table has no entry for a virtio device, such as one of version 0. Call it
  /// when the host is known to be ready.
  ///
  /// - Throws: ``RPMsgError/unreachableVring(index:address:)`` or ``RPMsgError/vring(_:)``.
  /// - Precondition: as ``init(transmitter:receiver:doorbell:endpointCapacity:payloadCapacity:)``.
  public init(
    transmitRing: VirtioVringRecord, receiveRing: VirtioVringRecord,
    reachable: MappedMemory<SharedWindow>, program: AddressRange<DeviceAddress>? = nil,
    doorbell: Bell, endpointCapacity: Int = 8
  ) throws(RPMsgError) {
    let first = try RemoteVring(0, transmitRing, in: reachable)
    let second = try RemoteVring(1, receiveRing, in: reachable)
    var buffers = reachable
    buffers.exclude(first.range)
    buffers.exclude(second.range)
    if let program { buffers.exclude(program) }
    self.init(
      transmitter: RPMsgDeviceTransmitter(
        ring: try first.device(buffers), notifyID: first.notifyID),
      receiver: RPMsgDeviceReceiver(ring: try second.device(buffers), notifyID: second.notifyID),
      doorbell: doorbell, endpointCapacity: endpointCapacity)
  }
}

extension VirtioDeviceEntry {
  /// Vring `index`, which rpmsg needs.
  fileprivate func remoteVring(_ index: Int) throws(RPMsgError) -> VirtioVringRecord {
    do throws(VirtioError) { return try vring(index) } catch {
      throw .missingVrings(count: vringCount)
    }
  }
}

/// A vring as the remote finds it: named by its table, checked against its memory.
private struct RemoteVring {
  let notifyID: NotifyID
  let layout: VringLayout
  let range: AddressRange<DeviceAddress>
  let window: SharedWindow

  init(
    _ index: Int, _ record: VirtioVringRecord, in reachable: MappedMemory<SharedWindow>
  ) throws(RPMsgError) {
    do throws(VringError) { layout = try record.layout() } catch { throw .vring(error) }
    let byteCount = UInt64(truncatingIfNeeded: layout.byteCount)
    guard let range = AddressRange(start: record.address, byteCount: byteCount),
      let offset = record.address.offset(from: reachable.start),
      let window = reachable.memory.window(at: offset, byteCount: byteCount)
    else { throw .unreachableVring(index: index, address: record.address) }
    self.range = range
    self.window = window
    notifyID = record.notifyID
  }

  func device(
    _ buffers: MappedMemory<SharedWindow>
  ) throws(RPMsgError) -> VringDevice<SharedWindow> {
    do throws(VringError) {
      return try VringDevice(memory: window, layout: layout, buffers: buffers)
    } catch { throw .vring(error) }
  }
}
