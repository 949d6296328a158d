import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import WireTypes

// The status byte is the driver's, but the remote can write it.
@Suite("A status that the remote changes")
struct LiveStatusTests {
  /// Offset of the status in the device's entry.
  private let status = 20

  @Test("R121 failed or needs reset stops the device, once", arguments: [0x40, 0x47, 0x87, 0xff])
  func r121_givesUp(value: UInt8) throws {
    let fixture = try BusFixture()
    let endpoint = try fixture.bus.makeEndpoint { _, _, _ in }
    fixture.link.region.window.store(value, at: status)
    for _ in 0..<1000 { #expect(!fixture.bus.notified(NotifyID(rawValue: 0))) }
    let failures = fixture.events.items.filter { event in
      if case .failed = event { true } else { false }
    }
    #expect(failures == [.failed(VirtioStatus(rawValue: value))])
    #expect(throws: RPMsgBusError.deviceFailed(VirtioStatus(rawValue: value))) {
      try endpoint.trySend([1], to: EndpointAddress(rawValue: 5))
    }
    fixture.bus.close()
  }

  @Test(
    "R121 anything else has no effect, however often it changes", arguments: [0, 1, 3, 0x0f, 0x3f])
  func r121_ignored(value: UInt8) throws {
    let fixture = try BusFixture()
    for round in 0..<1000 {
      fixture.link.region.window.store(round % 2 == 0 ? value : 7, at: status)
      _ = fixture.bus.notified(NotifyID(rawValue: 0))
    }
    #expect(fixture.events.items.isEmpty)
    fixture.bus.close()
    #expect(fixture.link.device.entry.status.isEmpty)
  }
}
