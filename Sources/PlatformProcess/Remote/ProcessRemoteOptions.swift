public import Virtio

/// What a remote puts into its resource table.
public struct ProcessRemoteOptions: Equatable, Sendable {
  /// Descriptors of each ring; a power of two up to 256.
  public var queueSize: UInt32 = 256
  /// Alignment of the used part of each ring; a power of two up to 4096.
  public var alignment: UInt32 = 4096
  /// What the device offers.
  public var features: VirtioFeatures = .nameService
  /// Configuration space of the device.
  public var config: [UInt8] = []

  /// What open-amp's programs have.
  public init() {}
}
