/// What became of a message that was sent.
public enum TransferOutcome: Equatable, Sendable {
  /// The receiver has all of it.
  case delivered
  /// It ended early; the link goes on.
  case failed(RPMsgTransferError)
}

/// What one received frame, or one call, brought about.
public struct TransferEvents: Equatable, Sendable {
  /// The peer has greeted: messages may be sent now.
  public var isOpened = false
  /// A message of so many bytes is complete, at the start of the owner's memory.
  ///
  /// The next one comes after ``TransferLink/releaseMessage()``.
  public var received: Int?
  /// The message that was coming ended early.
  public var receiveFailure: RPMsgTransferError?
  /// The message that was going out is over.
  public var outcome: TransferOutcome?
  /// The frame was dropped.
  public var drop: RPMsgTransferError?

  /// Nothing.
  public init() {}
}

/// What a link has counted; the numbers wrap.
public struct TransferStatistics: Equatable, Sendable {
  /// Messages that the peer has taken.
  public var sentMessages: UInt32 = 0
  /// Complete messages that have come.
  public var receivedMessages: UInt32 = 0
  /// Messages, in either direction, that ended early.
  public var failedMessages: UInt32 = 0
  /// Frames that were dropped, whether or not a message ended with them.
  public var droppedFrames: UInt32 = 0

  /// Nothing counted yet.
  public init() {}
}
