import RPMsg
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

private let host = EndpointAddress(rawValue: 0x400)
private let service = EndpointAddress(rawValue: 0x401)

@Suite("rpmsg, host role")
struct HostTests {
  /// Completes the newest receive buffer as a remote would, with `message` and a used length.
  static func deliver(
    _ link: RPMsgLink, slot: Int, _ message: [UInt8], usedByteCount: UInt32? = nil
  ) {
    let ring = link.device.vrings[0].memory
    let layout = link.layout
    let head = ring.loadUInt16(at: layout.available.offset + 4 + 2 * (slot % layout.queueSize))
    let address = ring.loadUInt64(at: 16 * Int(head))
    link.region.window.copyIn(
      message.span.bytes, at: Int(address - link.reachable.start.rawValue))
    let used = layout.used.offset + 4 + 8 * (slot % layout.queueSize)
    ring.store(UInt32(head), at: used)
    ring.store(usedByteCount ?? UInt32(message.count), at: used + 4)
    ring.store(UInt16(truncatingIfNeeded: slot + 1), at: layout.used.offset + 2)
  }

  /// A message with any numbers in its header.
  static func message(
    source: UInt32 = 0x401, destination: UInt32 = 0x400, byteCount: UInt16, payload: [UInt8],
    reserved: UInt32 = 0, flags: UInt16 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in [source, destination, reserved, UInt32(byteCount) | UInt32(flags) << 16] {
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
    return bytes + payload
  }

  @Test("Receive buffers are the first half, lent whole; transmit buffers the second, by length")
  func descriptors() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var receiver = try RPMsgDriverReceiver(link.device)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    let rings = link.device.vrings.map(\.memory)
    let base = try #require(link.device.buffers).start.rawValue
    #expect(rings[0].loadUInt16(at: link.layout.available.offset + 2) == 0)
    let wantsKick = receiver.publish()
    #expect(wantsKick && rings[0].loadUInt16(at: link.layout.available.offset + 2) == 4)
    for index in 0..<4 {
      #expect(rings[0].loadUInt64(at: 16 * index) == base + 512 * UInt64(index))
      #expect(rings[0].loadUInt32(at: 16 * index + 8) == 512)
      #expect(rings[0].loadUInt16(at: 16 * index + 12) == 2)
    }
    let payload: [UInt8] = [1, 2, 3]
    try transmitter.enqueue(payload.span.bytes, from: host, to: service)
    _ = transmitter.publish()
    #expect(rings[1].loadUInt64(at: 0) == base + 2048)
    #expect(rings[1].loadUInt32(at: 8) == 19)
    #expect(rings[1].loadUInt16(at: 12) == 0)
    // Nobody waits for transmit buffers, so the remote need not tell.
    #expect(rings[1].loadUInt16(at: link.layout.available.offset) == 1)
    let buffer = try #require(link.device.buffers).memory
    #expect(buffer.loadUInt32(at: 2048 + 8) == 0, "reserved")
    #expect(buffer.loadUInt32(at: 2048 + 12) == 3)
  }

  @Test("A ring of 512 has 256 buffers in each direction")
  func largeRing() throws {
    let link = try RPMsgLink(queueSize: 512, alignment: 4096)
    let receiver = try RPMsgDriverReceiver(link.device)
    #expect(receiver.bufferCount == 256 && receiver.unpublishedCount == 256)
    #expect(link.device.buffers?.memory.byteCount == 256 * 1024)
  }

  @Test(
    "Buffers that come back are due to be shown at half of the ring, and at 64",
    arguments: [(1, 1), (2, 1), (4, 2), (64, 32), (256, 64)] as [(UInt32, Int)])
  func publishDue(queueSize: UInt32, limit: Int) throws {
    let link = try RPMsgLink(queueSize: queueSize, alignment: 16)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    var payload = [UInt8](repeating: 0, count: 496)
    for slot in 0..<limit {
      let isEarly = receiver.isPublishDue
      #expect(!isEarly)
      Self.deliver(link, slot: slot, Self.message(byteCount: 0, payload: []))
      _ = try receiver.take(&payload)
    }
    let isDue = receiver.isPublishDue
    #expect(isDue && receiver.unpublishedCount == limit)
    _ = receiver.publish()
    let isStillDue = receiver.isPublishDue
    #expect(!isStillDue)
  }

  @Test("M11: payloads of 0 and 496 bytes go out, 497 are refused with both numbers, never cut")
  func payloadSizes() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    #expect(transmitter.payloadCapacity == 496)
    for size in [0, 496] {
      let payload = [UInt8](repeating: 5, count: size)
      try transmitter.enqueue(payload.span.bytes, from: host, to: service)
    }
    let long = [UInt8](repeating: 5, count: 497)
    #expect(
      refusal { () throws(RPMsgError) in
        try transmitter.enqueue(long.span.bytes, from: host, to: service)
      } == .payloadTooLong(byteCount: 497, capacity: 496))
    _ = transmitter.publish()
    #expect(transmitter.lentCount == 2)
  }

  @Test("The address \"any\" neither sends nor receives, and costs no buffer")
  func illegalAddresses() throws {
    let link = try RPMsgLink(queueSize: 2, alignment: 16)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    let payload: [UInt8] = [1]
    for _ in 0..<10 {
      #expect(
        refusal { () throws(RPMsgError) in
          try transmitter.enqueue(payload.span.bytes, from: .any, to: service)
        } == .illegalAddress(.any))
      #expect(
        refusal { () throws(RPMsgError) in
          try transmitter.enqueue(payload.span.bytes, from: host, to: .any)
        } == .illegalAddress(.any))
    }
    for _ in 0..<2 { try transmitter.enqueue(payload.span.bytes, from: host, to: service) }
    _ = transmitter.publish()
    #expect(transmitter.lentCount == 2)
  }

  @Test("D12: when the remote holds every buffer, sending says so at once; then recycles in order")
  func noBuffer() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    let payload: [UInt8] = [9]
    for _ in 0..<4 { try transmitter.enqueue(payload.span.bytes, from: host, to: service) }
    _ = transmitter.publish()
    #expect(
      refusal { () throws(RPMsgError) in
        try transmitter.enqueue(payload.span.bytes, from: host, to: service)
      } == .noBuffer)
    let none = try transmitter.setNotifications(true)
    #expect(!none)
    let ring = link.device.vrings[1].memory
    ring.store(2 as UInt32, at: link.layout.used.offset + 4)
    ring.store(1 as UInt16, at: link.layout.used.offset + 2)
    let some = try transmitter.setNotifications(true)
    #expect(some)
    try transmitter.enqueue(payload.span.bytes, from: host, to: service)
    _ = transmitter.publish()
    // Slot 4 wraps to 0, where buffer 2 is offered again.
    #expect(ring.loadUInt16(at: link.layout.available.offset + 4) == 2)
  }

  @Test("A reservation is filled in place, sent or cancelled")
  func reservation() throws {
    let link = try RPMsgLink(queueSize: 1, alignment: 16)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    let first = try transmitter.reserve()
    #expect(refusal { () throws(RPMsgError) in _ = try transmitter.reserve() } == .noBuffer)
    transmitter.cancel(first)
    let second = try transmitter.reserve()
    let start: [UInt8] = [1, 2]
    let rest: [UInt8] = [3]
    second.write(start.span.bytes)
    second.write(rest.span.bytes, at: 2)
    try transmitter.commit(second, byteCount: 3, from: host, to: service)
    _ = transmitter.publish()
    let buffer = try #require(link.device.buffers).memory
    #expect((0..<3).map { buffer.loadUInt8(at: 512 + 16 + $0) } == [1, 2, 3])
    #expect(link.device.vrings[1].memory.loadUInt32(at: 8) == 19)
  }

  @Test(
    "M01, M02, M05: a malformed message is dropped for its reason",
    arguments: [
      (16 + 8, 497, 0x401, .lengthExceedsBuffer(byteCount: 497, available: 8)),
      (16 + 8, 9, 0x401, .lengthExceedsBuffer(byteCount: 9, available: 8)),
      (512, 0xffff, 0x401, .lengthExceedsBuffer(byteCount: 0xffff, available: 496)),
      (0, 0, 0x401, .shortMessage(byteCount: 0)), (15, 0, 0x401, .shortMessage(byteCount: 15)),
      (15, 0xffff, 0x401, .shortMessage(byteCount: 15)),
      (24, 8, UInt32.max, .badSource(.any)),
      (24, 8, 0, .badSource(EndpointAddress(rawValue: 0))),
    ] as [(UInt32, UInt16, UInt32, RPMsgDropReason)])
  func dropped(
    used: UInt32, byteCount: UInt16, source: UInt32, reason: RPMsgDropReason
  ) throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    var payload = [UInt8](repeating: 0, count: 496)
    // Ten times round the ring: a buffer that was not given back would be missed.
    for slot in 0..<40 {
      let bytes = Self.message(
        source: source, byteCount: byteCount, payload: [UInt8](repeating: 1, count: 8))
      Self.deliver(link, slot: slot, bytes, usedByteCount: used)
      let received = try receiver.take(&payload)
      #expect(received == .dropped(reason))
      _ = receiver.publish()
    }
    #expect(payload.allSatisfy { $0 == 0 }, "nothing was copied")
    #expect(receiver.broken == nil)
  }

  @Test("M11: payloads of 0 and 496 bytes arrive; M07: flags and the reserved word do not matter")
  func received() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    var payload = [UInt8](repeating: 0, count: 496)
    for (slot, size) in [0, 1, 496].enumerated() {
      let bytes = Self.message(
        byteCount: UInt16(size), payload: (0..<size).map { UInt8(truncatingIfNeeded: $0 + 1) },
        reserved: 0xffff_0003, flags: 0xffff)
      Self.deliver(link, slot: slot, bytes, usedByteCount: size == 1 ? 512 : nil)
      let received = try receiver.take(&payload)
      let header = RPMsgHeader(
        source: service, destination: host, byteCount: UInt16(size), flags: 0xffff)
      #expect(received == .message(header))
      #expect((0..<size).allSatisfy { payload[$0] == UInt8(truncatingIfNeeded: $0 + 1) })
    }
    let nothing = try receiver.take(&payload)
    #expect(nothing == nil)
  }

  @Test("D07: a used length beyond the buffer breaks the ring, or is cut by the clamping rule")
  func longUsedLength() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    var payload = [UInt8](repeating: 0, count: 496)
    let bytes = Self.message(byteCount: 1, payload: [7])
    var strict = try RPMsgDriverReceiver(link.device)
    _ = strict.publish()
    Self.deliver(link, slot: 0, bytes, usedByteCount: 513)
    let reason = VringBreakage.badUsedLength(head: 0, byteCount: 513, posted: 512)
    #expect(
      refusal { () throws(RPMsgError) in _ = try strict.take(&payload) }
        == .vring(.broken(reason)))
    #expect(strict.broken == reason)
    var clamping = try RPMsgDriverReceiver(link.device, usedLengthRule: .clamp)
    _ = clamping.publish()
    Self.deliver(link, slot: 0, bytes, usedByteCount: 513)
    let received = try clamping.take(&payload)
    #expect(
      received == .message(RPMsgHeader(source: service, destination: host, byteCount: 1)))
  }

  @Test("M14: too little memory for the buffers is refused with both sizes")
  func smallMemory() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let all = try #require(link.device.buffers)
    let part = try #require(all.memory.window(at: 0, byteCount: 4095))
    let device = VirtioDevice(
      index: 0, entry: link.device.entry, vrings: link.device.vrings,
      buffers: MappedMemory(memory: part, start: all.start))
    let error = RPMsgError.bufferMemoryTooSmall(needed: 4096, available: 4095)
    #expect(refusal { () throws(RPMsgError) in _ = try RPMsgDriverReceiver(device) } == error)
    #expect(refusal { () throws(RPMsgError) in _ = try RPMsgDriverTransmitter(device) } == error)
    let none = VirtioDevice(
      index: 0, entry: link.device.entry, vrings: link.device.vrings, buffers: nil)
    #expect(
      refusal { () throws(RPMsgError) in _ = try RPMsgDriverReceiver(none) }
        == .bufferMemoryTooSmall(needed: 1, available: 0))
  }

  @Test("A device without two usable vrings is refused")
  func badVrings() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let one = VirtioDevice(
      index: 0, entry: link.device.entry, vrings: [link.device.vrings[0]],
      buffers: link.device.buffers)
    #expect(
      refusal { () throws(RPMsgError) in _ = try RPMsgDriverReceiver(one) }
        == .missingVrings(count: 1))
    let record = VirtioVringRecord(
      address: DeviceAddress(rawValue: 0), alignment: 16, queueSize: 3,
      notifyID: NotifyID(rawValue: 0))
    let odd = VirtioVring(record: record, memory: link.device.vrings[0].memory)
    let three = VirtioDevice(
      index: 0, entry: link.device.entry, vrings: [odd, odd], buffers: link.device.buffers)
    #expect(
      refusal { () throws(RPMsgError) in _ = try RPMsgDriverTransmitter(three) }
        == .vring(.invalidQueueSize(3)))
  }
}
