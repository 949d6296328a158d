public import ResourceTable
public import Virtio

/// What the owner of a processor decides about a boot.
public struct BootOptions: Equatable, Sendable {
  /// How much of what firmware asks for must make sense.
  public var profile: CompatibilityProfile
  /// Whether firmware without a resource table may boot.
  public var tableIsOptional: Bool
  /// The format of the table; `nil` tells it from the bytes (the Linux profile knows only
  /// version 1).
  public var tableVersion: ResourceTableVersion?
  /// Whether the processor must see memory through an IOMMU, so that nothing else is in its reach.
  public var requiresIOMMU: Bool
  /// How an image that may lie anywhere is put where it lies; `nil` moves a position-independent
  /// ELF file in the default profile, and nothing else.
  public var relocation: ImageRelocation?
  /// Kinds of virtio devices that somebody will drive; others are only acknowledged.
  public var driverIDs: [VirtioDeviceID]

  /// Makes options; without arguments the usual ones.
  public init(
    profile: CompatibilityProfile = .default, tableIsOptional: Bool = false,
    tableVersion: ResourceTableVersion? = nil, requiresIOMMU: Bool = false,
    relocation: ImageRelocation? = nil, driverIDs: [VirtioDeviceID] = [.rpmsg]
  ) {
    self.profile = profile
    self.tableIsOptional = tableIsOptional
    self.tableVersion = tableVersion
    self.requiresIOMMU = requiresIOMMU
    self.relocation = relocation
    self.driverIDs = driverIDs
  }
}
