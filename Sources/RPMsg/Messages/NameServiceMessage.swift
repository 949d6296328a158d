public import WireTypes

/// The announcement that a service appears or vanishes, sent to ``EndpointAddress/nameService``.
///
/// | Offset | Bytes | Field                               |
/// |-------:|------:|-------------------------------------|
/// |      0 |    32 | `name`                              |
/// |     32 |     4 | `address`                           |
/// |     36 |     4 | `flags`; bit 0: the service is gone |
///
/// Every field is little-endian. Source: [RPMSG] "Name service".
public struct NameServiceMessage: Equatable, Sendable {
  /// Bytes of the message; any other length is malformed.
  public static var encodedByteCount: Int { 40 }

  /// What the service is called; never empty, at most 31 bytes.
  public var name: WireName
  /// Where the sender of the announcement serves it.
  public var address: EndpointAddress
  /// The flags as they are on the wire.
  public var flags: UInt32

  /// Whether the service is gone, rather than new.
  public var isWithdrawal: Bool { flags & 1 != 0 }
  /// Flags that nobody has defined; peers are seen to set some.
  public var unknownFlags: UInt32 { flags & ~1 }

  /// Makes an announcement or, with `isWithdrawal`, its end.
  public init(name: WireName, address: EndpointAddress, isWithdrawal: Bool = false) {
    self.name = name.terminated
    self.address = address
    flags = isWithdrawal ? 1 : 0
  }

  /// Decodes `payload`, a private copy of the whole payload of a message.
  ///
  /// The name is cut to 31 bytes.
  ///
  /// - Throws: ``RPMsgError/malformedNameService(byteCount:)`` unless it is 40 bytes long,
  ///   ``RPMsgError/emptyName``, or ``RPMsgError/illegalServiceAddress(_:)`` for addresses that no
  ///   service can have: 53, "any" and those from 2^31 on.
  public init(decoding payload: RawSpan) throws(RPMsgError) {
    (address, flags) = try Self.fields(of: payload)
    name = WireName(decoding: payload, at: 0).terminated
  }

  /// Checks the whole of `payload` and reads what is not the name.
  static func fields(
    of payload: RawSpan
  ) throws(RPMsgError) -> (address: EndpointAddress, flags: UInt32) {
    guard payload.byteCount == encodedByteCount else {
      throw .malformedNameService(byteCount: payload.byteCount)
    }
    guard payload.littleEndian(at: 0, as: UInt8.self) != 0 else { throw .emptyName }
    let address = EndpointAddress(rawValue: payload.littleEndian(at: 32))
    guard address != .nameService, address.rawValue < 1 << 31 else {
      throw .illegalServiceAddress(address)
    }
    return (address, payload.littleEndian(at: 36))
  }

  /// Writes the message to the start of `buffer`.
  ///
  /// - Precondition: `buffer` has at least ``encodedByteCount`` bytes.
  public func encode(into buffer: inout MutableRawSpan) {
    name.encode(into: &buffer, at: 0)
    buffer.storeLittleEndian(address.rawValue, at: 32)
    buffer.storeLittleEndian(flags, at: 36)
  }
}
