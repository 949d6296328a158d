/// Where a processor is in its life.
public enum ProcessorState: Equatable, Sendable {
  /// In reset, with nothing allocated.
  case offline
  /// Started, with its memory in place.
  case running
  /// Crashed and not stopped yet; its memory is still in place.
  case crashed(CrashReport)
}

extension ProcessorState: CustomStringConvertible {
  /// One word; other programs read it.
  public var description: String {
    switch self {
    case .offline: "offline"
    case .running: "running"
    case .crashed: "crashed"
    }
  }
}
