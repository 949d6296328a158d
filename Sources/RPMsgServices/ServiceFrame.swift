import WireTypes

/// What is in front of every message of a typed service.
///
/// | Offset | Bytes | Field                                                   |
/// |-------:|------:|---------------------------------------------------------|
/// |      0 |     1 | `kind`: 1 request, 2 response, 3 event                  |
/// |      1 |     1 | version: 1                                              |
/// |      2 |     2 | `status` of a response; 0 and ignored elsewhere         |
/// |      4 |     4 | `number`: of the call; events are counted by the server |
///
/// Every field is little-endian. Source: `Documentation/Services.md`.
@frozen
public struct ServiceFrame: Equatable, Sendable {
  /// Bytes in front of the message.
  @inlinable
  public static var headerByteCount: Int { 8 }
  /// The version of the layout.
  @inlinable
  public static var version: UInt8 { 1 }

  /// What a frame is.
  @frozen
  public enum Kind: UInt8, Equatable, Sendable {
    /// A client asks.
    case request = 1
    /// A server answers.
    case response = 2
    /// A server tells.
    case event = 3
  }

  /// What it is.
  public var kind: Kind
  /// How a request was taken.
  public var status: ServiceStatus
  /// The number of the call, or of the event.
  public var number: UInt32

  /// Makes the header of a frame.
  public init(_ kind: Kind, number: UInt32, status: ServiceStatus = .done) {
    self.kind = kind
    self.status = status
    self.number = number
  }

  /// Decodes the header at the start of `payload`, a private copy of the payload of a message.
  ///
  /// - Throws: ``RPMsgServiceError/truncated(needed:available:)``,
  ///   ``RPMsgServiceError/unsupportedVersion(_:)`` or ``RPMsgServiceError/unknownKind(_:)``.
  public init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkMinimum(Self.headerByteCount)
    let version: UInt8 = payload.littleEndian(at: 1)
    guard version == Self.version else { throw .unsupportedVersion(version) }
    let rawKind: UInt8 = payload.littleEndian(at: 0)
    guard let kind = Kind(rawValue: rawKind) else { throw .unknownKind(rawKind) }
    self.kind = kind
    let rawStatus: UInt16 = payload.littleEndian(at: 2)
    status = kind == .response ? ServiceStatus(rawValue: rawStatus) : .done
    number = payload.littleEndian(at: 4)
  }

  /// Writes the header to the start of `buffer`.
  ///
  /// - Precondition: `buffer` has at least ``headerByteCount`` bytes.
  public func encode(into buffer: inout MutableRawSpan) {
    buffer.storeLittleEndian(kind.rawValue, at: 0)
    buffer.storeLittleEndian(Self.version, at: 1)
    buffer.storeLittleEndian(status.rawValue, at: 2)
    buffer.storeLittleEndian(number, at: 4)
  }

  /// Writes the header and `message` to the start of `buffer`; returns how many bytes.
  ///
  /// - Precondition: `buffer` holds both.
  @inlinable
  public func encode<Message: WireMessage>(
    _ message: Message, into buffer: inout MutableRawSpan
  ) -> Int {
    encode(into: &buffer)
    var rest = buffer._mutatingExtracting(
      Self.headerByteCount..<Self.headerByteCount + message.byteCount)
    message.encode(into: &rest)
    return Self.headerByteCount + message.byteCount
  }

  /// The message behind the header of `payload`.
  ///
  /// - Precondition: the header of `payload` was decoded.
  /// - Throws: what the message finds wrong.
  @inlinable
  public static func message<Message: WireMessage>(
    in payload: RawSpan
  ) throws(RPMsgServiceError) -> Message {
    try Message(decoding: payload.extracting(droppingFirst: headerByteCount))
  }
}
