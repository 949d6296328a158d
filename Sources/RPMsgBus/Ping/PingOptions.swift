/// What ``PingClient`` sends.
public struct PingOptions: Equatable, Sendable {
  /// Messages to send; 1...2^32 - 1.
  public var messageCount = 1000
  /// Bytes of payload of each; at most what a message carries.
  public var byteCount = 64
  /// Messages under way at a time, 1...4096: 1 measures latency, more measures throughput.
  public var window = 1
  /// How long nothing may come back before all messages under way count as lost.
  public var timeout = Duration.seconds(1)
  /// How often in a row that may happen before the run ends with
  /// ``RPMsgBusError/noAnswer(after:)``; from 1 on.
  public var timeoutLimit = 3

  /// A thousand messages of 64 bytes, one at a time.
  public init() {}
}

/// What came of a run of ``PingClient``.
public struct PingResult: Equatable, Sendable {
  /// Messages sent.
  public var sentCount = 0
  /// Messages that came back as they were sent.
  public var receivedCount = 0
  /// Messages that did not come back in time.
  public var lostCount = 0
  /// Messages that came back changed, or that nobody waited for.
  public var wrongCount = 0
  /// Bytes of payload of one message.
  public var byteCount = 0
  /// From the first send to the last answer.
  public var elapsed = Duration.zero
  /// Times from send to answer, on the host's clock.
  public var latency = LatencyHistogram()
  /// Why the run ended before all messages were sent, if it did.
  public var failure: RPMsgBusError?

  /// Whether every message came back as it was sent.
  public var isPerfect: Bool { failure == nil && lostCount == 0 && wrongCount == 0 }
}
