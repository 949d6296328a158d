import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

// The device's side of notifications that are asked for by index.
@Suite("Event index, device role")
struct DeviceEventIndexTests {
  private let far: FarSide
  private let buffers: MappedMemory<SharedWindow>

  init() throws {
    far = try FarSide(queueSize: 8)
    buffers = MappedMemory(
      memory: try SharedRegion(byteCount: 4096).window, start: DeviceAddress(rawValue: 0))
    for index in 0..<8 { far.setDescriptor(index, address: 64 * UInt64(index), byteCount: 64) }
  }

  private func device() throws -> VringDevice<SharedWindow> {
    try VringDevice(
      memory: far.window, layout: far.layout, buffers: buffers, usesEventIndex: true)
  }

  /// What the device asks to be told of.
  private var availableEvent: UInt16 {
    far.window.loadUInt16(at: far.layout.used.offset + 4 + 8 * far.layout.queueSize)
  }

  /// Says for the driver which used index it wants to hear of.
  private func setUsedEvent(_ index: UInt16) {
    far.window.store(index, at: far.layout.available.offset + 4 + 2 * far.layout.queueSize)
  }

  /// Makes the descriptor of slot `index` available.
  private func offer(_ index: UInt16) {
    far.setAvailable(Int(index), head: index & 7)
    far.setAvailableIndex(index &+ 1)
  }

  private func passOne(
    _ ring: inout VringDevice<SharedWindow>, _ index: UInt16
  ) throws -> Bool {
    offer(index)
    let buffer = try ring.popBuffer(.deviceReads)
    ring.complete(try #require(buffer?.head), byteCount: 0)
    return ring.publish()
  }

  // [VIRTIO-1.2] §2.7.7.2: an interrupt is due when the index that was asked for is passed.
  @Test("The driver is kicked when its index is passed, whatever its flag says")
  func kicks() throws {
    var ring = try device()
    far.setAvailableFlags(1)
    var wanted: [Bool] = []
    for index in 0..<6 as Range<UInt16> {
      if index == 2 { setUsedEvent(3) }
      if index == 5 { setUsedEvent(2) }
      wanted.append(try passOne(&ring, index))
    }
    #expect(wanted == [true, false, false, true, false, false])
  }

  @Test("Of many chains shown at once any may be the one asked for")
  func batch() throws {
    for (event, isDue) in [(0, true), (3, true), (4, false), (0xffff, false)] {
      let test = try DeviceEventIndexTests()
      var ring = try test.device()
      test.setUsedEvent(UInt16(event))
      for index in 0..<4 as Range<UInt16> {
        test.offer(index)
        let buffer = try ring.popBuffer(.deviceReads)
        ring.complete(try #require(buffer?.head), byteCount: 0)
      }
      let wanted = ring.publish()
      #expect(wanted == isDue, "event \(event)")
    }
  }

  @Test("An empty ring asks for the next buffer before it says so, and once")
  func asksForNext() throws {
    var ring = try device()
    offer(0)
    offer(1)
    for _ in 0..<2 { _ = try ring.popBuffer(.deviceReads) }
    #expect(availableEvent == 0)
    var next = try ring.popBuffer(.deviceReads)
    #expect(next == nil && availableEvent == 2)
    // What is there already is not written again.
    far.window.store(
      9 as UInt16, at: far.layout.used.offset + 4 + 8 * far.layout.queueSize)
    next = try ring.popBuffer(.deviceReads)
    #expect(next == nil && availableEvent == 9)
  }

  @Test("Turned off nothing is asked for; turned on, what waits already is told")
  func turnsOnAndOff() throws {
    var ring = try device()
    var waits = try ring.setNotifications(false)
    #expect(!waits && availableEvent == 0xffff)
    #expect(far.window.loadUInt16(at: far.layout.used.offset) == 0, "the flag is not used")
    let next = try ring.popBuffer(.deviceReads)
    #expect(next == nil && availableEvent == 0xffff)
    offer(0)
    waits = try ring.setNotifications(true)
    #expect(waits && availableEvent == 0)
    _ = try ring.popBuffer(.deviceReads)
    waits = try ring.setNotifications(false)
    #expect(!waits && availableEvent == 0)
  }

  @Test("Indices that wrap are compared as such")
  func wraps() throws {
    var ring = try device()
    for round in 0..<65_540 {
      let index = UInt16(truncatingIfNeeded: round)
      setUsedEvent(index)
      let wanted = try passOne(&ring, index)
      try #require(wanted, "round \(round)")
      let next = try ring.popBuffer(.deviceReads)
      try #require(next == nil && availableEvent == index &+ 1, "round \(round)")
    }
    setUsedEvent(2)
    let wanted = try passOne(&ring, 4)
    #expect(!wanted)
  }

  @Test("A driver that jumps breaks the ring here as well")
  func hostile() throws {
    var ring = try device()
    far.setAvailableIndex(9)
    #expect(
      caught { () throws(VringError) in try ring.popAvailable() }
        == .broken(.availableIndexJump(index: 9, consumed: 0, limit: 8)))
  }
}

/// Both roles with an event index; each side sleeps when it finds nothing, until it is kicked.
private struct SleepyPair: ~Copyable {
  var driver: VringDriver<SharedWindow>
  var device: VringDevice<SharedWindow>
  var driverSleeps = false
  var deviceSleeps = false
  var sent = 0
  var served = 0
  var back = 0
  var kicks = 0

  init(_ layout: VringLayout) throws {
    let ring = try SharedRegion(byteCount: layout.byteCount).window
    let pool = try SharedRegion(byteCount: 4096).window
    let driver = try VringDriver(memory: ring, layout: layout, usesEventIndex: true)
    let device = try VringDevice(
      memory: ring, layout: layout,
      buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)), usesEventIndex: true)
    self.driver = driver
    self.device = device
  }

  /// The driver takes back what it can, sends up to `batch`, and sleeps when it could do neither.
  mutating func driverTurn(batch: Int, target: Int) throws {
    guard !driverSleeps else { return }
    let before = sent + back
    while let used = try driver.popUsed() {
      driver.release(used.head)
      back += 1
    }
    for _ in 0..<batch where sent < target {
      guard let head = try driver.reserve() else { break }
      driver.add(
        head, address: DeviceAddress(rawValue: 0), byteCount: 1, direction: .deviceReads)
      sent += 1
    }
    if driver.publish() {
      deviceSleeps = false
      kicks += 1
    }
    driverSleeps = sent + back == before
  }

  /// The device serves up to `batch`, and sleeps when there is nothing.
  mutating func deviceTurn(batch: Int) throws {
    guard !deviceSleeps else { return }
    for _ in 0..<batch {
      guard let buffer = try device.popBuffer(.deviceReads) else {
        deviceSleeps = true
        break
      }
      device.complete(buffer.head, byteCount: 0)
      served += 1
    }
    if device.publish() {
      driverSleeps = false
      kicks += 1
    }
  }
}

@Suite("Rings of every geometry")
struct RingGeometryTests {
  @Test(
    "Buffers go around in rings of every size and alignment, and no sleeper misses its kick",
    arguments: (0...15).map { 1 << $0 })
  func geometry(queueSize: Int) throws {
    // Indices wrap in some, which takes longest in the smallest.
    let wraps = [1, 8, 256, 4096, 32_768].contains(queueSize)
    for alignment in wraps ? [16] : [4, 64, 4096] {
      let seed = UInt64(queueSize + alignment)
      var random = SeededGenerator(seed: seed)
      let layout = try VringLayout(queueSize: queueSize, alignment: alignment)
      var pair = try SleepyPair(layout)
      let target = wraps ? 66_000 : 3000
      while pair.back < target {
        try #require(
          !(pair.driverSleeps && pair.deviceSleeps),
          "both sleep: seed \(seed), \(pair.sent) sent, \(pair.served) served, \(pair.back) back")
        let batch = 1 + Int(random.next() % UInt64(min(2 * queueSize, 300)))
        if random.next() & 1 == 0 {
          try pair.driverTurn(batch: batch, target: target)
        } else {
          try pair.deviceTurn(batch: batch)
        }
      }
      #expect(pair.served == target && pair.kicks > 0 && pair.kicks <= 2 * target)
    }
  }
}
