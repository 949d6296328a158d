/// What a view shows besides the processor itself: what its owner has decided and counted.
public struct ViewSettings: Equatable, Sendable {
  /// Whether crashed processors are dumped, in the words of Linux.
  public enum Coredump: String, CaseIterable, Equatable, Sendable {
    /// They are not.
    case disabled
    /// Their memory is copied, and they start again meanwhile.
    case enabled
    /// Their memory is written where it is, and they wait for that.
    case inline
  }

  /// The name of the processor.
  public var name: String
  /// The name of its firmware.
  public var firmwareName: String
  /// Whether it starts again after each crash.
  public var recovers: Bool
  /// Whether it is dumped when it crashes.
  public var coredump: Coredump
  /// Crashes so far.
  public var crashCount: UInt64

  /// Makes settings.
  public init(
    name: String, firmwareName: String, recovers: Bool = true, coredump: Coredump = .disabled,
    crashCount: UInt64 = 0
  ) {
    self.name = name
    self.firmwareName = firmwareName
    self.recovers = recovers
    self.coredump = coredump
    self.crashCount = crashCount
  }
}
