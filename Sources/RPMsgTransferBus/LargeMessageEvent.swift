public import RPMsgTransfers

/// What happens on a channel for large messages besides messages.
public enum LargeMessageEvent: Equatable, Sendable {
  /// A message that was coming has ended early; the channel goes on.
  case receiveFailed(RPMsgTransferError)
  /// A frame was dropped.
  case dropped(RPMsgTransferError)
}
