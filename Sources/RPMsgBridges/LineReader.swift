import Glibc
import RPMsg
import RPMsgBus

/// What reading from a line gave.
enum LineInput: Equatable {
  /// So many bytes are in the buffer; they are one message.
  case message(byteCount: Int)
  /// A packet has more bytes than a message can have.
  case tooLong(byteCount: Int)
  case nothing
  case ended
}

extension BridgeLine {
  /// Reads the next message into `buffer`; `isHungUp`: the other side has left.
  func read(into buffer: inout [UInt8], isHungUp: Bool) -> LineInput {
    let limit = buffer.count
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      switch framing {
      case .bytes: unsafe Glibc.read(input, bytes.baseAddress, limit)
      case .packets:
        // With the second flag the result is the length that the packet had.
        unsafe recv(
          input, bytes.baseAddress, limit, Int32(MSG_DONTWAIT | MSG_TRUNC))
      }
    }
    if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .ended }
    if count > limit { return .tooLong(byteCount: count) }
    // A client may send an empty packet; it looks like an end, except that nobody hung up.
    if count == 0, framing == .bytes || isHungUp { return .ended }
    return .message(byteCount: count)
  }
}
