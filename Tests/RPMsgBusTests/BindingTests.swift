import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Binding a device")
struct BindingTests {
  @Test("The status ends at 7, the features are ours, and vring 0 is kicked once")
  func binds() throws {
    let fixture = try BusFixture(try BusLink(features: 0xffff_ffff))
    #expect(fixture.link.device.entry.status.rawValue == 7)
    let features: VirtioFeatures = [.nameService, .indirectDescriptors, .eventIndex]
    #expect(fixture.link.device.entry.acceptedFeatures == features)
    #expect(fixture.bus.features == features)
    #expect(fixture.bell.counts == [1, 0])
    #expect(fixture.bus.maximumByteCount == 496)
    fixture.bus.close()
  }

  @Test("A status left over from an earlier run does not disturb", arguments: [0x07, 0x83, 0xff])
  func staleStatus(status: UInt8) throws {
    let link = try BusLink()
    link.region.window.store(status, at: 20)
    let fixture = try BusFixture(link)
    #expect(link.device.entry.status.rawValue == 7)
    fixture.bus.close()
  }

  @Test("Another kind of device is refused and left alone")
  func wrongDevice() throws {
    let link = try BusLink(id: 11)
    #expect(throws: RPMsgBusError.wrongDevice(.remoteSerial)) {
      try RPMsgHostBus(binding: link.device, doorbell: CountingBell())
    }
    #expect(link.device.entry.status.rawValue == 0)
  }

  @Test("M14: too little memory for buffers fails, and the status says so")
  func smallBuffers() throws {
    let link = try BusLink(bufferByteCount: 16 * 1024 - 1)
    let expected = RPMsgBusError.rings(
      .bufferMemoryTooSmall(needed: 16 * 1024, available: 16 * 1024 - 1))
    #expect(throws: expected) {
      try RPMsgHostBus(binding: link.device, doorbell: CountingBell())
    }
    #expect(link.device.entry.status.rawValue == 0x83)
  }

  @Test("Fewer than two vrings, or one of a bad size, fail and the status says so")
  func badRings() throws {
    let link = try BusLink()
    let one = VirtioDevice(
      index: 0, entry: link.device.entry, vrings: Array(link.device.vrings.prefix(1)),
      buffers: link.device.buffers)
    #expect(throws: RPMsgBusError.rings(.missingVrings(count: 1))) {
      try RPMsgHostBus(binding: one, doorbell: CountingBell())
    }
    #expect(link.device.entry.status.rawValue == 0x83)
    link.region.window.store(3 as UInt32, at: 32)
    let record = try link.device.entry.vring(0)
    let odd = VirtioDevice(
      index: 0, entry: link.device.entry,
      vrings: [
        VirtioVring(record: record, memory: link.device.vrings[0].memory),
        link.device.vrings[1],
      ], buffers: link.device.buffers)
    #expect(throws: RPMsgBusError.rings(.vring(.invalidQueueSize(3)))) {
      try RPMsgHostBus(binding: odd, doorbell: CountingBell())
    }
  }

  @Test("Without memory for buffers nothing is bound")
  func noBuffers() throws {
    let link = try BusLink()
    let device = VirtioDevice(
      index: 0, entry: link.device.entry, vrings: link.device.vrings, buffers: nil)
    #expect(throws: RPMsgBusError.rings(.bufferMemoryTooSmall(needed: 1, available: 0))) {
      try RPMsgHostBus(binding: device, doorbell: CountingBell())
    }
  }

  @Test("All receive buffers are lent, 512 bytes each, for the device to write")
  func receiveBuffers() throws {
    let fixture = try BusFixture(queueSize: 4)
    let ring = fixture.link.device.vrings[0].memory
    let start = try #require(fixture.link.device.buffers?.start.rawValue)
    for index in 0..<4 {
      #expect(ring.loadUInt64(at: 16 * index) == start + UInt64(512 * index))
      #expect(ring.loadUInt32(at: 16 * index + 8) == 512)
      #expect(ring.loadUInt16(at: 16 * index + 12) == 2)
    }
    #expect(ring.loadUInt16(at: 64 + 2) == 4)
    fixture.bus.close()
  }

  @Test("Closing resets the status; a second call does nothing")
  func closes() throws {
    let fixture = try BusFixture()
    fixture.bus.close()
    #expect(fixture.bus.isClosed)
    #expect(fixture.link.device.entry.status.rawValue == 0)
    fixture.link.region.window.store(1 as UInt8, at: 20)
    fixture.bus.close()
    #expect(fixture.link.device.entry.status.rawValue == 1)
    #expect(!fixture.bus.notified())
    #expect(throws: RPMsgBusError.remoteGone) {
      try fixture.bus.makeEndpoint { _, _, _ in }
    }
  }

  @Test("A kick that names neither ring is counted")
  func unknownNotification() throws {
    let fixture = try BusFixture()
    #expect(!fixture.bus.notified(NotifyID(rawValue: 9)))
    #expect(fixture.bus.statistics.unknownNotifications == 1)
    #expect(fixture.bus.statistics.notifications == 1)
    fixture.bus.close()
  }
}
