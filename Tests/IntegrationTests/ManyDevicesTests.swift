import ELF
import RPMsg
import RPMsgBus
import Remoteproc
import ResourceTable
import Scheduling
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

/// Memory and a doorbell, and the remote is the test.
private struct MemoryPlatform: PlatformDriver {
  struct Bell: Doorbell {
    let kicked: Recorder
    func kick(_ id: NotifyID) { kicked.add(id) }
  }

  /// Notify ids, in the order of their kicks.
  final class Recorder: Sendable {
    private let ids = Guarded<[NotifyID]>([])
    var all: [NotifyID] { ids.withLock { $0 } }
    func add(_ id: NotifyID) { ids.withLock { $0.append(id) } }
  }

  static let base = DeviceAddress(rawValue: 0x8000_0000)
  let memory: SharedWindow
  let doorbell = Bell(kicked: Recorder())
  private var pool: DeviceMemoryPool

  init() throws {
    memory = try SharedRegion(byteCount: 4 << 20).window
    pool = DeviceMemoryPool(
      base: Self.base, physicalBase: nil, memory: memory, placement: .identity)
  }

  mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    try pool.allocate(request)
  }
  mutating func release(_ grant: MemoryGrant) { pool.release(grant) }
  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {}
  mutating func stop() throws(PlatformError) {}
}

/// What came back on one device.
private final class Answers: Sendable {
  private let state = Guarded<[[UInt8]]>([])
  var all: [[UInt8]] { state.withLock { $0 } }
  func add(_ bytes: [UInt8]) { state.withLock { $0.append(bytes) } }
}

@Suite("Many virtio devices of one processor")
struct ManyDevicesTests {
  private static func firmware(_ count: Int) throws -> ELFFirmware {
    var builder = ResourceTableBuilder()
    builder.add(
      .carveout(
        MemoryResource(
          da: MemoryPlatform.base, byteCount: 0x4000, name: WireName("fw" as StaticString))))
    for index in 0..<count {
      let rings = (0..<2).map { _ in VringResource(da: nil, alignment: 4096, count: 16) }
      builder.add(
        .vdev(
          VdevResource(deviceID: 7, deviceFeatures: 1), vrings: rings,
          config: [UInt8(index), 0xc0, 0xc1]))
    }
    var image = ELFImage()
    image.entry = MemoryPlatform.base.rawValue
    image.segments = [
      ELFImage.Segment(address: image.entry, bytes: [UInt8](repeating: 0x13, count: 64))
    ]
    image.sections = [
      ELFImage.Section(
        name: ".resource_table", address: image.entry + 0x1000, bytes: try builder.build())
    ]
    return try ELFFirmware(parsing: image.build())
  }

  @Test("R119 each device has rings, buffers, notify ids and a bus of its own", arguments: [2, 5])
  func talk(count: Int) throws {
    let platform = try MemoryPlatform()
    let memory = platform.memory
    let bell = platform.doorbell
    var processor = RemoteProcessor(platform: platform)
    for _ in 0..<2 {
      try processor.boot(Self.firmware(count))
      let devices = processor.devices
      #expect(devices.count == count)
      #expect(
        devices.flatMap { $0.device.vrings.map(\.notifyID.rawValue) }
          == (0..<UInt32(2 * count)).map { $0 }, "ids of the last run are free again")
      let links = try devices.enumerated().map { index, device in
        #expect(try device.config() == [UInt8(index), 0xc0, 0xc1])
        return try DeviceLink(device, index, memory, bell)
      }
      for link in links { try link.connect() }
      // Each says something before any is answered.
      for number in 0..<40 {
        for link in links { try link.say(number) }
        for link in links.reversed() { try link.echo() }
      }
      for link in links {
        #expect(link.answers.all == (0..<40).map(link.message))
        link.bus.close()
      }
      #expect(Set(bell.kicked.all.map(\.rawValue)) == Set(0..<UInt32(2 * count)))
      try processor.shutdown()
    }
  }
}

/// Both ends of one device.
private final class DeviceLink {
  private let index: Int
  let bus: RPMsgHostBus
  let answers = Answers()
  private var remote: RPMsgRemote<SharedWindow, MemoryPlatform.Bell>
  private var endpoint: RPMsgEndpoint?

  init(
    _ device: Vdev, _ index: Int, _ memory: SharedWindow, _ bell: MemoryPlatform.Bell
  ) throws {
    self.index = index
    bus = try RPMsgHostBus(binding: device.device, doorbell: bell) { _ in }
    remote = try RPMsgRemote(
      entry: device.device.entry,
      reachable: MappedMemory(memory: memory, start: MemoryPlatform.base), doorbell: bell)
  }

  /// Announces a service of its own, and opens it.
  func connect() throws {
    let name = WireName("service-\(index)" as String)
    try remote.announce(remote.makeEndpoint(named: name))
    _ = bus.notified()
    let channels = bus.channels
    let channel = try #require(channels.first)
    #expect(channel.name == name && channels.count == 1)
    endpoint = try channel.open { [answers] _, _, payload in
      answers.add(payload.withUnsafeBytes { unsafe [UInt8]($0) })
    }
  }

  func message(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(index * 40 + number), count: 1 + number * 12)
  }

  func say(_ number: Int) throws { try endpoint?.send(message(number).span.bytes) }

  /// Sends back what has arrived.
  func echo() throws {
    let polled = try remote.poll { header, bytes, transmitter in
      do throws(RPMsgError) {
        try transmitter.enqueue(bytes, from: header.destination, to: header.source)
      } catch { Issue.record(error) }
      return .done
    }
    #expect(polled == 1)
    _ = bus.notified()
  }
}
