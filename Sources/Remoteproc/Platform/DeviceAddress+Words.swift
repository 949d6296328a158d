public import WireTypes

extension DeviceAddress {
  /// The address as two registers of 32 bits hold it, for hardware that takes the boot address so.
  ///
  /// A platform whose processor starts wherever it is told writes one register or both in
  /// ``PlatformDriver/start(at:)``; the address it gets there has moved with the image.
  public var words: (low: UInt32, high: UInt32) {
    (UInt32(truncatingIfNeeded: rawValue), UInt32(truncatingIfNeeded: rawValue >> 32))
  }
}
