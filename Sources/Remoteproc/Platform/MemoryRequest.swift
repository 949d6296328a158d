public import SharedMemory
public import WireTypes

/// Memory that the core wants from a platform.
public struct MemoryRequest: Equatable, Sendable {
  /// What the memory is for.
  public enum Purpose: Equatable, Sendable {
    /// A carveout that the firmware asked for.
    case carveout
    /// A vring without a carveout of its own.
    case vring
    /// Message buffers of a virtio device without a carveout of its own.
    case buffers
    /// The firmware itself, when it may lie anywhere.
    case image
  }

  /// The name of the carveout, `vdev<d>vring<i>` or `vdev<d>buffer`.
  public let name: WireName
  /// The address the firmware insists on, or `nil` for any.
  public let da: DeviceAddress?
  /// Bytes wanted; the request fails when it is 0.
  public let byteCount: UInt64
  /// What the address must be a multiple of when `da` is `nil`; a power of two.
  public let alignment: UInt64
  /// IOMMU protection as the resource table gives it.
  public let flags: UInt32
  /// What the memory is for.
  public let purpose: Purpose

  /// Makes a request.
  public init(
    name: WireName, da: DeviceAddress?, byteCount: UInt64, alignment: UInt64 = 4096,
    flags: UInt32 = 0, purpose: Purpose
  ) {
    self.name = name
    self.da = da
    self.byteCount = byteCount
    self.alignment = alignment
    self.flags = flags
    self.purpose = purpose
  }
}

/// Memory that a platform gave.
public struct MemoryGrant: Sendable {
  /// Where the remote sees it.
  public let da: DeviceAddress
  /// Where it lies on the physical bus; `nil` when nobody can say.
  public let pa: PhysicalAddress?
  /// Exactly the bytes that were asked for.
  public let window: SharedWindow

  /// Makes a grant.
  public init(da: DeviceAddress, pa: PhysicalAddress?, window: SharedWindow) {
    self.da = da
    self.pa = pa
    self.window = window
  }
}

/// Memory that exists before any firmware asks, with a name by which firmware claims it.
public struct MemoryRegion: Sendable {
  /// The name that a resource table or a vring looks for.
  public let name: WireName
  /// Where the remote sees it; `nil` when the firmware may not insist on an address.
  public let da: DeviceAddress?
  /// Where it lies on the physical bus; `nil` when nobody can say.
  public let pa: PhysicalAddress?
  /// The bytes.
  public let window: SharedWindow

  /// Bytes in the region.
  public var byteCount: UInt64 { UInt64(window.byteCount) }

  /// Makes a region.
  public init(name: WireName, da: DeviceAddress?, pa: PhysicalAddress?, window: SharedWindow) {
    self.name = name
    self.da = da
    self.pa = pa
    self.window = window
  }
}
