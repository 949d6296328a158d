public import RPMsg

/// Why a frame of a large message was dropped, or a transfer ended early.
///
/// Offsets, limits and totals are bytes of the message.
public enum RPMsgTransferError: Error, Equatable, Sendable {
  /// The frame ends before `needed` bytes.
  case truncated(needed: Int, available: Int)
  /// A frame of fixed length has another length.
  case wrongByteCount(needed: Int, available: Int)
  /// The frame is of a version of the protocol that is not known here.
  case unsupportedVersion(UInt8)
  /// No frame is of this kind.
  case unknownKind(UInt8)
  /// The frame comes from somebody who is not the peer of this link.
  case wrongSource(EndpointAddress)
  /// The greetings were not exchanged yet.
  case notNegotiated
  /// The message is longer than its receiver takes.
  case messageTooLong(byteCount: Int, limit: Int)
  /// Another transfer in the same direction is not over.
  case transferInProgress(UInt32)
  /// The number was used before.
  case duplicateTransfer(UInt32)
  /// No transfer has this number.
  case unknownTransfer(UInt32)
  /// A frame of a transfer that has ended; some are under way when one side gives up.
  case staleTransfer(UInt32)
  /// The frame says another total than the offer.
  case totalChanged(expected: Int, actual: Int)
  /// Bytes before this fragment are missing.
  case fragmentGap(expected: Int, actual: Int)
  /// Bytes of this fragment came before.
  case fragmentOverlap(expected: Int, actual: Int)
  /// The fragment goes beyond the end of its message.
  case fragmentTooLong(offset: Int, byteCount: Int, total: Int)
  /// The fragment has no bytes.
  case emptyFragment(offset: Int)
  /// The fragment goes beyond what the receiver has given credit for.
  case creditExceeded(end: Int, limit: Int)
  /// A credit that cannot be: beyond the total, or less than was given before.
  case impossibleCredit(limit: Int, received: Int)
  /// The receiver says that it has all, and that is not true.
  case earlyEnd(sent: Int, total: Int)
  /// The receiver will not have it.
  case refused(TransferReason)
  /// The sender has given up.
  case cancelled(TransferReason)
  /// The peer has started anew and knows nothing of transfers before.
  case peerRestarted
}

#if !hasFeature(Embedded)
extension RPMsgTransferError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "frame truncated: \(needed) bytes needed, \(available) available"
    case .wrongByteCount(let needed, let available):
      "frame of \(available) bytes, not \(needed)"
    case .unsupportedVersion(let version): "frame of version \(version) (expected 1)"
    case .unknownKind(let kind): "frame of unknown kind \(kind)"
    case .wrongSource(let address): "frame from \(address), which is not the peer"
    case .notNegotiated: "frame before the greetings"
    case .messageTooLong(let byteCount, let limit):
      "message of \(byteCount) bytes, the receiver takes \(limit)"
    case .transferInProgress(let id): "transfer \(id) is not over"
    case .duplicateTransfer(let id): "transfer \(id) was there before"
    case .unknownTransfer(let id): "no transfer \(id)"
    case .staleTransfer(let id): "transfer \(id) is over"
    case .totalChanged(let expected, let actual): "total \(actual), \(expected) was offered"
    case .fragmentGap(let expected, let actual):
      "fragment at \(actual), bytes from \(expected) on are missing"
    case .fragmentOverlap(let expected, let actual):
      "fragment at \(actual), bytes before \(expected) have come"
    case .fragmentTooLong(let offset, let byteCount, let total):
      "fragment of \(byteCount) bytes at \(offset) of a message of \(total)"
    case .emptyFragment(let offset): "fragment without bytes at \(offset)"
    case .creditExceeded(let end, let limit): "fragment up to \(end), the credit ends at \(limit)"
    case .impossibleCredit(let limit, let received):
      "credit up to \(limit) with \(received) bytes received cannot be"
    case .earlyEnd(let sent, let total): "end of transfer after \(sent) of \(total) bytes"
    case .refused(let reason): "the receiver refused: \(reason)"
    case .cancelled(let reason): "the sender gave up: \(reason)"
    case .peerRestarted: "the peer has started anew"
    }
  }
}
#endif
