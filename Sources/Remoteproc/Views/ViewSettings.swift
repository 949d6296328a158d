/// What a view shows besides the processor itself: what its owner has decided and counted.
public struct ViewSettings: Equatable, Sendable {
  /// The name of the processor.
  public var name: String
  /// The name of its firmware.
  public var firmwareName: String
  /// Whether it starts again after each crash.
  public var recovers: Bool
  /// Whether it is dumped when it crashes.
  public var coredump: CoredumpMode
  /// Crashes so far.
  public var crashCount: UInt64

  /// Makes settings.
  public init(
    name: String, firmwareName: String, recovers: Bool = true, coredump: CoredumpMode = .off,
    crashCount: UInt64 = 0
  ) {
    self.name = name
    self.firmwareName = firmwareName
    self.recovers = recovers
    self.coredump = coredump
    self.crashCount = crashCount
  }
}
