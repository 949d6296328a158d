import Foundation
import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Two rings without a resource table")
struct RingPairTests {
  // Places that the platform headers of rpmsg-lite come to: for its microcontrollers each part of
  // a ring is rounded up to 16; parts that talk to Linux set 32 KiB aside for each ring.
  @Test(
    "Ring 1 lies behind ring 0, buffers behind both",
    arguments: [
      (2, 16, nil, 80, 160, 160 + 4 * 512), (16, 16, nil, 448, 896, 896 + 32 * 512),
      (16, 16, 1024, 1024, 2048, 2048 + 32 * 512),
      (256, 4096, 0x8000, 0x8000, 0x10000, 0x10000 + 0x40000),
      (512, 4096, 0x8000, 0x8000, 0x10000, 0x10000 + 0x40000),
    ] as [(UInt32, UInt32, Int?, Int, Int, Int)])
  func places(
    queueSize: UInt32, alignment: UInt32, given: Int?, second: Int, buffers: Int, end: Int
  ) throws {
    let pair = try RPMsgRingPair(
      queueSize: queueSize, alignment: alignment, ringByteCount: given, link: 3)
    #expect(pair.ringByteCount == second)
    #expect(pair.bufferOffset == buffers)
    #expect(pair.byteCount == end)
    let base = DeviceAddress(rawValue: 0x2000_0000)
    let records = [try #require(pair.record(0, at: base)), try #require(pair.record(1, at: base))]
    #expect(records.map(\.address.rawValue) == [0x2000_0000, 0x2000_0000 + UInt64(second)])
    #expect(records.map(\.notifyID.rawValue) == [6, 7])
    #expect(records.allSatisfy { $0.queueSize == queueSize && $0.alignment == alignment })
  }

  @Test("Numbers that make no ring, or a ring longer than its place, are refused")
  func refused() {
    #expect(throws: RPMsgError.vring(.invalidQueueSize(3))) { try RPMsgRingPair(queueSize: 3) }
    #expect(throws: RPMsgError.vring(.invalidAlignment(24))) {
      try RPMsgRingPair(queueSize: 16, alignment: 24)
    }
    #expect(throws: RPMsgError.vring(.ringMemoryTooSmall(needed: 438, available: 437))) {
      try RPMsgRingPair(queueSize: 16, ringByteCount: 437)
    }
  }

  @Test("A block that is a byte too short, or wraps, is refused")
  func shortBlock() throws {
    let pair = try RPMsgRingPair(queueSize: 16)
    let region = try SharedRegion(byteCount: 1 << 16)
    let needed = pair.byteCount
    let short = try #require(region.window.window(at: 0, byteCount: UInt64(needed - 1)))
    #expect(throws: RPMsgError.bufferMemoryTooSmall(needed: needed, available: needed - 1)) {
      try VirtioDevice(
        withoutTable: pair,
        in: MappedMemory(memory: short, start: DeviceAddress(rawValue: 0x1000)))
    }
    #expect(throws: RPMsgError.bufferMemoryTooSmall(needed: needed, available: 0)) {
      try VirtioDevice(
        withoutTable: pair,
        in: MappedMemory(memory: region.window, start: DeviceAddress(rawValue: .max - 4095)))
    }
  }

  @Test("The bus comes up on it with one kick of ring 0, and talks to a remote that has no table")
  func talks() throws {
    let pair = try RPMsgRingPair(queueSize: 16)
    let region = try SharedRegion(byteCount: 1 << 16)
    let start = DeviceAddress(rawValue: 0x2000_0000)
    let block = MappedMemory(memory: region.window, start: start)
    let device = try VirtioDevice(withoutTable: pair, in: block)
    let bell = CountingBell()
    var options = RPMsgBusOptions()
    options.profile = .rpmsgLite
    let bus = try RPMsgHostBus(binding: device, doorbell: bell, options: options)
    defer { bus.close() }
    #expect(bell.counts == [1, 0], "the first kick is the sign that the link is up")
    var remote = try RPMsgRemote(
      transmitRing: try #require(pair.record(0, at: start)),
      receiveRing: try #require(pair.record(1, at: start)), reachable: block, doorbell: bell)
    let address = try remote.makeEndpoint(
      named: WireName("rpmsg-lite-test" as StaticString), at: EndpointAddress(rawValue: 30))
    try remote.announce(address)
    _ = bus.notified()
    let channel = try #require(bus.channels.first)
    #expect(channel.remoteAddress == address)
    let answers = Recorder<[UInt8]>()
    let endpoint = try channel.open { _, _, payload in
      answers.add(payload.withUnsafeBytes { Array($0) })
    }
    for size in 0...496 {
      let sent = (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ size) }
      try endpoint.trySend(sent.span.bytes)
      let count = try remote.poll { header, bytes, transmitter in
        do throws(RPMsgError) {
          try transmitter.enqueue(bytes, from: header.destination, to: header.source)
        } catch { Issue.record(error) }
        return .done
      }
      try #require(count == 1)
      _ = bus.notified()
      try #require(answers.items.last == sent)
    }
  }
}
