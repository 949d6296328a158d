import RPMsgServices
import Testing
import WireTypes

/// A number in four bytes.
struct Number: WireMessage, Equatable {
  var value: UInt32
  static var maximumByteCount: Int { 4 }
  init(_ value: UInt32) { self.value = value }
  func encode(into buffer: inout MutableRawSpan) { buffer.storeLittleEndian(value, at: 0) }
  init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkByteCount(4)
    value = payload.littleEndian(at: 0)
  }
}

/// Doubles a number; refuses 13.
enum DoublingService: RPMsgService {
  typealias Request = Number
  typealias Response = Number
  typealias Event = Number
  static var name: WireName { WireName("doubling") }
}

func bytes<Message: WireMessage>(of message: Message, in frame: ServiceFrame? = nil) -> [UInt8] {
  var buffer = [UInt8](repeating: 0xee, count: 496)
  var span = buffer.mutableSpan
  var raw = span.mutableBytes
  guard let frame else {
    message.encode(into: &raw)
    return Array(buffer.prefix(message.byteCount))
  }
  let count = frame.encode(message, into: &raw)
  return Array(buffer.prefix(count))
}

@Suite("Frames of typed services")
struct ServiceFrameTests {
  @Test("The bytes are those of the layout")
  func layout() {
    let frame = ServiceFrame(.request, number: 0x0403_0201)
    #expect(bytes(of: Number(9), in: frame) == [1, 1, 0, 0, 1, 2, 3, 4, 9, 0, 0, 0])
    let response = ServiceFrame(.response, number: 7, status: ServiceStatus(rawValue: 0x0102))
    #expect(bytes(of: EmptyMessage(), in: response) == [2, 1, 2, 1, 7, 0, 0, 0])
  }

  @Test("A frame decodes as it was encoded; only a response has a status")
  func roundTrip() throws {
    for kind in [ServiceFrame.Kind.request, .response, .event] {
      let frame = ServiceFrame(kind, number: .max, status: .busy)
      let decoded = try ServiceFrame(
        decoding: bytes(of: Number(1), in: frame).span.bytes)
      #expect(decoded.kind == kind && decoded.number == .max)
      #expect(decoded.status == (kind == .response ? .busy : .done))
    }
  }

  @Test("truncated: every length below the header's", arguments: 0..<8)
  func truncated(count: Int) {
    let short = Array(bytes(of: Number(1), in: ServiceFrame(.event, number: 1)).prefix(count))
    #expect(throws: RPMsgServiceError.truncated(needed: 8, available: count)) {
      try ServiceFrame(decoding: short.span.bytes)
    }
  }

  @Test("unsupportedVersion and unknownKind")
  func unknown() {
    var frame = bytes(of: Number(1), in: ServiceFrame(.event, number: 1))
    frame[1] = 0
    #expect(throws: RPMsgServiceError.unsupportedVersion(0)) {
      try ServiceFrame(decoding: frame.span.bytes)
    }
    frame[1] = 1
    for kind in [0, 4, 255] as [UInt8] {
      frame[0] = kind
      #expect(throws: RPMsgServiceError.unknownKind(kind)) {
        try ServiceFrame(decoding: frame.span.bytes)
      }
    }
  }

  @Test("wrongByteCount: an empty message with something in it")
  func notEmpty() {
    let one: [UInt8] = [0]
    #expect(throws: RPMsgServiceError.wrongByteCount(needed: 0, available: 1)) {
      try EmptyMessage(decoding: one.span.bytes)
    }
  }
}

@Suite("Servers of typed services")
struct ServiceServerTests {
  private func answer(
    _ payload: [UInt8], _ server: inout RPMsgServiceServer<DoublingService>
  ) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 496)
    var span = buffer.mutableSpan
    var raw = span.mutableBytes
    let count = server.answer(payload.span.bytes, into: &raw) {
      (request) throws(ServiceRefusal) in
      if request.value == 13 { throw ServiceRefusal(.unsupported) }
      if request.value == 14 { throw ServiceRefusal(.done) }
      return Number(request.value &* 2)
    }
    return count.map { Array(buffer.prefix($0)) }
  }

  @Test("A request is answered with its number")
  func answers() throws {
    var server = RPMsgServiceServer<DoublingService>()
    let request = bytes(of: Number(21), in: ServiceFrame(.request, number: 77))
    let expected = bytes(of: Number(42), in: ServiceFrame(.response, number: 77))
    #expect(answer(request, &server) == expected)
    #expect(server.answeredCount == 1)
  }

  @Test("A refusal is told; one without a reason is a failure")
  func refusals() throws {
    var server = RPMsgServiceServer<DoublingService>()
    for (value, status) in [(13, ServiceStatus.unsupported), (14, .failed)]
      as [(UInt32, ServiceStatus)]
    {
      let request = bytes(of: Number(value), in: ServiceFrame(.request, number: 5))
      let response = try #require(answer(request, &server))
      #expect(response.count == 8)
      #expect(try ServiceFrame(decoding: response.span.bytes).status == status)
    }
  }

  @Test("A request that cannot be decoded is answered so, and not handled")
  func malformed() throws {
    var server = RPMsgServiceServer<DoublingService>()
    let request = bytes(of: EmptyMessage(), in: ServiceFrame(.request, number: 6))
    let response = try #require(answer(request, &server))
    let frame = try ServiceFrame(decoding: response.span.bytes)
    #expect(frame.status == .malformed && frame.number == 6)
  }

  @Test("What is no request is dropped and counted; an empty payload is neither")
  func drops() {
    var server = RPMsgServiceServer<DoublingService>()
    #expect(answer([], &server) == nil)
    #expect(server.droppedCount == 0)
    #expect(answer([1, 2, 3], &server) == nil)
    let response = bytes(of: Number(1), in: ServiceFrame(.response, number: 1))
    #expect(answer(response, &server) == nil)
    #expect(server.droppedCount == 2 && server.answeredCount == 0)
  }
}

@Suite("Tables of calls")
struct CallTableTests {
  @Test("tooManyCalls: the table has as many places as it says", arguments: [1, 3, 1024])
  func full(capacity: Int) throws {
    var table = CallTable(capacity: capacity)
    var numbers: [UInt32] = []
    for _ in 0..<capacity { numbers.append(try table.open().number) }
    #expect(Set(numbers).count == capacity)
    do throws(RPMsgServiceError) {
      _ = try table.open()
      Issue.record("a call too many")
    } catch { #expect(error == .tooManyCalls(limit: capacity)) }
    let match = table.close(numbers[0], as: .answered)
    #expect(match == .waiting(place: 0))
    _ = try table.open()
  }

  @Test("An answer is for a waiting call, late, double, or for nobody")
  func matches() throws {
    var table = CallTable(capacity: 2)
    let first = try table.open()
    let second = try table.open()
    var match = table.match(first.number)
    #expect(match == .waiting(place: first.place))
    match = table.close(first.number, as: .answered)
    #expect(match == .waiting(place: first.place))
    match = table.close(first.number, as: .answered)
    #expect(match == .duplicate)
    _ = table.close(second.number, as: .abandoned)
    match = table.close(second.number, as: .answered)
    #expect(match == .late)
    for number in [0, 1, 2, 1023, 1 << 11, .max] as [UInt32] {
      match = table.match(number)
      #expect(match == .unknown, "\(number)")
    }
    // The places are used again: old numbers are late, not the new calls.
    let third = try table.open()
    _ = try table.open()
    #expect(third.place == first.place && third.number != first.number)
    match = table.match(first.number)
    #expect(match == .late)
  }

  @Test("The numbers of a place wrap without a mix-up")
  func wraps() throws {
    var table = CallTable(capacity: 1, uses: 1 << 22 - 5)
    var last: UInt32 = 0
    for _ in 0..<10 {
      last = try table.open().number
      _ = table.close(last, as: .answered)
    }
    let call = try table.open()
    #expect(call.number != last)
    var match = table.match(call.number)
    #expect(match == .waiting(place: 0))
    match = table.match(last)
    #expect(match == .late)
    #expect(table.count == 1)
  }
}
