import WireTypes

/// One message of the protocol for large messages, without the bytes that a fragment carries.
///
/// | Kind | Bytes | Offset 4 | Offset 8 | Offset 12 | From |
/// |-----:|------:|----------|----------|-----------|------|
/// | 1 hello  | 16 | session  | longest message taken | 0 | both |
/// | 2 offer  | 12 | transfer | total | | sender |
/// | 3 credit | 16 | transfer | limit | received | receiver |
/// | 4 data   | 16 + n | transfer | total | offset | sender |
/// | 5 done   | 12 | transfer | total | | receiver |
/// | 6 cancel |  8 | transfer | | | sender |
/// | 7 refuse |  8 | transfer | | | receiver |
///
/// Offset 0: kind, one byte; 1: version, one byte; 2: code, two bytes: bit 0 of a hello says that
/// it answers one, bit 0 of data asks for a credit, in cancel and refuse it is the reason; 0 and
/// ignored elsewhere. All other fields have four bytes. Every field is little-endian.
/// Source: `Documentation/LargeMessages.md`.
public enum TransferFrame: Equatable, Sendable {
  /// The version of the protocol.
  public static var version: UInt8 { 1 }
  /// Bytes in front of those of a fragment.
  public static var dataHeaderByteCount: Int { 16 }
  /// Bytes of the longest frame without bytes of a message.
  public static var maximumHeaderByteCount: Int { 16 }

  /// A greeting: which life of the sender this is, and the longest message it takes.
  case hello(session: UInt32, maximumByteCount: UInt32, isAnswer: Bool)
  /// Asks the receiver for credit for a message of `total` bytes.
  case offer(transfer: UInt32, total: UInt32)
  /// Bytes up to `limit` may be sent; `received` have come.
  case credit(transfer: UInt32, limit: UInt32, received: UInt32)
  /// `byteCount` bytes of the message from `offset` on; `wantsCredit`: tell how far you are.
  case data(
    transfer: UInt32, total: UInt32, offset: UInt32, byteCount: UInt32, wantsCredit: Bool)
  /// The receiver has the whole message.
  case done(transfer: UInt32, total: UInt32)
  /// The sender gives up.
  case cancel(transfer: UInt32, reason: TransferReason)
  /// The receiver will have nothing more of it.
  case refuse(transfer: UInt32, reason: TransferReason)

  /// Decodes `payload`, a private copy of the whole payload of a message.
  ///
  /// - Throws: ``RPMsgTransferError/truncated(needed:available:)``,
  ///   ``RPMsgTransferError/unsupportedVersion(_:)``, ``RPMsgTransferError/unknownKind(_:)`` or
  ///   ``RPMsgTransferError/wrongByteCount(needed:available:)``.
  public init(decoding payload: RawSpan) throws(RPMsgTransferError) {
    guard payload.byteCount >= 8 else {
      throw .truncated(needed: 8, available: payload.byteCount)
    }
    let version: UInt8 = payload.littleEndian(at: 1)
    guard version == Self.version else { throw .unsupportedVersion(version) }
    let kind: UInt8 = payload.littleEndian(at: 0)
    let code: UInt16 = payload.littleEndian(at: 2)
    let first: UInt32 = payload.littleEndian(at: 4)
    switch kind {
    case 1:
      try payload.checkFrame(16)
      self = .hello(
        session: first, maximumByteCount: payload.littleEndian(at: 8), isAnswer: code & 1 != 0)
    case 2:
      try payload.checkFrame(12)
      self = .offer(transfer: first, total: payload.littleEndian(at: 8))
    case 3:
      try payload.checkFrame(16)
      self = .credit(
        transfer: first, limit: payload.littleEndian(at: 8),
        received: payload.littleEndian(at: 12))
    case 4:
      guard payload.byteCount >= Self.dataHeaderByteCount else {
        throw .truncated(needed: Self.dataHeaderByteCount, available: payload.byteCount)
      }
      self = .data(
        transfer: first, total: payload.littleEndian(at: 8), offset: payload.littleEndian(at: 12),
        byteCount: UInt32(truncatingIfNeeded: payload.byteCount &- Self.dataHeaderByteCount),
        wantsCredit: code & 1 != 0)
    case 5:
      try payload.checkFrame(12)
      self = .done(transfer: first, total: payload.littleEndian(at: 8))
    case 6:
      try payload.checkFrame(8)
      self = .cancel(transfer: first, reason: TransferReason(rawValue: code))
    case 7:
      try payload.checkFrame(8)
      self = .refuse(transfer: first, reason: TransferReason(rawValue: code))
    default: throw .unknownKind(kind)
    }
  }
}

extension RawSpan {
  /// Checks the length of a frame of fixed length.
  fileprivate func checkFrame(_ needed: Int) throws(RPMsgTransferError) {
    guard byteCount == needed else {
      throw .wrongByteCount(needed: needed, available: byteCount)
    }
  }
}

extension TransferFrame {
  /// Writes the frame to the start of `buffer`, all but the bytes that a fragment carries; returns
  /// how many bytes it wrote.
  ///
  /// - Precondition: `buffer` has at least ``maximumHeaderByteCount`` bytes.
  public func encodeHeader(into buffer: inout MutableRawSpan) -> Int {
    switch self {
    case .hello(let session, let maximum, let isAnswer):
      buffer.storeFrame(kind: 1, code: isAnswer ? 1 : 0, session)
      buffer.storeLittleEndian(maximum, at: 8)
      buffer.storeLittleEndian(0 as UInt32, at: 12)
      return 16
    case .offer(let transfer, let total):
      buffer.storeFrame(kind: 2, code: 0, transfer)
      buffer.storeLittleEndian(total, at: 8)
      return 12
    case .credit(let transfer, let limit, let received):
      buffer.storeFrame(kind: 3, code: 0, transfer)
      buffer.storeLittleEndian(limit, at: 8)
      buffer.storeLittleEndian(received, at: 12)
      return 16
    case .data(let transfer, let total, let offset, _, let wantsCredit):
      buffer.storeFrame(kind: 4, code: wantsCredit ? 1 : 0, transfer)
      buffer.storeLittleEndian(total, at: 8)
      buffer.storeLittleEndian(offset, at: 12)
      return 16
    case .done(let transfer, let total):
      buffer.storeFrame(kind: 5, code: 0, transfer)
      buffer.storeLittleEndian(total, at: 8)
      return 12
    case .cancel(let transfer, let reason):
      buffer.storeFrame(kind: 6, code: reason.rawValue, transfer)
      return 8
    case .refuse(let transfer, let reason):
      buffer.storeFrame(kind: 7, code: reason.rawValue, transfer)
      return 8
    }
  }

  /// Writes the whole frame to the start of `buffer`, a fragment with its part of `message`; returns
  /// how many bytes it wrote.
  ///
  /// - Precondition: `buffer` holds the frame, and `message` the fragment.
  public func encode(into buffer: inout MutableRawSpan, message: RawSpan) -> Int {
    let headerCount = encodeHeader(into: &buffer)
    guard case .data(_, _, let offset, let byteCount, _) = self else { return headerCount }
    let start = Int(truncatingIfNeeded: offset)
    let count = Int(truncatingIfNeeded: byteCount)
    buffer.copy(message.extracting(start..<start + count), at: headerCount)
    return headerCount + count
  }
}

extension MutableRawSpan {
  /// Writes the first eight bytes of a frame.
  fileprivate mutating func storeFrame(kind: UInt8, code: UInt16, _ first: UInt32) {
    storeLittleEndian(kind, at: 0)
    storeLittleEndian(TransferFrame.version, at: 1)
    storeLittleEndian(code, at: 2)
    storeLittleEndian(first, at: 4)
  }
}
