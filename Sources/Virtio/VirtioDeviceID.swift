/// What kind of device it is.
///
/// Source: [VIRTIO-1.2] §5.
@frozen
public struct VirtioDeviceID: Equatable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt32

  /// Makes the device id `rawValue`.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Messages between processors.
  public static let rpmsg = Self(rawValue: 7)
  /// A serial port of a remote processor.
  public static let remoteSerial = Self(rawValue: 11)
}

#if !hasFeature(Embedded)
extension VirtioDeviceID: Hashable, CustomStringConvertible {
  /// The number in decimal.
  public var description: String { String(rawValue) }
}
#endif
