/// What the host asks of firmware by the register `REQUEST`; the raw value is what the register
/// holds.
public enum HostRequest: UInt32, CaseIterable, Equatable, Sendable {
  /// Get ready for the core to stand still; nothing is served until ``resume``.
  case suspend = 1
  /// Go on after ``suspend``.
  case resume = 2
  /// Finish what is being done and do nothing more.
  case shutdown = 3
}

/// What became of a ``HostRequest``.
public enum HostRequestAnswer: Equatable, Sendable {
  /// The firmware did it, or is about to stand still.
  case acknowledged
  /// The firmware will not do it.
  case refused
  /// The firmware has not set bit 1 of `IRQ_ENABLE`: it knows of no requests.
  case notListening
  /// The firmware said nothing in time; the request was taken back.
  case timedOut
  /// The core does not execute: it is in reset or suspended, has ended, or did so meanwhile.
  case stopped
  /// Another thread waits for an answer already.
  case busy
}
