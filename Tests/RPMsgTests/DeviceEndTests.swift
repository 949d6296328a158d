import RPMsg
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

private let here = EndpointAddress(rawValue: 0x401)
private let there = EndpointAddress(rawValue: 0x400)

/// Both rings of a link with our device ends, and rings of the driver role by hand: their buffers
/// are of any size and in any place.
private struct DeviceEnds: ~Copyable {
  var transmitter: RPMsgDeviceTransmitter<SharedWindow>
  var receiver: RPMsgDeviceReceiver<SharedWindow>
  /// The driver's ends of vring 0 and 1.
  var lender: VringDriver<SharedWindow>
  var sender: VringDriver<SharedWindow>
  let buffers: MappedMemory<SharedWindow>
  let link: RPMsgLink

  init(queueSize: UInt32 = 4, usesEventIndex: Bool = false) throws {
    let link = try RPMsgLink(queueSize: queueSize, alignment: 16)
    let vrings = link.device.vrings
    let lender = try VringDriver(
      memory: vrings[0].memory, layout: link.layout, usesEventIndex: usesEventIndex)
    let sender = try VringDriver(
      memory: vrings[1].memory, layout: link.layout, usesEventIndex: usesEventIndex)
    let buffers = MappedMemory(
      memory: try SharedRegion(byteCount: 1 << 18).window,
      start: DeviceAddress(rawValue: 0x9000_0000))
    let first = try VringDevice(
      memory: vrings[0].memory, layout: link.layout, buffers: buffers,
      usesEventIndex: usesEventIndex)
    let second = try VringDevice(
      memory: vrings[1].memory, layout: link.layout, buffers: buffers,
      usesEventIndex: usesEventIndex)
    self.buffers = buffers
    self.link = link
    self.lender = lender
    self.sender = sender
    transmitter = RPMsgDeviceTransmitter(ring: first, notifyID: vrings[0].notifyID)
    receiver = RPMsgDeviceReceiver(ring: second, notifyID: vrings[1].notifyID)
  }

  /// Lends a buffer of vring 0 at `offset`; whether the device wants to be told.
  mutating func lend(at offset: Int, byteCount: Int) throws -> Bool {
    let head = try #require(try lender.reserve())
    lender.add(
      head, address: DeviceAddress(rawValue: buffers.start.rawValue + UInt64(offset)),
      byteCount: UInt32(byteCount), direction: .deviceWrites)
    return lender.publish()
  }

  /// The next message that we sent: where it lies, its header and how much of its buffer is used.
  mutating func sent(offsetOf head: (UInt16) -> Int) throws -> (RPMsgHeader, [UInt8], Int)? {
    guard let used = try lender.popUsed() else { return nil }
    let offset = head(used.head)
    lender.release(used.head)
    var bytes = [UInt8](repeating: 0, count: Int(used.byteCount))
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    buffers.memory.copyOut(from: offset, into: &raw)
    let header = try RPMsgHeader(decoding: bytes.span.bytes)
    return (header, Array(bytes.dropFirst(16).prefix(Int(header.byteCount))), Int(used.byteCount))
  }

  /// Sends `payload` from a buffer at `offset` with room for `byteCount` bytes in all.
  mutating func send(_ payload: [UInt8], at offset: Int, announcing count: Int? = nil) throws {
    var bytes = [UInt8](repeating: 0, count: 16 + payload.count)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    RPMsgHeader(
      source: there, destination: here, byteCount: UInt16(count ?? payload.count)
    ).encode(into: &raw)
    for (index, byte) in payload.enumerated() { bytes[16 + index] = byte }
    buffers.memory.copyIn(bytes.span.bytes, at: offset)
    let head = try #require(try sender.reserve())
    sender.add(
      head, address: DeviceAddress(rawValue: buffers.start.rawValue + UInt64(offset)),
      byteCount: UInt32(bytes.count), direction: .deviceReads)
    _ = sender.publish()
  }

  /// Copies all of a held payload.
  func payload(of message: borrowing RPMsgDeviceHeldMessage) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: message.byteCount)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    receiver.copyPayload(of: message, into: &raw)
    return bytes
  }
}

extension RPMsgDeviceReceiver {
  /// Holds the message that is there; throws why it cannot be held.
  fileprivate mutating func message() throws -> RPMsgDeviceHeldMessage {
    switch try hold() {
    case nil: throw NothingThere()
    case .message(let message): return message
    case .dropped(let reason): throw Dropped(reason: reason)
    }
  }
}

private struct NothingThere: Error {}

private struct Dropped: Error, Equatable {
  let reason: RPMsgDropReason
}

@Suite("rpmsg, device ends of both rings")
struct DeviceEndTests {
  @Test(
    "How much a message carries is what the driver's descriptor says, not 512",
    arguments: [16, 17, 64, 512, 2048, 65_551, 65_552, 100_000])
  func capacity(byteCount: Int) throws {
    var ends = try DeviceEnds()
    var capacity = try ends.transmitter.nextCapacity()
    #expect(capacity == nil)
    _ = try ends.lend(at: 24, byteCount: byteCount)
    capacity = try ends.transmitter.nextCapacity()
    let expected = min(byteCount - 16, 0xffff)
    #expect(capacity == expected)
    let payload = [UInt8](repeating: 9, count: expected + 1)
    #expect(
      refusal { () throws(RPMsgError) in
        try ends.transmitter.enqueue(payload.span.bytes, from: here, to: there)
      } == .payloadTooLong(byteCount: expected + 1, capacity: expected))
    try ends.transmitter.enqueue(
      payload.span.bytes.extracting(first: expected), from: here, to: there)
    _ = ends.transmitter.publish()
    let (header, bytes, used) = try #require(try ends.sent { _ in 24 })
    #expect(header == RPMsgHeader(source: here, destination: there, byteCount: UInt16(expected)))
    #expect(bytes == Array(payload.prefix(expected)) && used == 16 + expected)
  }

  @Test("A reservation is filled in place, then sent or cancelled, in any order with others")
  func reservations() throws {
    var ends = try DeviceEnds()
    for index in 0..<3 { _ = try ends.lend(at: 1000 * index, byteCount: 100 + index) }
    let first = try ends.transmitter.reserve()
    let second = try ends.transmitter.reserve()
    let third = try ends.transmitter.reserve()
    #expect(first.payloadCapacity == 84 && third.payloadCapacity == 86)
    #expect(
      refusal { () throws(RPMsgError) in
        let none = try ends.transmitter.reserve()
        ends.transmitter.cancel(none)
      } == .noBuffer)
    let bytes: [UInt8] = [1, 2, 3, 4]
    ends.transmitter.write(bytes.span.bytes, at: 0, in: third)
    ends.transmitter.write(bytes.span.bytes, at: 82, in: third)
    ends.transmitter.cancel(first)
    ends.transmitter.cancel(second)
    try ends.transmitter.commit(third, byteCount: 86, from: here, to: there)
    #expect(ends.transmitter.unpublishedCount == 1)
    _ = ends.transmitter.publish()
    let sent = try #require(try ends.sent { 1000 * Int($0) })
    #expect(sent.0.byteCount == 86 && sent.1.prefix(4) == [1, 2, 3, 4])
    #expect(sent.1.suffix(4) == [1, 2, 3, 4])
    // What was cancelled last goes out first; no buffer is lost.
    for expected in [1, 0] {
      try ends.transmitter.enqueue(bytes.span.bytes, from: here, to: there)
      _ = ends.transmitter.publish()
      let again = try ends.sent { head in
        #expect(Int(head) == expected)
        return 1000 * Int(head)
      }
      #expect(again?.1 == bytes)
    }
  }

  @Test("An address that cannot send costs no buffer, in place or copied")
  func illegalAddress() throws {
    var ends = try DeviceEnds()
    _ = try ends.lend(at: 0, byteCount: 64)
    for _ in 0..<10 {
      let reservation = try ends.transmitter.reserve()
      #expect(
        refusal { () throws(RPMsgError) in
          let empty: [UInt8] = []
          try ends.transmitter.enqueue(empty.span.bytes, from: .any, to: there)
        } == .illegalAddress(.any))
      do throws(RPMsgError) {
        try ends.transmitter.commit(reservation, byteCount: 0, from: here, to: .any)
        Issue.record("sent to nobody")
      } catch { #expect(error == .illegalAddress(.any)) }
    }
    let capacity = try ends.transmitter.nextCapacity()
    #expect(capacity == 48)
  }

  @Test("A sender that is about to sleep asks for kicks, and is told of what is there")
  func transmitNotifications() throws {
    for usesEventIndex in [false, true] {
      var ends = try DeviceEnds(usesEventIndex: usesEventIndex)
      var wanted = try ends.lend(at: 0, byteCount: 64)
      #expect(wanted)
      let capacity = try ends.transmitter.nextCapacity()
      #expect(capacity == 48)
      wanted = try ends.lend(at: 64, byteCount: 64)
      #expect(!wanted, "one is there")
      var isThere = try ends.transmitter.setNotifications(true)
      #expect(isThere)
      let byte: [UInt8] = [1]
      for _ in 0..<2 { try ends.transmitter.enqueue(byte.span.bytes, from: here, to: there) }
      isThere = try ends.transmitter.setNotifications(true)
      #expect(!isThere)
      wanted = try ends.lend(at: 128, byteCount: 64)
      #expect(wanted)
      isThere = try ends.transmitter.setNotifications(true)
      #expect(isThere)
    }
  }

  @Test("Held messages are read where they lie, and released in any order")
  func hold() throws {
    var ends = try DeviceEnds()
    for index in 0..<3 as Range<UInt8> {
      try ends.send([index, index + 1], at: 512 * Int(index) + 4)
    }
    let first = try ends.receiver.message()
    let second = try ends.receiver.message()
    let third = try ends.receiver.message()
    #expect(second.header == RPMsgHeader(source: there, destination: here, byteCount: 2))
    #expect(ends.payload(of: first) == [0, 1] && ends.payload(of: third) == [2, 3])
    let sum = unsafe ends.receiver.withUnsafePayload(of: second) { bytes in
      unsafe bytes.reduce(0) { $0 + Int($1) }
    }
    #expect(sum == 3)
    ends.receiver.release(second)
    ends.receiver.release(first)
    #expect(ends.receiver.unpublishedCount == 2)
    _ = ends.receiver.publish()
    var back: [UInt16] = []
    while let used = try ends.sender.popUsed() { back.append(used.head) }
    #expect(back == [1, 0])
    ends.receiver.release(third)
    _ = ends.receiver.publish()
    let last = try ends.sender.popUsed()
    #expect(last?.head == 2)
  }

  @Test("A whole ring can be held, and one message of 65,535 bytes")
  func holdMany() throws {
    var ends = try DeviceEnds(queueSize: 2)
    let long = [UInt8](repeating: 5, count: 65_535)
    try ends.send(long, at: 3)
    try ends.send([], at: 100_000)
    let first = try ends.receiver.message()
    let second = try ends.receiver.message()
    #expect(second.byteCount == 0)
    #expect(throws: NothingThere.self) { try ends.receiver.release(ends.receiver.message()) }
    #expect(ends.payload(of: first) == long)
    ends.receiver.release(first)
    ends.receiver.release(second)
  }

  @Test("M01: a malformed message cannot be held, and its buffer goes back")
  func holdMalformed() throws {
    var ends = try DeviceEnds()
    for round in 0..<10 {
      try ends.send([1, 2, 3], at: 0, announcing: 4)
      do {
        ends.receiver.release(try ends.receiver.message())
        Issue.record("held in round \(round)")
      } catch let dropped as Dropped {
        #expect(dropped.reason == .lengthExceedsBuffer(byteCount: 4, available: 3))
      }
      _ = ends.receiver.publish()
      let used = try #require(try ends.sender.popUsed())
      ends.sender.release(used.head)
    }
  }

  @Test("M11: a payload longer than the room for it is dropped, its buffer goes back")
  func tooLongForTarget() throws {
    var ends = try DeviceEnds()
    try ends.send([UInt8](repeating: 1, count: 600), at: 0)
    var target = [UInt8](repeating: 0, count: 599)
    var span = target.mutableSpan
    var raw = span.mutableBytes
    let received = try ends.receiver.receive(into: &raw)
    #expect(received == .dropped(.lengthExceedsBuffer(byteCount: 600, available: 599)))
    _ = ends.receiver.publish()
    let used = try ends.sender.popUsed()
    #expect(used != nil)
  }

  @Test("M03: holding fetches the header once and no payload")
  func holdFetches() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let log = FetchLog()
    let vring = link.device.vrings[1]
    let reachable = CountingMemory(link.region.window, log: log, origin: 1 << 30)
    var receiver = RPMsgDeviceReceiver(
      ring: try VringDevice(
        memory: CountingMemory(vring.memory, log: log), layout: link.layout,
        buffers: MappedMemory(memory: reachable, start: link.reachable.start)),
      notifyID: vring.notifyID)
    var sender = try RPMsgDriverTransmitter(link.device)
    let payload = [UInt8](repeating: 3, count: 40)
    try sender.enqueue(payload.span.bytes, from: there, to: here)
    _ = sender.publish()
    let fetches = try log.operation { receiver.release(try receiver.message()) }
    #expect(fetches.fetchedAgain == [] && fetches.fetched == 2 + 2 + 16 + 16)
  }
}
