public import RPMsgTransfers

/// Limits of one channel for large messages.
public struct LargeMessageOptions: Equatable, Sendable {
  /// Bytes of the longest message that is taken, and of the memory kept for it; 0...1 GiB.
  public var maximumByteCount = 1 << 20
  /// Bytes that the remote may be ahead of what we have taken; from 1 on.
  public var receiveWindow = 16 * 480
  /// Transmit buffers that fragments may fill at a time; from 1 on.
  public var transmitBufferCount = 16
  /// Complete messages that wait for who reads them, besides the one in the channel's own memory.
  ///
  /// From 1 on. When all places are taken the remote gets no more credit.
  public var bufferedMessageCount = 1
  /// Messages that may wait to be sent, the one under way included; from 1 on.
  public var queuedMessageCount = 16
  /// How long a message that is coming may make no progress before it is refused.
  public var stallTimeout = Duration.seconds(10)

  /// The limits that suit nearly everybody: messages of up to 1 MiB.
  public init() {}
}

/// What a channel for large messages has counted since it was opened.
public struct LargeMessageStatistics: Equatable, Sendable {
  /// What the protocol has counted; nothing with a plain peer.
  public var transfers = TransferStatistics()
  /// Plain messages sent, to a peer that knows no others.
  public var plainSent: UInt64 = 0
  /// Plain messages received from it.
  public var plainReceived: UInt64 = 0
  /// Plain messages that found all places taken, which a plain peer cannot be told.
  public var plainDropped: UInt64 = 0
}
