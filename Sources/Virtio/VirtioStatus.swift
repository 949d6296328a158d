/// How far the driver has come with a device.
///
/// Source: [VIRTIO-1.2] §2.1.
@frozen
public struct VirtioStatus: OptionSet, Sendable {
  /// The status byte on the wire; 0 is a device that was reset.
  public let rawValue: UInt8

  /// Makes the status whose byte is `rawValue`.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The host has noticed the device.
  public static let acknowledge = Self(rawValue: 0x01)
  /// The host has a driver for it.
  public static let driver = Self(rawValue: 0x02)
  /// The driver is ready: rings and features are valid from now on.
  public static let driverOK = Self(rawValue: 0x04)
  /// The features are final; legacy devices leave it out.
  public static let featuresOK = Self(rawValue: 0x08)
  /// The device cannot go on without a reset.
  public static let needsReset = Self(rawValue: 0x40)
  /// The driver has given up.
  public static let failed = Self(rawValue: 0x80)

  /// Whether a driver may change the status to `next`.
  ///
  /// To 0 at any time; otherwise bits are only added, each after the ones it builds on, and after
  /// ``failed`` only a reset helps. Source: [VIRTIO-1.2] §3.1.1, and practice: 0, 1, 3, 7.
  public func mayBecome(_ next: VirtioStatus) -> Bool {
    if next.rawValue == 0 { return true }
    guard next.isSuperset(of: self), !contains(.failed) else { return false }
    if next.contains(.failed) { return true }
    if next.contains(.driver), !next.contains(.acknowledge) { return false }
    if next.contains(.featuresOK), !next.contains(.driver) { return false }
    if next.contains(.driverOK), !next.contains(.driver) { return false }
    return true
  }
}
