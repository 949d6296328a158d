/// A message that states where its bytes go; the same on the host and in firmware.
///
/// Encoding and decoding take no memory. Numbers are little-endian: use `littleEndian(at:)` and
/// `storeLittleEndian(_:at:)` of `WireTypes`, after the length was checked.
public protocol WireMessage: Sendable {
  /// Bytes of the longest value.
  static var maximumByteCount: Int { get }

  /// Bytes of this value; at most ``maximumByteCount``, which it is unless the type says otherwise.
  var byteCount: Int { get }

  /// Writes the value to the start of `buffer`: exactly ``byteCount`` bytes, none left as it was.
  ///
  /// - Precondition: `buffer` has at least ``byteCount`` bytes.
  func encode(into buffer: inout MutableRawSpan)

  /// Decodes `payload`, a private copy of exactly the bytes of one value.
  ///
  /// The other side is not trusted: check lengths with `checkByteCount(_:)`, and every number that
  /// is used as a count or an index.
  ///
  /// - Throws: ``RPMsgServiceError``, never traps.
  init(decoding payload: RawSpan) throws(RPMsgServiceError)
}

extension WireMessage {
  /// As many as the longest value has.
  public var byteCount: Int { Self.maximumByteCount }
}

extension RawSpan {
  /// Checks that a message has exactly `needed` bytes.
  ///
  /// - Throws: ``RPMsgServiceError/wrongByteCount(needed:available:)``.
  @inlinable
  public func checkByteCount(_ needed: Int) throws(RPMsgServiceError) {
    guard byteCount == needed else {
      throw .wrongByteCount(needed: needed, available: byteCount)
    }
  }

  /// Checks that a message has at least `needed` bytes.
  ///
  /// - Throws: ``RPMsgServiceError/truncated(needed:available:)``.
  @inlinable
  public func checkMinimum(_ needed: Int) throws(RPMsgServiceError) {
    guard byteCount >= needed else {
      throw .truncated(needed: needed, available: byteCount)
    }
  }
}

/// A message without contents, for services that have no events, or calls without parameters.
public struct EmptyMessage: WireMessage, Equatable {
  /// None.
  public static var maximumByteCount: Int { 0 }

  /// The only value.
  public init() {}

  /// Writes nothing.
  public func encode(into buffer: inout MutableRawSpan) {}

  /// Decodes nothing.
  ///
  /// - Throws: ``RPMsgServiceError/wrongByteCount(needed:available:)`` when there is something.
  public init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkByteCount(0)
  }
}
