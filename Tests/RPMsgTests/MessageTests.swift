import RPMsg
import TestSupport
import Testing
import WireTypes

@Suite("rpmsg header and name service on the wire")
struct MessageTests {
  @Test("decode(encode(header)) is the header, with 0 in the reserved word")
  func headerRoundTrip() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<1_000 {
      let bits = random.next()
      let header = RPMsgHeader(
        source: EndpointAddress(rawValue: UInt32(truncatingIfNeeded: bits)),
        destination: EndpointAddress(rawValue: UInt32(truncatingIfNeeded: bits >> 32)),
        byteCount: UInt16(random.next() % 497), flags: UInt16(truncatingIfNeeded: random.next()))
      var bytes = [UInt8](repeating: 0xaa, count: 512)
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      header.encode(into: &raw)
      #expect(Array(bytes[8..<12]) == [0, 0, 0, 0])
      #expect(try RPMsgHeader(decoding: bytes.span.bytes) == header)
    }
  }

  @Test("M07: fields lie where the layout says, and the reserved word is ignored")
  func headerLayout() throws {
    let bytes: [UInt8] = [
      0x00, 0x04, 0, 0, 0x35, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 1, 0, 0x34, 0x12, 0x55,
    ]
    let header = try RPMsgHeader(decoding: bytes.span.bytes)
    #expect(
      header
        == RPMsgHeader(
          source: EndpointAddress(rawValue: 0x400),
          destination: EndpointAddress(rawValue: 0x8000_0035), byteCount: 1, flags: 0x1234))
  }

  @Test(
    "A buffer that ends before the header or the payload is refused", arguments: [0, 15, 16, 19])
  func truncatedHeader(available: Int) {
    var bytes = [UInt8](repeating: 0, count: available)
    if available >= 13 { bytes[12] = 4 }
    let needed = available < 16 ? 16 : 20
    #expect(throws: RPMsgError.truncated(needed: needed, available: available)) {
      try RPMsgHeader(decoding: bytes.span.bytes)
    }
  }

  static func nameService(
    _ name: [UInt8], address: UInt32 = 0x400, flags: UInt32 = 0
  ) -> [UInt8] {
    var bytes = name + [UInt8](repeating: 0, count: 32 - name.count)
    for value in [address, flags] {
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }
    return bytes
  }

  @Test("A name-service message survives encoding")
  func nameServiceRoundTrip() throws {
    for isWithdrawal in [false, true] {
      let message = NameServiceMessage(
        name: WireName("rpmsg-echo"), address: EndpointAddress(rawValue: 0x401),
        isWithdrawal: isWithdrawal)
      var bytes = [UInt8](repeating: 0xaa, count: 40)
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      message.encode(into: &raw)
      #expect(
        bytes
          == Self.nameService(
            Array("rpmsg-echo".utf8), address: 0x401, flags: isWithdrawal ? 1 : 0))
      let decoded = try NameServiceMessage(decoding: bytes.span.bytes)
      #expect(decoded == message && decoded.isWithdrawal == isWithdrawal)
    }
  }

  @Test("N01: any other length is malformed", arguments: [0, 39, 41, 496])
  func nameServiceLength(byteCount: Int) {
    let bytes = [UInt8](repeating: 1, count: byteCount)
    #expect(throws: RPMsgError.malformedNameService(byteCount: byteCount)) {
      try NameServiceMessage(decoding: bytes.span.bytes)
    }
  }

  @Test("N02: an empty name is refused, one without end is cut to 31 bytes, any byte is escaped")
  func nameServiceNames() throws {
    #expect(throws: RPMsgError.emptyName) {
      try NameServiceMessage(decoding: Self.nameService([0, 65]).span.bytes)
    }
    let endless = Self.nameService([UInt8](repeating: 0xff, count: 32))
    let cut = try NameServiceMessage(decoding: endless.span.bytes)
    #expect(cut.name.byteCount == 31)
    let odd = try NameServiceMessage(
      decoding: Self.nameService([0x2e, 0x2e, 0x2f, 0x0a, 0x1b]).span.bytes)
    #expect(odd.name.description == "../\\x0a\\x1b")
    // Peers leave old bytes behind the end.
    let stale = Self.nameService(Array("echo\0stale".utf8))
    let name = try NameServiceMessage(decoding: stale.span.bytes).name
    #expect(name == WireName("echo"))
  }

  @Test(
    "N07: addresses that no service can have are refused",
    arguments: [53, 0x8000_0000, UInt32.max])
  func nameServiceAddresses(address: UInt32) {
    let bytes = Self.nameService([65], address: address)
    #expect(throws: RPMsgError.illegalServiceAddress(EndpointAddress(rawValue: address))) {
      try NameServiceMessage(decoding: bytes.span.bytes)
    }
  }

  @Test("N07: the other addresses pass", arguments: [0, 52, 54, 1024, 0x7fff_ffff] as [UInt32])
  func legalAddresses(address: UInt32) throws {
    let bytes = Self.nameService([65], address: address)
    #expect(try NameServiceMessage(decoding: bytes.span.bytes).address.rawValue == address)
  }

  @Test(
    "N08: only bit 0 of the flags counts, the others are reported",
    arguments: [(0, false, 0), (1, true, 0), (2, false, 2), (UInt32.max, true, UInt32.max - 1)]
      as [(UInt32, Bool, UInt32)])
  func nameServiceFlags(flags: UInt32, isWithdrawal: Bool, unknown: UInt32) throws {
    let bytes = Self.nameService([65], flags: flags)
    let message = try NameServiceMessage(decoding: bytes.span.bytes)
    #expect(message.isWithdrawal == isWithdrawal && message.unknownFlags == unknown)
  }
}
