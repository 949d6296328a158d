import RPMsgTransfers
import Testing
import WireTypes

@Suite("Frames of large messages")
struct TransferFrameTests {
  @Test(
    "A frame decodes as it was encoded",
    arguments: [
      TransferFrame.hello(session: 0xdead_beef, maximumByteCount: 1 << 20, isAnswer: false),
      .hello(session: 0, maximumByteCount: 0, isAnswer: true),
      .offer(transfer: 1, total: .max), .credit(transfer: 2, limit: 7, received: 5),
      .done(transfer: 3, total: 9), .cancel(transfer: 4, reason: .timedOut),
      .refuse(transfer: 5, reason: TransferReason(rawValue: 999)),
    ])
  func roundTrip(frame: TransferFrame) throws {
    #expect(try TransferFrame(decoding: frame.bytes().span.bytes) == frame)
  }

  @Test("The bytes of each kind are those of the layout")
  func layout() {
    let offer = TransferFrame.offer(transfer: 0x0403_0201, total: 0x0807_0605).bytes()
    #expect(offer == [2, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    let credit = TransferFrame.credit(transfer: 1, limit: 0x1_0203, received: 0xff).bytes()
    #expect(credit == [3, 1, 0, 0, 1, 0, 0, 0, 3, 2, 1, 0, 0xff, 0, 0, 0])
    let refuse = TransferFrame.refuse(transfer: 9, reason: .violation).bytes()
    #expect(refuse == [7, 1, 4, 0, 9, 0, 0, 0])
    let data = TransferFrame.data(
      transfer: 1, total: 6, offset: 2, byteCount: 3, wantsCredit: true)
    #expect(
      data.bytes(of: [10, 11, 12, 13, 14, 15])
        == [4, 1, 1, 0, 1, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 12, 13, 14])
  }

  @Test("A fragment has the bytes behind its header")
  func fragment() throws {
    let bytes = TransferFrame.fragment(7, total: 100, offset: 40, [1, 2, 3], wantsCredit: true)
    #expect(
      try TransferFrame(decoding: bytes.span.bytes)
        == .data(transfer: 7, total: 100, offset: 40, byteCount: 3, wantsCredit: true))
  }

  @Test("truncated: every length below the header's", arguments: 0..<8)
  func truncated(count: Int) {
    let bytes = Array(TransferFrame.cancel(transfer: 1, reason: .busy).bytes().prefix(count))
    #expect(throws: RPMsgTransferError.truncated(needed: 8, available: count)) {
      try TransferFrame(decoding: bytes.span.bytes)
    }
  }

  @Test("truncated: a fragment without a whole header", arguments: 8..<16)
  func truncatedFragment(count: Int) {
    let bytes = Array(TransferFrame.fragment(1, total: 9, offset: 0, [1]).prefix(count))
    #expect(throws: RPMsgTransferError.truncated(needed: 16, available: count)) {
      try TransferFrame(decoding: bytes.span.bytes)
    }
  }

  @Test("wrongByteCount: one byte more or less", arguments: [-1, 1])
  func wrongByteCount(change: Int) {
    for frame in [
      TransferFrame.hello(session: 1, maximumByteCount: 2, isAnswer: false),
      .offer(transfer: 1, total: 2), .credit(transfer: 1, limit: 2, received: 0),
      .done(transfer: 1, total: 2),
    ] {
      let whole = frame.bytes()
      let bytes = change < 0 ? whole.dropLast() : whole + [0]
      let changed = Array(bytes)
      #expect(
        throws: RPMsgTransferError.wrongByteCount(
          needed: whole.count, available: whole.count + change)
      ) {
        try TransferFrame(decoding: changed.span.bytes)
      }
    }
  }

  @Test("unsupportedVersion and unknownKind")
  func unknown() {
    var bytes = TransferFrame.offer(transfer: 1, total: 2).bytes()
    bytes[1] = 2
    #expect(throws: RPMsgTransferError.unsupportedVersion(2)) {
      try TransferFrame(decoding: bytes.span.bytes)
    }
    bytes[1] = 1
    for kind in [0, 8, 255] as [UInt8] {
      bytes[0] = kind
      #expect(throws: RPMsgTransferError.unknownKind(kind)) {
        try TransferFrame(decoding: bytes.span.bytes)
      }
    }
  }

  @Test("The name for large messages has the suffix, if there is room")
  func names() {
    #expect(TransferName.companion(of: WireName("echo")) == WireName("echo+L1"))
    let longest = WireName(String(repeating: "x", count: 28))
    #expect(TransferName.companion(of: longest)?.byteCount == 31)
    #expect(TransferName.companion(of: WireName(String(repeating: "x", count: 29))) == nil)
    #expect(TransferName.companion(of: WireName()) == nil)
    #expect(TransferName.isCompanion(WireName("echo+L1")))
    for name in ["echo", "+L1", "echo+L2", "L1", "", "echo+L1x"] {
      #expect(!TransferName.isCompanion(WireName(name)), "\(name)")
    }
  }
}
