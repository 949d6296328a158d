/// Codes that board support reports when it cannot go on; 0 to 0xff are exception causes.
enum FatalCode {
  /// The firmware's own resource table has no usable rpmsg device.
  static let table: UInt16 = 0x0101
  /// The host said that it is ready, but its rings cannot be used.
  static let rings: UInt16 = 0x0102
  /// The service cannot be announced.
  static let announcement: UInt16 = 0x0103
  /// The host broke the rules of a ring.
  static let protocolViolation: UInt16 = 0x0104
}
