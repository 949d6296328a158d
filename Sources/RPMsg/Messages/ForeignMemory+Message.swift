public import SharedMemory

extension ForeignMemory {
  /// Copies one message out of the `byteCount` bytes at `offset`, checking the copy.
  ///
  /// The header is read once, and the payload by the length read then. At most
  /// `target.byteCount` bytes of payload are accepted.
  @inlinable
  #if !hasFeature(Embedded)
  @inline(__always)
  #endif
  func copyMessage(
    at offset: Int, byteCount: Int, payloadInto target: inout MutableRawSpan
  ) -> RPMsgReceived {
    let received = copyHeader(at: offset, byteCount: byteCount, limit: target.byteCount)
    guard case .message(let header) = received else { return received }
    let count = Int(header.byteCount)
    var payload = target._mutatingExtracting(first: count)
    copyOut(from: offset &+ RPMsgHeader.encodedByteCount, into: &payload)
    return received
  }

  /// Copies the header of a message out of the `byteCount` bytes at `offset`, checking the copy.
  ///
  /// At most `limit` bytes of payload are accepted.
  @inlinable
  #if !hasFeature(Embedded)
  @inline(__always)
  #endif
  func copyHeader(at offset: Int, byteCount: Int, limit: Int = .max) -> RPMsgReceived {
    let available = byteCount &- RPMsgHeader.encodedByteCount
    guard available >= 0 else { return .dropped(.shortMessage(byteCount: byteCount)) }
    let header = RPMsgHeader(copyingFrom: self, at: offset)
    let count = Int(header.byteCount)
    guard count <= available, count <= limit else {
      return .dropped(
        .lengthExceedsBuffer(byteCount: count, available: min(available, limit)))
    }
    guard header.source != .any, header.source.rawValue != 0 else {
      return .dropped(.badSource(header.source))
    }
    return .message(header)
  }
}
