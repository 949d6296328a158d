public import WireTypes

/// Bounds on what firmware may ask for; they hold whatever the firmware says.
public struct ResourcePolicy: Equatable, Sendable {
  /// Bytes that all carveouts, vrings and message buffers may take together.
  public var maximumCarveoutByteCount: UInt64
  /// Physical ranges that firmware may have mapped; none unless listed.
  public var devmem: [AddressRange<PhysicalAddress>]
  /// Virtio devices that one table may hold.
  public var maximumDeviceCount: Int
  /// Entries that one table may hold.
  public var maximumEntryCount: Int

  /// Makes a policy.
  public init(
    maximumCarveoutByteCount: UInt64 = 64 << 20, devmem: [AddressRange<PhysicalAddress>] = [],
    maximumDeviceCount: Int = 8, maximumEntryCount: Int = 4096
  ) {
    self.maximumCarveoutByteCount = maximumCarveoutByteCount
    self.devmem = devmem
    self.maximumDeviceCount = maximumDeviceCount
    self.maximumEntryCount = maximumEntryCount
  }

  /// 64 MiB of memory, no device memory, 8 virtio devices, 4,096 entries.
  public static let standard = ResourcePolicy()
}
