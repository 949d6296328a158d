/// Why bytes are not the message they should be, or a call cannot be made.
public enum RPMsgServiceError: Error, Equatable, Sendable {
  /// The message ends before `needed` bytes.
  case truncated(needed: Int, available: Int)
  /// The message has another length than its contents ask for.
  case wrongByteCount(needed: Int, available: Int)
  /// The number at `offset` is not one of those that are allowed there.
  case valueOutOfRange(offset: Int, value: UInt32, limit: UInt32)
  /// The frame is of a version that is not known here.
  case unsupportedVersion(UInt8)
  /// No frame is of this kind.
  case unknownKind(UInt8)
  /// As many calls as the table holds wait for their answers.
  case tooManyCalls(limit: Int)
}

#if !hasFeature(Embedded)
extension RPMsgServiceError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "message truncated: \(needed) bytes needed, \(available) available"
    case .wrongByteCount(let needed, let available): "message of \(available) bytes, not \(needed)"
    case .valueOutOfRange(let offset, let value, let limit):
      "value \(value) at offset \(offset) is above \(limit)"
    case .unsupportedVersion(let version): "service frame of version \(version) (expected 1)"
    case .unknownKind(let kind): "service frame of unknown kind \(kind)"
    case .tooManyCalls(let limit): "\(limit) calls wait for their answers"
    }
  }
}
#endif
