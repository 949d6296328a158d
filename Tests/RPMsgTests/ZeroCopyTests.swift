import RPMsg
import SharedMemory
import Synchronization
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

private let here = EndpointAddress(rawValue: 0x400)
private let there = EndpointAddress(rawValue: 0x401)

@Suite("rpmsg without copies, driver role")
struct ZeroCopyTests {
  private let link: RPMsgLink

  init() throws { link = try RPMsgLink(queueSize: 4, alignment: 16) }

  /// A receiver that has lent all its buffers.
  private func receiver() throws -> RPMsgDriverReceiver<SharedWindow> {
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    return receiver
  }

  private func deliver(_ slot: Int, _ payload: [UInt8]) {
    HostTests.deliver(
      link, slot: slot,
      HostTests.message(byteCount: UInt16(payload.count), payload: payload))
  }

  @Test("A reservation that is dropped is cancelled: its buffer goes out again")
  func droppedReservation() throws {
    var transmitter = try RPMsgDriverTransmitter(link.device)
    for _ in 0..<100 {
      let capacity = try transmitter.reserve().payloadCapacity
      #expect(capacity == 496)
    }
    let one = try transmitter.reserve()
    do {
      let two = try transmitter.reserve()
      let three = try transmitter.reserve()
      let four = try transmitter.reserve()
      #expect(refusal { () throws(RPMsgError) in _ = try transmitter.reserve() } == .noBuffer)
      #expect(two.payloadCapacity + three.payloadCapacity + four.payloadCapacity == 3 * 496)
    }
    for _ in 0..<3 { try transmitter.enqueue([1].span.bytes, from: here, to: there) }
    #expect(refusal { () throws(RPMsgError) in _ = try transmitter.reserve() } == .noBuffer)
    try transmitter.commit(one, byteCount: 0, from: here, to: there)
    _ = transmitter.publish()
    #expect(transmitter.lentCount == 4)
  }

  @Test("A refused commit frees its buffer")
  func refusedCommit() throws {
    var transmitter = try RPMsgDriverTransmitter(link.device)
    for _ in 0..<8 {
      let buffer = try transmitter.reserve()
      do throws(RPMsgError) {
        try transmitter.commit(buffer, byteCount: 0, from: .any, to: there)
        Issue.record("sent")
      } catch { #expect(error == .illegalAddress(.any)) }
    }
    _ = transmitter.publish()
    #expect(transmitter.lentCount == 0)
  }

  @Test("A held message is read in place, copied out in part, and released in any order")
  func holdAndRelease() throws {
    var receiver = try receiver()
    for slot in 0..<40 where slot % 2 == 0 {
      deliver(slot, [1, 2, 3, 4, 5])
      deliver(slot + 1, [6])
      guard case .message(let first)? = try receiver.hold(),
        case .message(let second)? = try receiver.hold()
      else {
        Issue.record("no message")
        return
      }
      #expect(first.header.source == there && first.byteCount == 5)
      #expect(first.littleEndian(at: 1, as: UInt32.self) == 0x0504_0302)
      #expect(second.littleEndian(at: 0, as: UInt8.self) == 6)
      var part = [UInt8](repeating: 0, count: 2)
      var span = part.mutableSpan
      var bytes = span.mutableBytes
      first.copyPayload(from: 3, into: &bytes)
      #expect(part == [4, 5])
      if try receiver.hold() != nil { Issue.record("a third message") }
      #expect(receiver.unpublishedCount == 0, "held, so not lent")
      receiver.release(second)
      receiver.release(first)
      #expect(receiver.unpublishedCount == 2)
      _ = receiver.publish()
    }
    #expect(receiver.broken == nil)
  }

  @Test("A held message that is dropped, on any thread, goes back with the next publish")
  func droppedMessage() async throws {
    var receiver = try receiver()
    for slot in 0..<40 {
      deliver(slot, [UInt8(slot)])
      guard case .message(let message)? = try receiver.hold() else {
        Issue.record("no message")
        return
      }
      if slot % 2 == 0 {
        let boxed = Mutex<RPMsgDriverHeldMessage<SharedWindow>?>(message)
        await Task.detached { boxed.withLock { $0 = nil } }.value
      } else {
        _ = consume message
      }
      #expect(receiver.unpublishedCount == 0)
      _ = receiver.publish()
    }
    #expect(receiver.broken == nil)
  }

  @Test(
    "M01, M02, M05: a malformed message is not held, and its buffer goes back",
    arguments: [
      (15, 0, 0x401, .shortMessage(byteCount: 15)),
      (24, 9, 0x401, .lengthExceedsBuffer(byteCount: 9, available: 8)),
      (24, 8, 0, .badSource(EndpointAddress(rawValue: 0))),
    ] as [(UInt32, UInt16, UInt32, RPMsgDropReason)])
  func malformed(
    used: UInt32, byteCount: UInt16, source: UInt32, reason: RPMsgDropReason
  ) throws {
    var receiver = try receiver()
    for slot in 0..<40 {
      let bytes = HostTests.message(
        source: source, byteCount: byteCount, payload: [UInt8](repeating: 1, count: 8))
      HostTests.deliver(link, slot: slot, bytes, usedByteCount: used)
      guard case .dropped(let found)? = try receiver.hold() else {
        Issue.record("held")
        return
      }
      #expect(found == reason)
      _ = receiver.publish()
    }
  }

  @Test("Holding fetches index, entry and header, each byte once, and no payload")
  func fetches() throws {
    let log = FetchLog()
    let device = try link.device { CountingMemory($0, log: log, origin: $1) }
    var receiver = try RPMsgDriverReceiver(device)
    _ = receiver.publish()
    deliver(0, [UInt8](repeating: 7, count: 100))
    let hold = try log.operation { () throws in
      guard case .message(let message)? = try receiver.hold() else { return 0 }
      let count = message.byteCount
      receiver.release(message)
      return count
    }
    #expect(hold.fetchedAgain == [] && hold.fetched == 2 + 8 + 16)
  }

  @Test("A batch fills as many buffers as are free and is shown once")
  func batch() throws {
    var transmitter = try RPMsgDriverTransmitter(link.device)
    let bytes = [UInt8](0..<13)
    var counts: [Int] = []
    for _ in 0..<3 {
      counts.append(
        try transmitter.enqueue(batch: bytes.span.bytes, each: 4, from: here, to: there))
    }
    #expect(counts == [3, 1, 0])
    let ring = link.device.vrings[1].memory
    #expect(ring.loadUInt16(at: link.layout.available.offset + 2) == 0)
    let wantsKick = transmitter.publish()
    #expect(wantsKick)
    #expect(ring.loadUInt16(at: link.layout.available.offset + 2) == 4)
    let buffers = try #require(link.device.buffers).memory
    #expect((0..<4).map { buffers.loadUInt8(at: 2048 + 2 * 512 + 16 + $0) } == [8, 9, 10, 11])
    #expect(buffers.loadUInt16(at: 2048 + 12) == 4)
    let long = [UInt8](repeating: 0, count: 994)
    #expect(
      refusal { () throws(RPMsgError) in
        _ = try transmitter.enqueue(batch: long.span.bytes, each: 497, from: here, to: there)
      } == .payloadTooLong(byteCount: 497, capacity: 496))
    #expect(
      refusal { () throws(RPMsgError) in
        _ = try transmitter.enqueue(batch: bytes.span.bytes, each: 1, from: .any, to: there)
      } == .illegalAddress(.any))
  }
}
