public import Coredump

/// What is done about the memory of a processor that crashed, before it is started again.
public enum CoredumpMode: Equatable, Sendable {
  /// Nothing.
  case off
  /// It is copied into private memory at once; the copy is written while the processor runs again.
  case copied
  /// It is written from where it is; recovery waits for that, but not longer than the time limit.
  case inline
}

extension CoredumpMode: CustomStringConvertible {
  /// One word, as Linux has it; other programs read it.
  public var description: String {
    switch self {
    case .off: "disabled"
    case .copied: "enabled"
    case .inline: "inline"
    }
  }

  /// The mode with this description, or `nil`.
  public init?(_ description: String) {
    switch description {
    case "disabled": self = .off
    case "enabled": self = .copied
    case "inline": self = .inline
    default: return nil
    }
  }
}

/// Whether and how a processor that crashed is dumped.
public struct CoredumpPolicy: Sendable {
  /// What is done at a crash.
  public var mode: CoredumpMode
  /// What a dump holds.
  public var options: CoredumpOptions
  /// Where dumps of the mode ``CoredumpMode/inline`` go.
  public var target: CoredumpTarget?

  /// Makes a policy: no dumps unless said otherwise.
  public init(
    mode: CoredumpMode = .off, target: CoredumpTarget? = nil,
    options: CoredumpOptions = CoredumpOptions()
  ) {
    self.mode = mode
    self.target = target
    self.options = options
  }
}

/// What became of a dump.
public enum CoredumpOutcome: Sendable {
  /// It was written; the path is known for files.
  case written(CoredumpReport, path: String?)
  /// It was copied; whoever gets it writes it, or drops it.
  case captured(CapturedCoredump)
  /// There is none, and this is why; nothing of it is left.
  case failed(RemoteprocError)
}
