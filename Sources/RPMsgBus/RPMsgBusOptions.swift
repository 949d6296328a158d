public import RPMsg

/// Limits of one bus.
public struct RPMsgBusOptions: Equatable, Sendable {
  /// How many addresses from 1024 up the bus gives out, at least 1; `nil`: as many as there are.
  public var dynamicAddressCount: Int?
  /// How many announced channels the bus keeps; 1...4096.
  public var maximumChannelCount = 256
  /// What the peer means by feature bits and rings that no published text settles.
  public var profile = RPMsgProfile.standard

  /// How large our buffers are and how many, where we lend them and the remote does not tell.
  ///
  /// In the profile `linux` a device that offers the feature tells in its configuration space.
  public var bufferSizes = RPMsgBufferSizes.standard
  /// Bytes of the buffers, header included, that we expect where the other side lends them, and
  /// so the longest message that a bus in the device role takes; 16...65535.
  public var deviceBufferByteCount = 512

  /// Whether each endpoint has a histogram of latencies, which costs it 9 KiB and each message
  /// the reading of a clock; see ``RPMsgEndpoint/latency``.
  public var measuresLatency = false

  /// The limits that suit nearly everybody.
  public init() {}

  func check() {
    precondition((dynamicAddressCount ?? 1) >= 1, "at least one address")
    precondition((1...4096).contains(maximumChannelCount), "1...4096 channels")
    precondition((16...0xffff).contains(deviceBufferByteCount), "16...65535 bytes for a buffer")
  }
}
