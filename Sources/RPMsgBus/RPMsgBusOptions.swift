public import RPMsg

/// Limits of one bus.
public struct RPMsgBusOptions: Equatable, Sendable {
  /// How many addresses from 1024 up the bus gives out; 1...65536.
  public var dynamicAddressCount = 1024
  /// How many announced channels the bus keeps; 1...4096.
  public var maximumChannelCount = 256
  /// What the peer means by feature bits and rings that no published text settles.
  public var profile = RPMsgProfile.standard

  /// The limits that suit nearly everybody.
  public init() {}
}
