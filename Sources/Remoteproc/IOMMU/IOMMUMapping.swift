public import WireTypes

/// One range of device addresses and the physical memory behind it.
public struct IOMMUMapping: Equatable, Sendable {
  /// Where the processor sees it.
  public let da: DeviceAddress
  /// Where it lies on the physical bus.
  public let pa: PhysicalAddress
  /// Bytes of the mapping.
  public let byteCount: UInt64
  /// What the processor may do with it.
  public let protection: IOMMUProtection

  /// Makes a mapping; ``IOMMUDomain/map(_:)`` checks it.
  public init(
    da: DeviceAddress, pa: PhysicalAddress, byteCount: UInt64,
    protection: IOMMUProtection = [.read, .write]
  ) {
    self.da = da
    self.pa = pa
    self.byteCount = byteCount
    self.protection = protection
  }

  /// The last address; of a mapping that was checked, as others may be empty or wrap.
  var last: DeviceAddress { DeviceAddress(rawValue: da.rawValue + (byteCount - 1)) }

  /// `byteCount` bytes from `offset` on, which lie inside.
  func part(from offset: UInt64, byteCount: UInt64) -> IOMMUMapping {
    IOMMUMapping(
      da: DeviceAddress(rawValue: da.rawValue + offset),
      pa: PhysicalAddress(rawValue: pa.rawValue + offset), byteCount: byteCount,
      protection: protection)
  }
}

extension IOMMUMapping: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    "da \(da) -> pa \(pa), 0x\(String(byteCount, radix: 16)) bytes, \(protection)"
  }
}
