/// Where a processor is in its life.
public enum ProcessorState: Equatable, Sendable {
  /// In reset, with nothing allocated.
  case offline
  /// Its clock stands; its memory is in place.
  case suspended
  /// Started, with its memory in place.
  case running
  /// Crashed and not started again yet; its memory is still in place.
  case crashed(CrashReport)
  /// Removed for good.
  case deleted
  /// Started by somebody else, and taken over.
  case attached
  /// Started by somebody else, and left alone.
  case detached

  /// The number that Linux prints for the state.
  ///
  /// Source: [LINUX-6.1] remoteproc.
  public var number: Int {
    switch self {
    case .offline: 0
    case .suspended: 1
    case .running: 2
    case .crashed: 3
    case .deleted: 4
    case .attached: 5
    case .detached: 6
    }
  }
}

extension ProcessorState: CustomStringConvertible {
  /// One word; other programs read it.
  public var description: String {
    switch self {
    case .offline: "offline"
    case .suspended: "suspended"
    case .running: "running"
    case .crashed: "crashed"
    case .deleted: "deleted"
    case .attached: "attached"
    case .detached: "detached"
    }
  }
}
