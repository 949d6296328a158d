import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Virtio device entry in a resource table")
struct VirtioDeviceEntryTests {
  /// An entry with two vrings and three bytes of config space, at `offset` of a page.
  static func window(
    offset: Int, vringCount: UInt8 = 2, configByteCount: UInt32 = 3
  ) throws -> SharedWindow {
    let window = try SharedRegion(byteCount: 4096).window
    var bytes: [UInt8] = []
    func word(_ value: UInt32) {
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }
    for value in [7, 9, 0x3000_0001, 0, configByteCount] as [UInt32] { word(value) }
    bytes += [0, vringCount, 0, 0]
    for index in 0..<UInt32(vringCount) {
      for value in [0x1000 * (index + 1), 4096, 256, 10 + index, .max] { word(value) }
    }
    bytes += [0xc0, 0xc1, 0xc2]
    window.copyIn(bytes.span.bytes, at: offset)
    return window
  }

  @Test("Every field is found, aligned or not", arguments: [0, 4, 1, 2, 3, 4096 - 67])
  func fields(offset: Int) throws {
    let window = try Self.window(offset: offset)
    let entry = try VirtioDeviceEntry(memory: window, offset: offset)
    #expect(entry.id == .rpmsg)
    #expect(entry.notifyID == NotifyID(rawValue: 9))
    #expect(entry.offeredFeatures == [.nameService, .indirectDescriptors, .eventIndex])
    #expect(entry.acceptedFeatures == [] && entry.status == [])
    #expect(entry.vringCount == 2 && entry.configByteCount == 3)
    let second = try entry.vring(1)
    #expect(
      second
        == VirtioVringRecord(
          address: DeviceAddress(rawValue: 0x2000), alignment: 4096, queueSize: 256,
          notifyID: NotifyID(rawValue: 11)))
    #expect(try second.layout().byteCount == 10_246)
    #expect((0..<3).map { entry.configByte(at: $0) } == [0xc0, 0xc1, 0xc2])
    #expect(entry.configByte(at: 3) == nil && entry.configByte(at: -1) == nil)
  }

  @Test("What the driver writes the remote sees, aligned or not", arguments: [0, 1])
  func writes(offset: Int) throws {
    let window = try Self.window(offset: offset)
    let entry = try VirtioDeviceEntry(memory: window, offset: offset)
    #expect(!entry.isDriverReady)
    try entry.setStatus([.acknowledge, .driver], from: [])
    try entry.acceptFeatures([.nameService, .eventIndex])
    try entry.setStatus([.acknowledge, .driver, .driverOK], from: [.acknowledge, .driver])
    #expect(entry.isDriverReady && window.loadUInt8(at: offset + 20) == 7)
    #expect(entry.acceptedFeatures == [.nameService, .eventIndex])
    #expect(window.loadUInt8(at: offset + 12) == 1 && window.loadUInt8(at: offset + 15) == 0x20)
    #expect(entry.setConfigByte(0xee, at: 2) && entry.configByte(at: 2) == 0xee)
    #expect(!entry.setConfigByte(0, at: 3) && !entry.setConfigByte(0, at: -1))
  }

  @Test("Features that were not offered, or do not fit, are refused and not written")
  func refusedFeatures() throws {
    let entry = try VirtioDeviceEntry(memory: Self.window(offset: 0), offset: 0)
    #expect(throws: VirtioError.featuresNotOffered(VirtioFeatures(rawValue: 2))) {
      try entry.acceptFeatures([.nameService, VirtioFeatures(rawValue: 2)])
    }
    #expect(throws: VirtioError.featuresNotExpressible(.version1)) {
      try entry.acceptFeatures([.nameService, .version1])
    }
    #expect(entry.acceptedFeatures == [])
  }

  @Test("A vring that the device does not have is refused", arguments: [-1, 2, 255])
  func refusedVring(index: Int) throws {
    let entry = try VirtioDeviceEntry(memory: Self.window(offset: 0), offset: 0)
    #expect(throws: VirtioError.noSuchVring(index: index, count: 2)) { try entry.vring(index) }
  }

  @Test(
    "An entry that does not fit is refused with both sizes",
    arguments: [
      (4096 - 66, 2, 3, 67, 66), (4096 - 23, 0, 0, 24, 23), (4096, 0, 0, 24, 0),
      (5000, 0, 0, 24, 0), (-1, 0, 0, 24, 0), (0, 255, 0, 24 + 5100, 4096),
      (0, 0, UInt32.max, 24 + Int(UInt32.max), 4096),
    ] as [(Int, UInt8, UInt32, Int, Int)])
  func truncated(
    offset: Int, vringCount: UInt8, configByteCount: UInt32, needed: Int, available: Int
  ) throws {
    let window = try SharedRegion(byteCount: 4096).window
    if (0...4072).contains(offset) {
      window.store(vringCount, at: offset + 21)
      for index in 0..<4 {
        window.store(
          UInt8(truncatingIfNeeded: configByteCount >> UInt32(8 * index)), at: offset + 16 + index)
      }
    }
    #expect(throws: VirtioError.entryTruncated(needed: needed, available: available)) {
      try VirtioDeviceEntry(memory: window, offset: offset)
    }
  }

  @Test("V15: geometry that changes later has no effect")
  func changedGeometry() throws {
    let window = try Self.window(offset: 0)
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    window.store(0xff as UInt8, at: 21)
    window.store(UInt32.max, at: 16)
    #expect(entry.vringCount == 2 && entry.configByteCount == 3)
    #expect(entry.configByte(at: 0) == 0xc0)
    #expect(throws: VirtioError.noSuchVring(index: 2, count: 2)) { try entry.vring(2) }
  }

  @Test("An entry that reads differently each time never traps")
  func oracle() {
    var successes = 0
    for seed in 0..<2_000 as Range<UInt64> {
      let memory = OracleMemory(byteCount: 256, seed: seed)
      let offset = Int(seed % 256)
      guard let entry = try? VirtioDeviceEntry(memory: memory, offset: offset) else { continue }
      successes += 1
      for index in 0..<entry.vringCount { _ = try? entry.vring(index).layout() }
      for index in 0..<min(entry.configByteCount, 256) { _ = entry.configByte(at: index) }
      _ = entry.status
      #expect(memory.violations == 0, "seed \(seed)")
    }
    #expect(successes > 0)
  }

  @Test("Each field of the entry is fetched once")
  func fetches() throws {
    let log = FetchLog()
    let memory = CountingMemory(try Self.window(offset: 0), log: log)
    let made = try log.operation { try VirtioDeviceEntry(memory: memory, offset: 0) }
    #expect(made.fetchedAgain == [])
    let vring = try log.operation { try made.result.vring(0) }
    #expect(vring.fetchedAgain == [] && vring.fetched == 16)
  }
}
