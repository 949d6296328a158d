import RPMsg
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

private let here = EndpointAddress(rawValue: 0x400)
private let there = EndpointAddress(rawValue: 0x401)

@Suite("Sizes of message buffers")
struct BufferSizeTests {
  @Test(
    "Sizes out of range are refused",
    arguments: [
      (15, 512, 4, .illegalBufferSize(byteCount: 15)),
      (512, 65_552, 4, .illegalBufferSize(byteCount: 65_552)),
      (512, 0, 4, .illegalBufferSize(byteCount: 0)),
      (512, -1, 4, .illegalBufferSize(byteCount: -1)),
      (512, 512, 0, .illegalBufferCount(0)),
    ] as [(Int, Int, Int, RPMsgError)])
  func refused(receive: Int, transmit: Int, count: Int, error: RPMsgError) throws {
    let sizes = RPMsgBufferSizes(
      receiveByteCount: receive, transmitByteCount: transmit, maximumCount: count)
    #expect(throws: error) { try sizes.byteCount(queueSize: 8) }
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    #expect(
      refusal { () throws(RPMsgError) in _ = try RPMsgDriverReceiver(link.device, sizes: sizes) }
        == error)
    #expect(
      refusal { () throws(RPMsgError) in _ = try RPMsgDriverTransmitter(link.device, sizes: sizes) }
        == error)
  }

  @Test("The bytes of both parts are what their sizes and counts make")
  func byteCounts() throws {
    #expect(try RPMsgBufferSizes.standard.byteCount(queueSize: 512) == 256 * 1024)
    #expect(try RPMsgBufferSizes.standard.byteCount(queueSize: 4) == 4096)
    let large = RPMsgBufferSizes(
      receiveByteCount: 65_551, transmitByteCount: 16, maximumCount: .max)
    #expect(try large.byteCount(queueSize: 32_768) == 32_768 * 65_567)
  }

  // Sizes of every kind: no payload at all, odd, larger than a page, the longest there is.
  @Test(
    "Messages of both directions fit to the byte, whatever the sizes, on any ring",
    arguments: [(16, 17), (24, 4096), (100, 33), (2048, 512), (65_551, 5000)], [1, 2, 64, 1024])
  func fits(sizes: (Int, Int), queueSize: Int) throws {
    let sizes = RPMsgBufferSizes(
      receiveByteCount: sizes.0, transmitByteCount: sizes.1, maximumCount: .max)
    var pair = try EndPair(queueSize: queueSize, alignment: 4, sizes: sizes)
    #expect(pair.hostReceiver.bufferCount == queueSize)
    var random = SeededGenerator(seed: UInt64(sizes.receiveByteCount + queueSize))
    for _ in 0..<20 { try pair.exchange(&random) }
    #expect(
      refusal { () throws(RPMsgError) in
        let long = [UInt8](repeating: 0, count: sizes.transmitByteCount - 15)
        try pair.hostTransmitter.enqueue(long.span.bytes, from: here, to: there)
      }
        == .payloadTooLong(
          byteCount: sizes.transmitByteCount - 15, capacity: sizes.transmitByteCount - 16))
  }

  @Test(
    "The remote may be the driver and the host the device, on rings of every size",
    arguments: (0...15).map { 1 << $0 })
  func everyRing(queueSize: Int) throws {
    let sizes = RPMsgBufferSizes(
      receiveByteCount: 48, transmitByteCount: 64, maximumCount: .max)
    // Both ends are the same code on either processor; here the names change sides.
    var pair = try EndPair(queueSize: queueSize, alignment: 4 << (queueSize % 3), sizes: sizes)
    var random = SeededGenerator(seed: UInt64(queueSize))
    for _ in 0..<3 { try pair.exchange(&random) }
    for _ in 0..<queueSize {
      try pair.hostTransmitter.enqueue([1].span.bytes, from: here, to: there)
    }
    #expect(
      refusal { () throws(RPMsgError) in
        try pair.hostTransmitter.enqueue([1].span.bytes, from: here, to: there)
      } == .noBuffer)
    _ = pair.hostTransmitter.publish()
    #expect(pair.hostTransmitter.lentCount == queueSize)
  }
}

/// Both ends of a device in plain memory, the driver's ("host" in a table of the host's) and the
/// device's.
private struct EndPair: ~Copyable {
  var hostTransmitter: RPMsgDriverTransmitter<SharedWindow>
  var hostReceiver: RPMsgDriverReceiver<SharedWindow>
  var remoteTransmitter: RPMsgDeviceTransmitter<SharedWindow>
  var remoteReceiver: RPMsgDeviceReceiver<SharedWindow>
  var target = [UInt8](repeating: 0, count: 65_535)

  init(queueSize: Int, alignment: Int, sizes: RPMsgBufferSizes) throws {
    let layout = try VringLayout(queueSize: queueSize, alignment: alignment)
    let ringSpan = (layout.byteCount + 15) / 16 * 16
    let buffersAt = 4096 + 2 * ringSpan
    let buffersSpan = try sizes.byteCount(queueSize: queueSize)
    let window = try SharedRegion(byteCount: buffersAt + buffersSpan).window
    let base: UInt64 = 0x8000_0000
    window.store(7 as UInt32, at: 0)
    window.store(2 as UInt8, at: 21)
    let vrings = try (0..<2).map { index in
      let at = 4096 + index * ringSpan
      return VirtioVring(
        record: VirtioVringRecord(
          address: DeviceAddress(rawValue: base + UInt64(at)), alignment: UInt32(alignment),
          queueSize: UInt32(queueSize), notifyID: NotifyID(rawValue: UInt32(index))),
        memory: try #require(window.window(at: UInt64(at), byteCount: UInt64(ringSpan))))
    }
    let device = VirtioDevice(
      index: 0, entry: try VirtioDeviceEntry(memory: window, offset: 0), vrings: vrings,
      buffers: MappedMemory(
        memory: try #require(
          window.window(at: UInt64(buffersAt), byteCount: UInt64(buffersSpan))),
        start: DeviceAddress(rawValue: base + UInt64(buffersAt))))
    let transmitter = try RPMsgDriverTransmitter(device, sizes: sizes)
    var receiver = try RPMsgDriverReceiver(device, sizes: sizes)
    _ = receiver.publish()
    let reachable = MappedMemory(memory: window, start: DeviceAddress(rawValue: base))
    let first = try VringDevice(memory: vrings[0].memory, layout: layout, buffers: reachable)
    let second = try VringDevice(memory: vrings[1].memory, layout: layout, buffers: reachable)
    hostTransmitter = transmitter
    hostReceiver = receiver
    remoteTransmitter = RPMsgDeviceTransmitter(ring: first, notifyID: vrings[0].notifyID)
    remoteReceiver = RPMsgDeviceReceiver(ring: second, notifyID: vrings[1].notifyID)
  }

  /// One message each way, of the longest length and of a random one.
  mutating func exchange(_ random: inout SeededGenerator) throws {
    for isLongest in [true, false] {
      var capacity = hostTransmitter.payloadCapacity
      var sent = Self.payload(isLongest ? capacity : Int(random.next() % UInt64(capacity + 1)))
      try hostTransmitter.enqueue(sent.span.bytes, from: here, to: there)
      _ = hostTransmitter.publish()
      try check(try remoteReceiver.take(&target), sent)
      _ = remoteReceiver.publish()
      capacity = hostReceiver.payloadCapacity
      sent = Self.payload(isLongest ? capacity : Int(random.next() % UInt64(capacity + 1)))
      try remoteTransmitter.enqueue(sent.span.bytes, from: here, to: there)
      _ = remoteTransmitter.publish()
      try check(try hostReceiver.take(&target), sent)
      _ = hostReceiver.publish()
    }
  }

  private func check(_ received: RPMsgReceived?, _ sent: [UInt8]) throws {
    try #require(
      received
        == .message(
          RPMsgHeader(source: here, destination: there, byteCount: UInt16(sent.count))))
    try #require(Array(target.prefix(sent.count)) == sent)
  }

  private static func payload(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: 7 &* $0 &+ count) }
  }
}

extension RPMsgDeviceReceiver {
  /// What ``receive(into:)`` gives, with the payload in an array.
  fileprivate mutating func take(_ payload: inout [UInt8]) throws(RPMsgError) -> RPMsgReceived? {
    var span = payload.mutableSpan
    var bytes = span.mutableBytes
    return try receive(into: &bytes)
  }
}
