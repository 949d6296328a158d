public import SharedMemory

extension ForeignMemory {
  /// Copies one message out of the `byteCount` bytes at `offset`, checking the copy.
  ///
  /// The header is read once, and the payload by the length read then. At most
  /// `target.byteCount` bytes of payload are accepted.
  @inlinable
  func copyMessage(
    at offset: Int, byteCount: Int, payloadInto target: inout MutableRawSpan
  ) -> RPMsgReceived {
    let available = byteCount &- RPMsgHeader.encodedByteCount
    guard available >= 0 else { return .dropped(.shortMessage(byteCount: byteCount)) }
    let header = RPMsgHeader(copyingFrom: self, at: offset)
    let count = Int(header.byteCount)
    guard count <= available, count <= target.byteCount else {
      return .dropped(
        .lengthExceedsBuffer(byteCount: count, available: min(available, target.byteCount)))
    }
    guard header.source != .any, header.source.rawValue != 0 else {
      return .dropped(.badSource(header.source))
    }
    var payload = target._mutatingExtracting(first: count)
    copyOut(from: offset &+ RPMsgHeader.encodedByteCount, into: &payload)
    return .message(header)
  }
}
