import Scheduling
public import Vring
public import WireTypes

/// A doorbell that nobody hears: it counts kicks by notify id.
public final class KickCounter: Doorbell {
  private let counts = Guarded<[NotifyID: UInt64]>([:])

  /// Makes a doorbell that was never kicked.
  public init() {}

  /// Counts a kick.
  public func kick(_ id: NotifyID) { counts.withLock { $0[id, default: 0] += 1 } }

  /// Kicks so far, by notify id.
  public var all: [NotifyID: UInt64] { counts.withLock { $0 } }
}
