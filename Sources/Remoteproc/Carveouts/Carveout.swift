public import SharedMemory
public import WireTypes

/// Memory of a booted processor that has a name.
public struct Carveout: Sendable {
  /// The name by which entries of the table find it; at most 31 bytes.
  public let name: WireName
  /// Where the remote sees it.
  public let da: DeviceAddress
  /// Where it lies on the physical bus; `nil` when nobody can say.
  public let pa: PhysicalAddress?
  /// IOMMU protection as the resource table gives it.
  public let flags: UInt32
  /// What it was made for; one that a table entry claims is a carveout even if a ring lies in it.
  public let purpose: MemoryRequest.Purpose
  /// Whether a vring lies in it.
  public let holdsVring: Bool
  /// The bytes.
  public let window: SharedWindow

  /// Bytes in the carveout.
  public var byteCount: UInt64 { UInt64(window.byteCount) }
}

extension Array<Carveout> {
  /// The memory at `da`, or `nil` unless `byteCount` bytes from there lie in one carveout.
  ///
  /// The first one in the order of allocation counts. With `width` 32 only the low 32 bits of
  /// addresses are compared, as Linux does.
  func window(at da: DeviceAddress, byteCount: UInt64, width: Int) -> SharedWindow? {
    for carveout in self {
      guard let offset = da.offset(from: carveout.da, width: width),
        let window = carveout.window.window(at: offset, byteCount: byteCount)
      else { continue }
      return window
    }
    return nil
  }
}

extension DeviceAddress {
  /// Bytes from `base` to here, or `nil` when that is not ahead.
  ///
  /// With `width` 32 only the low 32 bits count, and less than 2^31 bytes are ahead, as in Linux.
  func offset(from base: DeviceAddress, width: Int) -> UInt64? {
    guard width == 32 else { return offset(from: base) }
    let difference =
      UInt32(truncatingIfNeeded: rawValue) &- UInt32(truncatingIfNeeded: base.rawValue)
    return difference >> 31 == 0 ? UInt64(difference) : nil
  }
}
