public import WireTypes

/// A virtio device that firmware implements, without its vrings and configuration space.
///
/// Layout in version 1, from the start of the entry.
///
/// | Offset | Bytes | Field             | Name on the wire |
/// |-------:|------:|-------------------|------------------|
/// |      0 |     4 | type              | `type`, 3        |
/// |      4 |     4 | `deviceID`        | `id`             |
/// |      8 |     4 | `notifyID`        | `notifyid`       |
/// |     12 |     4 | `deviceFeatures`  | `dfeatures`      |
/// |     16 |     4 | `driverFeatures`  | `gfeatures`      |
/// |     20 |     4 | `configByteCount` | `config_len`     |
/// |     24 |     1 | `status`          | `status`         |
/// |     25 |     1 | `vringCount`      | `num_of_vrings`  |
/// |     26 |     2 | reserved          | `reserved`       |
/// |     28 |  20 n | vrings            | `vring`          |
///
/// The configuration space follows the vrings. Source: [LINUX-6.1] remoteproc.
public struct VdevResource: Equatable, Sendable {
  static let headerByteCount = 28

  /// What kind of device it is; 7 is rpmsg.
  public var deviceID: UInt32
  /// The number for changes of the configuration.
  public var notifyID: NotifyID
  /// Features that the device offers.
  public var deviceFeatures: UInt32
  /// Features that the driver accepted.
  public var driverFeatures: UInt32
  /// Bytes of configuration space.
  public var configByteCount: UInt32
  /// The device status of virtio.
  public var status: UInt8
  /// How many vrings follow.
  public var vringCount: UInt8

  /// Makes a device with nothing negotiated; a builder sets the counts of what follows.
  public init(
    deviceID: UInt32, notifyID: NotifyID = NotifyID(rawValue: 0), deviceFeatures: UInt32,
    vringCount: UInt8 = 0, configByteCount: UInt32 = 0
  ) {
    self.deviceID = deviceID
    self.notifyID = notifyID
    self.deviceFeatures = deviceFeatures
    driverFeatures = 0
    self.configByteCount = configByteCount
    status = 0
    self.vringCount = vringCount
  }

  /// Bytes of the whole entry with vrings and configuration space; at most 2^32 + 5,127.
  var encodedByteCount: UInt64 {
    UInt64(Self.headerByteCount) + UInt64(VringResource.encodedByteCount) * UInt64(vringCount)
      + UInt64(configByteCount)
  }

  init(decoding table: RawSpan, at offset: Int) {
    deviceID = table.littleEndian(at: offset + 4)
    notifyID = NotifyID(rawValue: table.littleEndian(at: offset + 8))
    deviceFeatures = table.littleEndian(at: offset + 12)
    driverFeatures = table.littleEndian(at: offset + 16)
    configByteCount = table.littleEndian(at: offset + 20)
    status = table.littleEndian(at: offset + 24)
    vringCount = table.littleEndian(at: offset + 25)
  }

  func encode(into table: inout MutableRawSpan, at offset: Int) throws(ResourceTableError) {
    try table.check(offset, Self.headerByteCount)
    table.storeLittleEndian(UInt32(3), at: offset)
    table.storeLittleEndian(deviceID, at: offset + 4)
    table.storeLittleEndian(notifyID.rawValue, at: offset + 8)
    table.storeLittleEndian(deviceFeatures, at: offset + 12)
    table.storeLittleEndian(driverFeatures, at: offset + 16)
    table.storeLittleEndian(configByteCount, at: offset + 20)
    table.storeLittleEndian(status, at: offset + 24)
    table.storeLittleEndian(vringCount, at: offset + 25)
    table.storeLittleEndian(UInt16(0), at: offset + 26)
  }
}

/// The fields of a virtio device entry of version 1 that change while it runs.
public struct VdevFields: Equatable, Sendable {
  /// The features that the driver accepted.
  public let driverFeatures: ResourceTableField
  /// The device status.
  public let status: ResourceTableField
  /// Where the vrings begin, in bytes from the start of the table.
  public let vringsOffset: Int
  /// Where the configuration space begins, in bytes from the start of the table.
  public let configOffset: Int

  /// The fields of `vdev`, which `entry` describes.
  public init(of entry: ResourceTableEntry, vdev: VdevResource) {
    driverFeatures = ResourceTableField(offset: entry.offset + 16, byteCount: 4)
    status = ResourceTableField(offset: entry.offset + 24, byteCount: 1)
    vringsOffset = entry.offset + VdevResource.headerByteCount
    configOffset = vringsOffset + VringResource.encodedByteCount * Int(vdev.vringCount)
  }

  /// The fields of the vring at `index`.
  ///
  /// - Precondition: `0 <= index < 256`.
  public func vring(at index: Int) -> VringFields {
    VringFields(offset: vringsOffset + VringResource.encodedByteCount * index)
  }
}
