/// Features that a device offers or a driver has accepted.
///
/// Source: [VIRTIO-1.2] §2.2.
@frozen
public struct VirtioFeatures: OptionSet, Sendable {
  /// One bit for each feature.
  public let rawValue: UInt64

  /// Makes the set whose bits are `rawValue`.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// rpmsg: the remote announces channels (`VIRTIO_RPMSG_F_NS`).
  public static let nameService = Self(rawValue: 1 << 0)
  /// Rings: a descriptor may point to a table of descriptors.
  public static let indirectDescriptors = Self(rawValue: 1 << 28)
  /// Rings: notifications are asked for by index instead of by flag.
  public static let eventIndex = Self(rawValue: 1 << 29)
  /// The device follows version 1 of the standard.
  public static let version1 = Self(rawValue: 1 << 32)

  /// What both sides can do: never more than `offered`.
  ///
  /// Source: [VIRTIO-1.2] §2.2.
  @inlinable
  public static func negotiated(offered: Self, supported: Self) -> Self {
    offered.intersection(supported)
  }
}
