/// What the host asks of firmware, besides messages.
///
/// Source: practice (the suspend and shutdown words of the OMAP and K3 mailboxes).
public enum RemoteRequest: Equatable, Sendable {
  /// Get ready to have the clock stopped.
  case suspend
  /// The clock runs again.
  case resume
  /// Finish what is under way, and touch nothing any more.
  case shutdown
}

/// What came of a ``RemoteRequest``.
public enum RemoteAnswer: Equatable, Sendable {
  /// The firmware did it.
  case acknowledged
  /// The firmware does not want to.
  case refused
  /// The firmware, or the hardware, knows no requests; nothing was waited for.
  case notListening
  /// No answer until the deadline.
  case timedOut
  /// The processor crashed or ended meanwhile.
  case gone
}
