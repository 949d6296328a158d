import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Sizes of buffers on a bus")
struct BusBufferSizeTests {
  /// A link with memory for any of the sizes used here, whose device has 13 bytes of config.
  private func link(features: UInt32 = 3, _ config: [UInt8] = []) throws -> BusLink {
    let link = try BusLink(queueSize: 4, features: features, bufferByteCount: 64 * 1024)
    // The entry ends with its config space; 24 bytes of head and two vrings come before.
    link.region.window.store(UInt32(config.count), at: 16)
    link.region.window.copyIn(config.span.bytes, at: 24 + 40)
    return link
  }

  /// The device as it reads with its config.
  private func device(_ link: BusLink) throws -> VirtioDevice<SharedWindow> {
    VirtioDevice(
      index: 0, entry: try VirtioDeviceEntry(memory: link.region.window, offset: 0),
      vrings: link.device.vrings, buffers: link.device.buffers)
  }

  private func config(
    version: UInt8 = 1, size: UInt16 = 13, alignment: UInt16 = 64, transmit: UInt32 = 1024,
    receive: UInt32 = 256
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 13)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    raw.storeLittleEndian(version, at: 0)
    raw.storeLittleEndian(size, at: 1)
    raw.storeLittleEndian(alignment, at: 3)
    raw.storeLittleEndian(transmit, at: 5)
    raw.storeLittleEndian(receive, at: 9)
    return bytes
  }

  @Test("Sizes by option, for each direction")
  func byOption() throws {
    var options = RPMsgBusOptions()
    options.bufferSizes = RPMsgBufferSizes(receiveByteCount: 2048, transmitByteCount: 128)
    let link = try link()
    let bus = try RPMsgHostBus(
      binding: link.device, doorbell: CountingBell(), options: options)
    #expect(bus.maximumByteCount == 112)
    let ring = link.device.vrings[0].memory
    #expect(ring.loadUInt32(at: 8) == 2048)
    #expect(ring.loadUInt64(at: 16) == ring.loadUInt64(at: 0) + 2048)
    bus.close()
  }

  @Test("The profile linux takes them from configuration space, seen from the remote")
  func byConfig() throws {
    var options = RPMsgBusOptions()
    options.profile = .linux
    let link = try link(config())
    let device = try device(link)
    let bus = try RPMsgHostBus(binding: device, doorbell: CountingBell(), options: options)
    #expect(bus.features == [.nameService, .linuxBufferSize])
    #expect(bus.maximumByteCount == 240)
    #expect(link.device.vrings[0].memory.loadUInt32(at: 8) == 1024)
    bus.close()
  }

  @Test("In other profiles bit 1 means nothing, and is not accepted")
  func otherProfiles() throws {
    for profile in RPMsgProfile.allCases where profile != .linux {
      var options = RPMsgBusOptions()
      options.profile = profile
      let device = try device(try link(config()))
      let bus = try RPMsgHostBus(binding: device, doorbell: CountingBell(), options: options)
      #expect(bus.features == .nameService)
      #expect(bus.maximumByteCount == 496)
      bus.close()
    }
  }

  @Test("Wrong version, size, alignment or sizes of buffers are refused, with the numbers")
  func refused() throws {
    var options = RPMsgBusOptions()
    options.profile = .linux
    let bad = [
      config(version: 2), config(size: 12), config(alignment: 3), config(alignment: 2048),
      config(transmit: 15), config(receive: 0), config(alignment: 0, receive: 0x1_0010),
    ]
    for bytes in bad {
      let link = try link(bytes)
      let device = try device(link)
      let span = bytes.span.bytes
      let expected = RPMsgBusError.bufferSizesRefused(
        version: span.littleEndian(at: 0), byteCount: span.littleEndian(at: 1),
        alignment: span.littleEndian(at: 3), transmit: span.littleEndian(at: 5),
        receive: span.littleEndian(at: 9))
      #expect(throws: expected) {
        try RPMsgHostBus(binding: device, doorbell: CountingBell(), options: options)
      }
      #expect(link.device.entry.status.rawValue == 0x83)
    }
  }

  @Test("A feature without its configuration space is refused")
  func noConfig() throws {
    var options = RPMsgBusOptions()
    options.profile = .linux
    let device = try device(try link())
    let expected = RPMsgBusError.device(
      .configOutOfRange(offset: 0, byteCount: 13, available: 0))
    #expect(throws: expected) {
      try RPMsgHostBus(binding: device, doorbell: CountingBell(), options: options)
    }
  }
}
