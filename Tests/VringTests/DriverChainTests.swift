import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

@Suite("Chains, driver role")
struct DriverChainTests {
  private static func buffers(_ parts: [(UInt32, BufferDirection)]) -> [VringBuffer] {
    parts.enumerated().map { index, part in
      VringBuffer(
        address: DeviceAddress(rawValue: 0x1000 * UInt64(index + 1)), byteCount: part.0,
        direction: part.1)
    }
  }

  private static let three = buffers([
    (10, .deviceReads), (20, .deviceWrites), (30, .deviceWrites),
  ])

  /// A table for indirect descriptors in memory of its own.
  private static func table(_ count: Int) throws -> MappedMemory<SharedWindow> {
    MappedMemory(
      memory: try SharedRegion(byteCount: 16 * count).window,
      start: DeviceAddress(rawValue: 0x8000_0000))
  }

  private static func words(_ window: SharedWindow, _ index: Int) -> [UInt64] {
    [
      window.loadUInt64(at: 16 * index), UInt64(window.loadUInt32(at: 16 * index + 8)),
      UInt64(window.loadUInt16(at: 16 * index + 12)),
    ]
  }

  // [VIRTIO-1.2] §2.7.5: flags 1 says that `next` is valid, 2 that the device writes.
  @Test("A chain is linked in the table, comes back whole, and its descriptors are free again")
  func chain() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.reserve()
    let head = try driver.addChain(Self.three.span)
    #expect(head == 1 && driver.freeCount == 4)
    _ = driver.publish()
    #expect(device.availableIndex == 1 && device.availableHead(0) == 1)
    #expect(Self.words(device.window, 1) == [0x1000, 10, 1])
    #expect(Self.words(device.window, 2) == [0x2000, 20, 3])
    #expect(Self.words(device.window, 3) == [0x3000, 30, 2])
    #expect(device.window.loadUInt16(at: 16 + 14) == 2)
    #expect(device.window.loadUInt16(at: 32 + 14) == 3)
    device.setUsed(0, id: 1, byteCount: 50)
    device.setUsedIndex(1)
    let used = try driver.popUsed()
    #expect(used?.head == 1 && used?.byteCount == 50)
    #expect(driver.freeCount == 6)
    driver.release(1)
    #expect(driver.freeCount == 7)
  }

  @Test("A chain longer than what is free is not added, one of all descriptors is")
  func tooFew() throws {
    let device = try FarSide(queueSize: 4)
    var driver = try device.driver()
    let one = try #require(try driver.reserve())
    let four = Self.buffers(Array(repeating: (8, .deviceReads), count: 4))
    let refused = try driver.addChain(four.span)
    #expect(refused == nil && driver.freeCount == 3 && driver.unpublishedCount == 0)
    driver.release(one)
    let added = try driver.addChain(four.span)
    #expect(added != nil && driver.freeCount == 0)
  }

  @Test("D04: a used entry for the middle of a chain breaks the ring", arguments: [1, 2])
  func notHead(index: UInt16) throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.addChain(Self.three.span)
    _ = driver.publish()
    device.setUsed(0, id: UInt32(index), byteCount: 0)
    device.setUsedIndex(1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() } == .broken(.notHead(index)))
    #expect("\(VringBreakage.notHead(index))".contains("continues a chain"))
  }

  @Test("D03: a chain that comes back twice breaks the ring")
  func twice() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1)
    _ = try driver.addChain(Self.three.span)
    _ = driver.publish()
    for slot in 0..<2 { device.setUsed(slot, id: 1, byteCount: 0) }
    device.setUsedIndex(2)
    let first = try driver.popUsed()
    #expect(first?.head == 1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.notOutstanding(head: 1)))
  }

  @Test(
    "D07: more bytes than the writable part of a chain has break the ring, or are cut",
    arguments: [false, true], [false, true])
  func usedLength(isIndirect: Bool, clamps: Bool) throws {
    let device = try FarSide()
    var driver = try VringDriver(
      memory: device.window, layout: device.layout, usedLengthRule: clamps ? .clamp : .strict,
      usesIndirectDescriptors: true)
    let head =
      isIndirect
      ? try driver.addIndirect(Self.three.span, table: Self.table(3))
      : try driver.addChain(Self.three.span)
    #expect(head == 0)
    _ = driver.publish()
    device.setUsed(0, id: 0, byteCount: 51)
    device.setUsedIndex(1)
    if clamps {
      let used = try driver.popUsed()
      #expect(used?.byteCount == 50)
    } else {
      #expect(
        caught { () throws(VringError) in try driver.popUsed() }
          == .broken(.badUsedLength(head: 0, byteCount: 51, posted: 50)))
    }
  }

  @Test("D05: a table that the device makes a loop changes nothing about what is free")
  func rewrittenTable() throws {
    let device = try FarSide(queueSize: 4)
    var driver = try device.driver()
    for slot in 0..<1000 {
      let head = try #require(try driver.addChain(Self.three.span))
      _ = driver.publish()
      for index in 0..<4 {
        device.setDescriptor(index, address: 0, byteCount: .max, flags: 0xffff, next: head)
      }
      device.setUsed(slot, id: UInt32(head), byteCount: 1)
      device.setUsedIndex(UInt16(slot + 1))
      driver.release(try #require(try driver.popUsed()).head)
      try #require(driver.freeCount == 4)
    }
  }

  // [VIRTIO-1.2] §2.7.5.3: flags 4 names a table of 16 bytes for each buffer.
  @Test("An indirect chain takes one descriptor; the table has the buffers")
  func indirect() throws {
    let device = try FarSide()
    var driver = try VringDriver(
      memory: device.window, layout: device.layout, usesIndirectDescriptors: true)
    let table = try Self.table(8)
    let head = try driver.addIndirect(Self.three.span, table: table)
    #expect(head == 0 && driver.freeCount == 7)
    #expect(Self.words(device.window, 0) == [0x8000_0000, 48, 4])
    #expect(Self.words(table.memory, 0) == [0x1000, 10, 1])
    #expect(Self.words(table.memory, 1) == [0x2000, 20, 3])
    #expect(Self.words(table.memory, 2) == [0x3000, 30, 2])
    #expect(table.memory.loadUInt16(at: 14) == 1 && table.memory.loadUInt16(at: 30) == 2)
    for _ in 0..<7 { _ = try driver.reserve() }
    let none = try driver.addIndirect(Self.three.span, table: table)
    #expect(none == nil)
  }

  @Test("A broken ring takes no chain")
  func broken() throws {
    let device = try FarSide()
    var driver = try VringDriver(
      memory: device.window, layout: device.layout, usesIndirectDescriptors: true)
    device.setUsedIndex(1)
    let reason = VringError.broken(.usedIndexJump(index: 1, consumed: 0, lent: 0))
    #expect(caught { () throws(VringError) in try driver.popUsed() } == reason)
    #expect(caught { () throws(VringError) in try driver.addChain(Self.three.span) } == reason)
    let table = try Self.table(3)
    #expect(
      caught { () throws(VringError) in try driver.addIndirect(Self.three.span, table: table) }
        == reason)
  }

  @Test(
    "Chains of every kind arrive as they were added, across the wrap of every index",
    arguments: [(1, 1), (2, 2), (3, 8), (4, 64)] as [(UInt64, Int)])
  func model(seed: UInt64, queueSize: Int) throws {
    let layout = try VringLayout(queueSize: queueSize, alignment: 16)
    let window = try SharedRegion(byteCount: layout.byteCount).window
    let pool = try SharedRegion(byteCount: 1 << 16).window
    var driver = try VringDriver(memory: window, layout: layout, usesIndirectDescriptors: true)
    var device = try VringDevice(
      memory: window, layout: layout,
      buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)),
      usesIndirectDescriptors: true)
    var random = SeededGenerator(seed: seed)
    var added: [(head: UInt16, buffers: [VringBuffer])] = []
    var back = 0
    while back < 66_000 {
      for _ in 0..<Int(random.next() % 4) {
        let buffers = Self.random(&random, atMost: min(queueSize, 6))
        // A place for the table of each head, behind the buffers.
        let place = 32_768 + 128 * (added.count % 64)
        let isIndirect = random.next() % 2 == 0 && added.count < 64
        let head =
          isIndirect
          ? try driver.addIndirect(
            buffers.span,
            table: MappedMemory(
              memory: try #require(pool.window(at: UInt64(place), byteCount: 128)),
              start: DeviceAddress(rawValue: UInt64(place))))
          : try driver.addChain(buffers.span)
        if let head { added.append((head, buffers)) }
      }
      _ = driver.publish()
      for (head, buffers) in added {
        guard var chain = try device.popAvailable() else {
          Issue.record("no chain, seed \(seed)")
          return
        }
        try #require(chain.head == head, "seed \(seed)")
        for buffer in buffers {
          let segment = try device.nextSegment(of: &chain)
          try #require(segment?.offset == Int(buffer.address.rawValue), "seed \(seed)")
          try #require(segment?.byteCount == buffer.byteCount, "seed \(seed)")
          try #require(segment?.direction == buffer.direction, "seed \(seed)")
        }
        let end = try device.nextSegment(of: &chain)
        try #require(end == nil, "seed \(seed)")
        device.complete(head, byteCount: 0)
      }
      _ = device.publish()
      for (head, _) in added {
        let used = try driver.popUsed()
        try #require(used?.head == head, "seed \(seed)")
        driver.release(head)
        back += 1
      }
      added = []
      try #require(driver.freeCount == queueSize, "seed \(seed)")
    }
  }

  private static func random(
    _ random: inout SeededGenerator, atMost limit: Int
  ) -> [VringBuffer] {
    let count = 1 + Int(random.next() % UInt64(limit))
    let readable = Int(random.next() % UInt64(count + 1))
    return (0..<count).map { index in
      VringBuffer(
        address: DeviceAddress(rawValue: random.next() % 32_000),
        byteCount: UInt32(1 + random.next() % 700),
        direction: index < readable ? .deviceReads : .deviceWrites)
    }
  }
}
