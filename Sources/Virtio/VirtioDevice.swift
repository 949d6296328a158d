public import SharedMemory
public import Vring
public import WireTypes

/// A virtio device of a running remote processor, as the host's drivers get it.
///
/// A plain description; the memory it refers to stays valid until the processor stops.
public struct VirtioDevice<Memory: ForeignMemory>: Sendable {
  /// The number of the device in its processor, from 0.
  public let index: Int
  /// Status, features and config space, live in the table that the remote sees.
  public let entry: VirtioDeviceEntry<Memory>
  /// The rings, in the order of the table.
  public let vrings: [VirtioVring<Memory>]
  /// Memory for the driver's message buffers; `nil` when the platform has none for this device.
  public let buffers: MappedMemory<Memory>?

  /// Describes device `index`.
  public init(
    index: Int, entry: VirtioDeviceEntry<Memory>, vrings: [VirtioVring<Memory>],
    buffers: MappedMemory<Memory>?
  ) {
    self.index = index
    self.entry = entry
    self.vrings = vrings
    self.buffers = buffers
  }

  /// What kind of device it is.
  public var id: VirtioDeviceID { entry.id }
}

/// One ring of a device, with the memory the host has given it.
public struct VirtioVring<Memory: ForeignMemory>: Sendable {
  /// What the table says: address, descriptors, alignment, notify id; not checked.
  public let record: VirtioVringRecord
  /// The memory of the ring; its first byte is the first descriptor.
  public let memory: Memory

  /// Says that the ring of `record` lies in `memory`.
  public init(record: VirtioVringRecord, memory: Memory) {
    self.record = record
    self.memory = memory
  }

  /// The number by which the ring is kicked.
  public var notifyID: NotifyID { record.notifyID }
}
