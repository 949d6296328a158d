public import WireTypes

/// One vring of a virtio device.
///
/// Layout, from the start of the vring.
///
/// | Offset | Bytes | Field       | Name on the wire  |
/// |-------:|------:|-------------|-------------------|
/// |      0 |     4 | `da`        | `da`              |
/// |      4 |     4 | `alignment` | `align`           |
/// |      8 |     4 | `count`     | `num`             |
/// |     12 |     4 | `notifyID`  | `notifyid`        |
/// |     16 |     4 | `pa`        | `pa`              |
///
/// Source: [LINUX-6.1] remoteproc.
public struct VringResource: Equatable, Sendable {
  static let encodedByteCount = 20

  /// The device address, or `nil` when any will do (0xFFFFFFFF).
  public var da: DeviceAddress?
  /// The alignment of the used ring, in bytes; any number is possible.
  public var alignment: UInt32
  /// The number of buffers; any number is possible.
  public var count: UInt32
  /// The number by which the ring is kicked.
  public var notifyID: NotifyID
  /// The physical address; other systems call this word reserved.
  public var pa: PhysicalAddress

  /// Makes a request for a vring.
  public init(
    da: DeviceAddress?, alignment: UInt32, count: UInt32,
    notifyID: NotifyID = NotifyID(rawValue: 0), pa: PhysicalAddress = PhysicalAddress(rawValue: 0)
  ) {
    self.da = da
    self.alignment = alignment
    self.count = count
    self.notifyID = notifyID
    self.pa = pa
  }

  init(decoding table: RawSpan, at offset: Int) {
    da = DeviceAddress(fixed: table.littleEndian(at: offset))
    alignment = table.littleEndian(at: offset + 4)
    count = table.littleEndian(at: offset + 8)
    notifyID = NotifyID(rawValue: table.littleEndian(at: offset + 12))
    pa = PhysicalAddress(rawValue: UInt64(table.littleEndian(at: offset + 16, as: UInt32.self)))
  }

  func encode(into table: inout MutableRawSpan, at offset: Int) throws(ResourceTableError) {
    try table.check(offset, Self.encodedByteCount)
    let da = try DeviceAddress.encode(da, at: offset)
    guard let pa = UInt32(exactly: pa.rawValue) else {
      throw .valueTooLarge(offset: offset + 16, value: pa.rawValue, fieldByteCount: 4)
    }
    table.storeLittleEndian(da, at: offset)
    table.storeLittleEndian(alignment, at: offset + 4)
    table.storeLittleEndian(count, at: offset + 8)
    table.storeLittleEndian(notifyID.rawValue, at: offset + 12)
    table.storeLittleEndian(pa, at: offset + 16)
  }
}

/// The fields of a vring that the host writes back.
public struct VringFields: Equatable, Sendable {
  /// The device address that was given.
  public let da: ResourceTableField
  /// The number by which the ring is kicked.
  public let notifyID: ResourceTableField

  /// The fields of a vring record of version 0: its device address has 64 bits, and its index in
  /// the only device is the number by which it is kicked.
  public init(record entry: ResourceTableEntry) {
    da = ResourceTableField(offset: entry.offset + 8, byteCount: 8)
    notifyID = ResourceTableField(offset: entry.offset + 4, byteCount: 4)
  }

  init(offset: Int) {
    da = ResourceTableField(offset: offset, byteCount: 4)
    notifyID = ResourceTableField(offset: offset + 12, byteCount: 4)
  }
}
