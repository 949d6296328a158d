/// Why a part of a table has no counterpart in the other version.
public enum ResourceTableObstacle: Equatable, Sendable {
  /// The address does not fit into 32 bits, or would read as "any".
  case addressTooLarge(UInt64)
  /// Any address will do, and version 0 has no way to say so.
  case anyAddress
  /// A ring lies at address 0, which in version 0 leaves its place to the host.
  case ringAtZero
  /// A ring has another alignment than the 4,096 of version 0.
  case ringAlignment(UInt32)
  /// A ring or device asks for a notify id that it would not get.
  case notifyID(UInt32)
  /// Features that do not fit into 32 bits.
  case featuresTooLarge(UInt64)
  /// A status that does not fit into a byte.
  case statusTooLarge(UInt32)
  /// A name of more bytes than the 31 of version 1.
  case nameTooLong(byteCount: Int)
  /// A number that the other version has no field for.
  case noSuchField(value: UInt64)
  /// A virtio device after the first one.
  case secondDevice
  /// A virtio device of another kind than rpmsg, which is all that version 0 knows.
  case deviceKind(UInt32)
  /// A virtio device with another number of rings than the 2 of version 0.
  case ringCount(Int)
  /// A ring record whose number does not follow, or that belongs to no device.
  case ringNumber(UInt32)
  /// Configuration space of this many bytes; version 0 has none.
  case configSpace(byteCount: UInt32)
  /// An entry of this type, which only one version, or nobody, knows.
  case entryType(UInt32)
}

#if !hasFeature(Embedded)
private func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

extension ResourceTableObstacle: CustomStringConvertible {
  /// What it is, for a person.
  public var description: String {
    switch self {
    case .addressTooLarge(let address): "address \(hex(address)) has more than 32 bits or is any"
    case .anyAddress: "an address that may be any"
    case .ringAtZero: "a ring at the fixed address 0"
    case .ringAlignment(let alignment): "a ring alignment of \(alignment), not 4096"
    case .notifyID(let id): "the notify id \(id)"
    case .featuresTooLarge(let features): "features \(hex(features)) of more than 32 bits"
    case .statusTooLarge(let status): "status \(hex(status)) of more than 8 bits"
    case .nameTooLong(let byteCount): "a name of \(byteCount) bytes, more than 31"
    case .noSuchField(let value): "a field for \(hex(value))"
    case .secondDevice: "a second virtio device"
    case .deviceKind(let id): "a virtio device of kind \(id), not 7"
    case .ringCount(let count): "a virtio device with \(count) vrings, not 2"
    case .ringNumber(let id): "a vring record of number \(id) here"
    case .configSpace(let byteCount): "a configuration space of \(byteCount) bytes"
    case .entryType(let type): "an entry of type \(type)"
    }
  }
}
#endif
