public import Coredump

/// What is done about the memory of a processor that crashed, before it is started again; the raw
/// values are the words of Linux.
public enum CoredumpMode: String, CaseIterable, Equatable, Sendable {
  /// Nothing.
  case off = "disabled"
  /// It is copied into private memory at once; the copy is written while the processor runs again.
  case copied = "enabled"
  /// It is written from where it is; recovery waits for that, but not longer than the time limit.
  case inline
}

/// Whether and how a processor that crashed is dumped.
public struct CoredumpPolicy: Equatable, Sendable {
  /// What is done at a crash.
  public var mode: CoredumpMode
  /// What a dump holds.
  public var options: CoredumpOptions
  /// Where dumps go; without one there is nothing in the mode ``CoredumpMode/inline``, and a copy is
  /// for whoever asks for the ``CoredumpOutcome``.
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
