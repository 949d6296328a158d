import SharedMemory
import Testing
import Vring
import WireTypes

@Suite("Vring, device role")
struct VringDeviceTests {
  /// Device addresses of the memory for buffers.
  static let start: UInt64 = 0x4000_0000
  let driver: FarSide
  let buffers: MappedMemory<SharedWindow>

  init() throws {
    driver = try FarSide()
    let pool = try SharedRegion(byteCount: 4096).window
    buffers = MappedMemory(memory: pool, start: DeviceAddress(rawValue: Self.start))
  }

  func device() throws -> VringDevice<SharedWindow> {
    try VringDevice(memory: driver.window, layout: driver.layout, buffers: buffers)
  }

  /// Offers the chains of `heads` at once.
  func offer(_ heads: [UInt16], from slot: Int = 0) {
    for (index, head) in heads.enumerated() { driver.setAvailable(slot + index, head: head) }
    driver.setAvailableIndex(UInt16(truncatingIfNeeded: slot + heads.count))
  }

  /// The error of the first pop of one buffer for reading.
  func firstError() throws -> VringError? {
    var device = try device()
    return caught { () throws(VringError) in try device.popBuffer(.deviceReads) }
  }

  @Test("A buffer offered is taken once, and given back with its length")
  func takeAndGiveBack() throws {
    var device = try device()
    let nothing = try device.popBuffer(.deviceReads)
    #expect(nothing == nil)
    driver.setDescriptor(3, address: Self.start + 512, byteCount: 80)
    offer([3])
    let buffer = try #require(try device.popBuffer(.deviceReads))
    #expect(buffer.head == 3)
    #expect(buffer.segment == VringSegment(offset: 512, byteCount: 80, direction: .deviceReads))
    let again = try device.popBuffer(.deviceReads)
    #expect(again == nil && device.heldCount == 1)
    device.complete(3, byteCount: 80)
    #expect(driver.usedIndex == 0, "not visible before it is published")
    let wantsKick = device.publish()
    #expect(wantsKick && driver.usedIndex == 1)
    #expect(driver.used(0) == (3, 80))
    driver.setAvailableFlags(1)
    offer([3], from: 1)
    _ = try device.popBuffer(.deviceReads)
    device.complete(3, byteCount: 80)
    let suppressed = device.publish()
    #expect(!suppressed && driver.usedIndex == 2)
  }

  @Test(
    "V01: an available index beyond the ring breaks it", arguments: [9, 256, 32_768, 0xffff])
  func availableIndexJump(index: UInt16) throws {
    driver.setAvailableIndex(index)
    #expect(
      try firstError()
        == .broken(.availableIndexJump(index: index, consumed: 0, limit: 8)))
  }

  @Test("V01: what we hold counts as part of the ring's capacity")
  func availableIndexJumpWhileHolding() throws {
    var device = try device()
    for index in 0..<8 {
      driver.setDescriptor(index, address: Self.start, byteCount: 1)
    }
    offer([0, 1, 2])
    for _ in 0..<3 { _ = try device.popAvailable() }
    driver.setAvailableIndex(9)
    #expect(
      caught { () throws(VringError) in try device.popAvailable() }
        == .broken(.availableIndexJump(index: 9, consumed: 3, limit: 5)))
  }

  @Test("V03: a head that is no descriptor breaks the ring", arguments: [8, 0x8000, 0xffff])
  func badHead(head: UInt16) throws {
    offer([head])
    #expect(try firstError() == .broken(.badHead(head, queueSize: 8)))
  }

  @Test("V04: a next that is no descriptor breaks the ring", arguments: [8, 0xffff])
  func badNext(next: UInt16) throws {
    driver.setDescriptor(0, address: Self.start, byteCount: 1, flags: 1, next: next)
    offer([0])
    #expect(try firstError() == .broken(.badNext(next, queueSize: 8)))
  }

  @Test("V05: a chain that loops ends after as many steps as the ring has", arguments: [1, 2, 8])
  func loop(length: Int) throws {
    for index in 0..<length {
      driver.setDescriptor(
        index, address: Self.start, byteCount: 1, flags: 1, next: UInt16((index + 1) % length))
    }
    offer([0])
    var device = try device()
    var chain = try #require(try device.popAvailable())
    var steps = 0
    let error = caught { () throws(VringError) in
      while try device.nextSegment(of: &chain) != nil { steps += 1 }
    }
    #expect(steps == 8)
    #expect(error == .broken(.chainTooLong(head: 0)))
  }

  @Test("V05: the longest legal chain passes")
  func longestChain() throws {
    for index in 0..<8 {
      driver.setDescriptor(
        index, address: Self.start + UInt64(index), byteCount: 1, flags: index < 7 ? 1 : 0,
        next: UInt16(index + 1))
    }
    offer([0])
    var device = try device()
    var chain = try #require(try device.popAvailable())
    var offsets: [Int] = []
    while let segment = try device.nextSegment(of: &chain) { offsets.append(segment.offset) }
    #expect(offsets == Array(0..<8))
  }

  @Test("V06: a head offered again before it was used breaks the ring")
  func headInFlight() throws {
    driver.setDescriptor(2, address: Self.start, byteCount: 1)
    offer([2, 2])
    var device = try device()
    _ = try device.popBuffer(.deviceReads)
    #expect(
      caught { () throws(VringError) in try device.popBuffer(.deviceReads) }
        == .broken(.headInFlight(head: 2)))
  }

  @Test(
    "V07: a buffer that is not wholly inside breaks the ring",
    arguments: [
      (start - 1, 1), (start - 1, 2), (start + 4096, 1), (start + 4095, 2), (start, 4097),
      (UInt64.max, 2), (0, 16), (start, UInt32.max),
    ] as [(UInt64, UInt32)])
  func badAddress(address: UInt64, byteCount: UInt32) throws {
    driver.setDescriptor(0, address: address, byteCount: byteCount)
    offer([0])
    #expect(
      try firstError()
        == .broken(.badAddress(DeviceAddress(rawValue: address), byteCount: byteCount)))
  }

  @Test(
    "V07: a buffer that ends exactly at the end passes",
    arguments: [(0, 4096), (4095, 1), (4000, 96)] as [(UInt64, UInt32)])
  func exactEnd(offset: UInt64, byteCount: UInt32) throws {
    driver.setDescriptor(0, address: Self.start + offset, byteCount: byteCount)
    offer([0])
    #expect(try firstError() == nil)
  }

  @Test("V08: a descriptor of zero bytes breaks the ring")
  func zeroLength() throws {
    driver.setDescriptor(0, address: Self.start, byteCount: 0)
    offer([0])
    #expect(try firstError() == .broken(.zeroLength(head: 0)))
  }

  @Test("V09: a chain of 2^32 bytes or more breaks the ring")
  func hugeChain() throws {
    // Two descriptors whose sum does not fit into 32 bits; oracle memory has no real size.
    let huge = SharedWindow.withoutMemory(byteCount: 1 << 32)
    let mapped = MappedMemory(memory: huge, start: DeviceAddress(rawValue: 0))
    driver.setDescriptor(0, address: 0, byteCount: .max, flags: 1, next: 1)
    driver.setDescriptor(1, address: 0, byteCount: 1)
    offer([0])
    var device = try VringDevice(memory: driver.window, layout: driver.layout, buffers: mapped)
    var chain = try #require(try device.popAvailable())
    _ = try device.nextSegment(of: &chain)
    #expect(
      caught { () throws(VringError) in try device.nextSegment(of: &chain) }
        == .broken(.chainTooLarge(head: 0)))
  }

  @Test("V10: an indirect descriptor breaks the ring, as the feature is not negotiated")
  func indirect() throws {
    driver.setDescriptor(0, address: Self.start, byteCount: 16, flags: 4)
    offer([0])
    #expect(try firstError() == .broken(.indirectNotNegotiated(head: 0)))
  }

  @Test("V11: a buffer of the wrong direction breaks the ring")
  func wrongDirection() throws {
    driver.setDescriptor(0, address: Self.start, byteCount: 16, flags: 2)
    offer([0])
    #expect(try firstError() == .broken(.wrongDirection(head: 0)))
  }

  @Test("V11: readable after writable breaks the ring, the other order passes")
  func mixedChain() throws {
    driver.setDescriptor(0, address: Self.start, byteCount: 1, flags: 2 | 1, next: 1)
    driver.setDescriptor(1, address: Self.start, byteCount: 1)
    driver.setDescriptor(2, address: Self.start, byteCount: 1, flags: 1, next: 3)
    driver.setDescriptor(3, address: Self.start, byteCount: 1, flags: 2)
    offer([2, 0])
    var device = try device()
    var good = try #require(try device.popAvailable())
    _ = try device.nextSegment(of: &good)
    let writable = try device.nextSegment(of: &good)
    #expect(writable?.direction == .deviceWrites)
    var bad = try #require(try device.popAvailable())
    _ = try device.nextSegment(of: &bad)
    #expect(
      caught { () throws(VringError) in try device.nextSegment(of: &bad) }
        == .broken(.wrongDirection(head: 0)))
  }

  @Test("V12: a descriptor that changes after it was taken has no effect")
  func changedDescriptor() throws {
    driver.setDescriptor(0, address: Self.start + 64, byteCount: 32)
    offer([0])
    var device = try device()
    let buffer = try #require(try device.popBuffer(.deviceReads))
    driver.setDescriptor(0, address: 0, byteCount: .max, flags: 7, next: 0xffff)
    #expect(buffer.segment == VringSegment(offset: 64, byteCount: 32, direction: .deviceReads))
    device.complete(0, byteCount: 32)
    _ = device.publish()
    #expect(driver.used(0) == (0, 32))
  }

  @Test(
    "V13: a buffer on top of a ring breaks the ring, one beside it passes",
    arguments: [
      (1000, 24, true), (1000, 25, false), (1024, 1, false), (1100, 4, false), (1535, 1, false),
      (1536, 8, true), (1000, 1000, false),
    ] as [(UInt64, UInt32, Bool)])
  func overlap(offset: UInt64, byteCount: UInt32, passes: Bool) throws {
    var mapped = buffers
    let ring = try #require(
      AddressRange(start: DeviceAddress(rawValue: Self.start + 1024), byteCount: 512))
    mapped.exclude(ring)
    driver.setDescriptor(0, address: Self.start + offset, byteCount: byteCount)
    offer([0])
    var device = try VringDevice(memory: driver.window, layout: driver.layout, buffers: mapped)
    let error = caught { () throws(VringError) in try device.popBuffer(.deviceReads) }
    let refusal = VringError.broken(
      .badAddress(DeviceAddress(rawValue: Self.start + offset), byteCount: byteCount))
    #expect(error == (passes ? nil : refusal))
  }

  @Test("V18: a chain of several buffers is refused where one is expected, not half used")
  func severalBuffers() throws {
    driver.setDescriptor(0, address: Self.start, byteCount: 1, flags: 1, next: 1)
    driver.setDescriptor(1, address: Self.start, byteCount: 1)
    offer([0])
    #expect(try firstError() == .broken(.chainNotSupported(head: 0)))
  }

  @Test("A broken ring stays broken")
  func latch() throws {
    var device = try device()
    offer([9])
    let reason = VringError.broken(.badHead(9, queueSize: 8))
    #expect(caught { () throws(VringError) in try device.popAvailable() } == reason)
    offer([0])
    #expect(caught { () throws(VringError) in try device.popAvailable() } == reason)
    #expect(caught { () throws(VringError) in try device.setNotifications(true) } == reason)
    device.breakRing(.zeroLength(head: 0))
    #expect(device.broken == .badHead(9, queueSize: 8), "the first reason stays")
  }

  @Test("V17: turning notifications on says whether buffers wait already")
  func notifications() throws {
    var device = try device()
    let none = try device.setNotifications(false)
    #expect(!none && driver.window.loadUInt16(at: driver.layout.used.offset) == 1)
    driver.setDescriptor(0, address: Self.start, byteCount: 1)
    offer([0])
    let some = try device.setNotifications(true)
    #expect(some && driver.window.loadUInt16(at: driver.layout.used.offset) == 0)
  }
}

extension SharedWindow {
  /// A window whose bytes are never touched, to try sizes that no machine has.
  static func withoutMemory(byteCount: Int) -> SharedWindow {
    SharedWindow(unownedBase: .init(bitPattern: 4096).unsafelyUnwrapped, byteCount: byteCount)
  }
}
