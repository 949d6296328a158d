import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

// The driver's side of notifications that are asked for by index.
@Suite("Event index")
struct EventIndexTests {
  private let far: FarSide

  init() throws { far = try FarSide(queueSize: 8) }

  private func driver() throws -> VringDriver<SharedWindow> {
    try VringDriver(memory: far.window, layout: far.layout, usesEventIndex: true)
  }

  /// What the driver asks to be told of.
  private var usedEvent: UInt16 {
    far.window.loadUInt16(at: far.layout.available.offset + 4 + 2 * far.layout.queueSize)
  }

  /// Says for the device which available index it wants to hear of.
  private func setAvailableEvent(_ index: UInt16) {
    far.window.store(index, at: far.layout.used.offset + 4 + 8 * far.layout.queueSize)
  }

  private func publishOne(_ ring: inout VringDriver<SharedWindow>) throws -> Bool {
    let head = try #require(try ring.reserve())
    ring.add(head, address: .init(rawValue: 0x1000), byteCount: 64, direction: .deviceWrites)
    return ring.publish()
  }

  // [VIRTIO-1.2] §2.7.10: a kick is due when the index that was asked for is passed.
  @Test("The device is kicked when its index is passed, whatever its flag says")
  func kicks() throws {
    var ring = try driver()
    far.setUsedFlags(1)
    #expect(try publishOne(&ring))
    #expect(try !publishOne(&ring))
    setAvailableEvent(3)
    #expect(try !publishOne(&ring))
    #expect(try publishOne(&ring))
    setAvailableEvent(1)
    #expect(try !publishOne(&ring))
  }

  @Test("Of many buffers shown at once any may be the one asked for")
  func batch() throws {
    for (event, isDue) in [(0, true), (3, true), (4, false), (0xffff, false)] {
      var ring = try driver()
      setAvailableEvent(UInt16(event))
      for _ in 0..<4 {
        let head = try #require(try ring.reserve())
        ring.add(head, address: .init(rawValue: 0), byteCount: 1, direction: .deviceReads)
      }
      #expect(ring.publish() == isDue, "event \(event)")
    }
  }

  @Test("An empty ring asks for the next used buffer before it says so")
  func asksForNext() throws {
    var ring = try driver()
    _ = try ring.lend(4)
    #expect(usedEvent == 0)
    for slot in 0..<2 { far.setUsed(slot, id: UInt32(slot), byteCount: 1) }
    far.setUsedIndex(2)
    #expect(try ring.popUsed()?.head == 0)
    #expect(try ring.popUsed()?.head == 1)
    #expect(usedEvent == 0)
    #expect(try ring.popUsed() == nil)
    #expect(usedEvent == 2)
  }

  @Test("Turned off nothing is asked for; turned on, what waits already is told")
  func turnsOnAndOff() throws {
    var ring = try driver()
    _ = try ring.lend(4)
    #expect(try !ring.setNotifications(false))
    #expect(usedEvent == 0xffff)
    #expect(try ring.popUsed() == nil)
    #expect(usedEvent == 0xffff)
    far.setUsed(0, id: 0, byteCount: 1)
    far.setUsedIndex(1)
    #expect(try ring.setNotifications(true))
    #expect(usedEvent == 0)
    #expect(try ring.popUsed()?.head == 0)
    #expect(try ring.setNotifications(false) == false)
    #expect(usedEvent == 0)
  }

  @Test("Indices that wrap are compared as such")
  func wraps() throws {
    var ring = try driver()
    for round in 0..<65_540 {
      let index = UInt16(truncatingIfNeeded: round)
      setAvailableEvent(index)
      #expect(try publishOne(&ring))
      far.setUsed(round, id: UInt32(far.availableHead(round)), byteCount: 0)
      far.setUsedIndex(index &+ 1)
      ring.release(try #require(try ring.popUsed()).head)
      #expect(try ring.popUsed() == nil)
      #expect(usedEvent == index &+ 1)
    }
  }

  // The largest ring holds half of all indices, where a wrong comparison shows.
  @Test(
    "Whether a kick is due agrees with a walk through the indices, across the wrap",
    arguments: [(1, 1), (2, 256), (3, 16_384), (4, 32_768)] as [(UInt64, Int)])
  func model(seed: UInt64, queueSize: Int) throws {
    let far = try FarSide(queueSize: queueSize)
    var ring = try VringDriver(memory: far.window, layout: far.layout, usesEventIndex: true)
    let event = far.layout.used.offset + 4 + 8 * queueSize
    var random = SeededGenerator(seed: seed)
    var index: UInt16 = 0
    var total = 0
    while total < 300_000 {
      let count = 1 + Int(random.next() % UInt64(queueSize))
      // Near one of both ends, or anywhere.
      let near = random.next() % 2 == 0 ? index : index &+ UInt16(truncatingIfNeeded: count)
      let asked =
        random.next() % 4 == 0
        ? UInt16(truncatingIfNeeded: random.next())
        : near &+ UInt16(random.next() % 5) &- 2
      far.window.store(asked, at: event)
      for _ in 0..<count {
        let head = try #require(try ring.reserve())
        ring.add(head, address: .init(rawValue: 0), byteCount: 1, direction: .deviceReads)
      }
      let isDue = (0..<count).contains { index &+ UInt16($0) == asked }
      let wantsKick = ring.publish()
      try #require(wantsKick == isDue, "seed \(seed), index \(index), \(count), \(asked)")
      for step in 0..<count {
        let slot = Int(index) + step
        far.setUsed(slot, id: UInt32(far.availableHead(slot)), byteCount: 0)
      }
      index &+= UInt16(truncatingIfNeeded: count)
      far.setUsedIndex(index)
      while let used = try ring.popUsed() { ring.release(used.head) }
      total += count
    }
  }

  @Test("A device that jumps breaks the ring here as well")
  func hostile() throws {
    var ring = try driver()
    _ = try ring.lend(1)
    far.setUsedIndex(3)
    #expect(
      caught { () throws(VringError) in try ring.popUsed() }
        == .broken(.usedIndexJump(index: 3, consumed: 0, lent: 1)))
  }
}
