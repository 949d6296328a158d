import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

/// Both roles on one ring, beside a model made of plain arrays.
private struct RingPair: ~Copyable {
  var driver: VringDriver<SharedWindow>
  var device: VringDevice<SharedWindow>
  /// Heads reserved, added but unpublished, on the way to the device, held there, and back.
  var reserved: [UInt16] = []
  var added: [UInt16] = []
  var lent: [UInt16] = []
  var held: [UInt16] = []
  var completed: [(head: UInt16, byteCount: UInt32)] = []
  var back: [(head: UInt16, byteCount: UInt32)] = []
  var taken = 0

  init(queueSize: Int) throws {
    let layout = try VringLayout(queueSize: queueSize, alignment: 16)
    let ring = try SharedRegion(byteCount: layout.byteCount).window
    let pool = try SharedRegion(byteCount: queueSize * 64).window
    let driver = try VringDriver(memory: ring, layout: layout)
    let device = try VringDevice(
      memory: ring, layout: layout,
      buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0x1000)))
    self.driver = driver
    self.device = device
  }

  mutating func step(_ random: inout SeededGenerator) throws {
    switch random.next() % 8 {
    case 0: if let head = try driver.reserve() { reserved.append(head) }
    case 1: if let head = reserved.popLast() { driver.release(head) }
    case 2: add(random.next())
    case 3:
      _ = driver.publish()
      lent += added
      added = []
    case 4: try take()
    case 5: complete(random.next())
    case 6:
      _ = device.publish()
      back += completed
      completed = []
    default: try takeBack(keep: random.next() % 2 == 0)
    }
  }

  private mutating func add(_ random: UInt64) {
    guard let head = reserved.popLast() else { return }
    driver.add(
      head, address: DeviceAddress(rawValue: 0x1000 + 64 * UInt64(head)),
      byteCount: UInt32(1 + random % 64), direction: .deviceWrites)
    added.append(head)
  }

  private mutating func take() throws {
    let buffer = try device.popBuffer(.deviceWrites)
    try #require(buffer?.head == lent.first)
    guard let buffer else { return }
    try #require(buffer.segment.offset == 64 * Int(buffer.head))
    held.append(lent.removeFirst())
  }

  private mutating func complete(_ random: UInt64) {
    guard !held.isEmpty else { return }
    let head = held.remove(at: Int(random % UInt64(held.count)))
    device.complete(head, byteCount: 1)
    completed.append((head, 1))
  }

  private mutating func takeBack(keep: Bool) throws {
    let used = try driver.popUsed()
    try #require(used?.head == back.first?.head)
    try #require(used?.byteCount == back.first?.byteCount)
    guard let used else { return }
    back.removeFirst()
    taken += 1
    if keep { reserved.append(used.head) } else { driver.release(used.head) }
  }
}

@Suite("Vring, both roles against a model")
struct RingModelTests {
  @Test(
    "Buffers move as through queues, across the wrap of every index",
    arguments: [(1, 1), (2, 2), (3, 8), (4, 64), (5, 256)] as [(UInt64, Int)])
  func model(seed: UInt64, queueSize: Int) throws {
    var random = SeededGenerator(seed: seed)
    var pair = try RingPair(queueSize: queueSize)
    var steps = 0
    while pair.taken < 66_000, steps < 4_000_000 {
      do { try pair.step(&random) } catch {
        Issue.record(error, "seed \(seed), step \(steps)")
        return
      }
      steps += 1
    }
    #expect(pair.taken == 66_000, "seed \(seed)")
  }
}
