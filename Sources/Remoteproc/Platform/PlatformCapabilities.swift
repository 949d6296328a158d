/// What a kind of hardware can do besides starting and stopping its processor.
public struct PlatformCapabilities: OptionSet, Sendable {
  /// One bit for each capability.
  public let rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An IOMMU puts memory wherever the firmware wants it, and maps device memory.
  public static let hasIOMMU = PlatformCapabilities(rawValue: 1 << 0)
  /// A crashed processor restarts by itself and is attached to again.
  public static let attachOnRecovery = PlatformCapabilities(rawValue: 1 << 1)
  /// A crashed processor cannot be started again without a reset of the board.
  public static let noRecovery = PlatformCapabilities(rawValue: 1 << 2)
  /// The processor can sleep and wake with its memory kept.
  public static let suspend = PlatformCapabilities(rawValue: 1 << 3)
}
