import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

// [VIRTIO-1.2] §2.7.5.3: tables of descriptors in the driver's memory.
@Suite("Indirect descriptors")
struct IndirectTests {
  private static let start: UInt64 = 0x4000_0000
  private let far: FarSide
  private let pool: SharedWindow

  init() throws {
    far = try FarSide(queueSize: 8)
    pool = try SharedRegion(byteCount: 4096).window
  }

  private func device(isNegotiated: Bool = true) throws -> VringDevice<SharedWindow> {
    try VringDevice(
      memory: far.window, layout: far.layout,
      buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: Self.start)),
      usesIndirectDescriptors: isNegotiated)
  }

  /// Writes entry `index` of the table at `offset` of the pool, byte by byte.
  private func setEntry(
    _ index: Int, at offset: Int = 0, place: UInt64, byteCount: UInt32 = 8, flags: UInt16 = 0,
    next: UInt16 = 0
  ) {
    let first = Self.start &+ place
    let second = UInt64(byteCount) | UInt64(flags) << 32 | UInt64(next) << 48
    for byte in 0..<8 {
      pool.store(
        UInt8(truncatingIfNeeded: first >> UInt64(8 * byte)), at: offset + 16 * index + byte)
      pool.store(
        UInt8(truncatingIfNeeded: second >> UInt64(8 * byte)), at: offset + 16 * index + 8 + byte)
    }
  }

  /// Offers descriptor 0, which names a table.
  private func offer(place: UInt64 = 0, byteCount: UInt32, flags: UInt16 = 4, next: UInt16 = 0) {
    far.setDescriptor(
      0, address: Self.start + place, byteCount: byteCount, flags: flags, next: next)
    far.setAvailable(0, head: 0)
    far.setAvailableIndex(1)
  }

  /// Walks the chain that was offered; where its buffers lie, and what broke the ring.
  private func walk(isNegotiated: Bool = true) throws -> ([Int], VringError?) {
    var device = try device(isNegotiated: isNegotiated)
    var chain = try #require(try device.popAvailable())
    var offsets: [Int] = []
    let error = caught { () throws(VringError) in
      while let segment = try device.nextSegment(of: &chain) { offsets.append(segment.offset) }
    }
    return (offsets, error)
  }

  @Test("A table at any alignment is walked by its next fields", arguments: [0, 16, 20, 33, 4000])
  func table(offset: Int) throws {
    setEntry(0, at: offset, place: 100, flags: 1, next: 2)
    setEntry(1, at: offset, place: 300, flags: 2)
    setEntry(2, at: offset, place: 200, flags: 1 | 2, next: 1)
    offer(place: UInt64(offset), byteCount: 48)
    let (offsets, error) = try walk()
    #expect(offsets == [100, 200, 300] && error == nil)
  }

  @Test("A table may end a chain of direct descriptors, and has its own numbers")
  func afterDirect() throws {
    setEntry(0, place: 100)
    far.setDescriptor(3, address: Self.start, byteCount: 16, flags: 4)
    far.setDescriptor(0, address: Self.start + 50, byteCount: 1, flags: 1, next: 3)
    far.setAvailable(0, head: 0)
    far.setAvailableIndex(1)
    let (offsets, error) = try walk()
    #expect(offsets == [50, 100] && error == nil)
  }

  @Test("The write flag of the indirect descriptor itself means nothing")
  func writeFlag() throws {
    setEntry(0, place: 100)
    offer(byteCount: 16, flags: 4 | 2)
    let (offsets, error) = try walk()
    #expect(offsets == [100] && error == nil)
  }

  @Test("A table as long as the ring passes")
  func longest() throws {
    for index in 0..<8 {
      setEntry(index, place: UInt64(200 + index), flags: index < 7 ? 1 : 0, next: UInt16(index + 1))
    }
    offer(byteCount: 128)
    let (offsets, error) = try walk()
    #expect(offsets == Array(200..<208) && error == nil)
  }

  @Test(
    "V10: a table of no, half or too many descriptors breaks the ring",
    arguments: [0, 1, 15, 17, 136, 144, 0x8000_0000, 0xffff_fff0] as [UInt32])
  func badSize(byteCount: UInt32) throws {
    offer(byteCount: byteCount)
    let (offsets, error) = try walk()
    #expect(offsets == [])
    #expect(error == .broken(.badIndirectTable(head: 0, byteCount: byteCount)))
  }

  @Test("V10: without the feature an indirect descriptor breaks the ring")
  func notNegotiated() throws {
    setEntry(0, place: 100)
    offer(byteCount: 16)
    let (_, error) = try walk(isNegotiated: false)
    #expect(error == .broken(.indirectNotNegotiated(head: 0)))
  }

  @Test("V10: a table in a table, or one with a next, breaks the ring")
  func nested() throws {
    setEntry(0, place: 100, byteCount: 16, flags: 4)
    offer(byteCount: 16)
    #expect(try walk().1 == .broken(.nestedIndirect(head: 0)))
    offer(byteCount: 16, flags: 4 | 1, next: 1)
    #expect(try walk().1 == .broken(.nestedIndirect(head: 0)))
  }

  @Test("V10: a table that is not wholly in the memory for buffers breaks the ring")
  func outOfReach() throws {
    for place in [4081, 4096, 0xffff_0000] as [UInt64] {
      offer(place: place, byteCount: 16)
      #expect(
        try walk().1
          == .broken(.badAddress(DeviceAddress(rawValue: Self.start + place), byteCount: 16)))
    }
  }

  @Test("V04: a next beyond the table breaks the ring, though the ring has such a descriptor")
  func badNext() throws {
    setEntry(0, place: 100, flags: 1, next: 2)
    offer(byteCount: 32)
    #expect(try walk().1 == .broken(.badNext(2, queueSize: 2)))
  }

  @Test("V05: a loop in a table ends after as many steps as the ring has")
  func loop() throws {
    setEntry(0, place: 100, flags: 1, next: 1)
    setEntry(1, place: 200, flags: 1, next: 0)
    offer(byteCount: 32)
    let (offsets, error) = try walk()
    #expect(offsets.count == 8)
    #expect(error == .broken(.chainTooLong(head: 0)))
  }

  @Test("V08, V11: what is refused in the ring is refused in a table")
  func badEntries() throws {
    setEntry(0, place: 100, byteCount: 0)
    offer(byteCount: 16)
    #expect(try walk().1 == .broken(.zeroLength(head: 0)))
    setEntry(0, place: 100, flags: 2 | 1, next: 1)
    setEntry(1, place: 200)
    offer(byteCount: 32)
    #expect(try walk().1 == .broken(.wrongDirection(head: 0)))
    setEntry(0, place: 4090, byteCount: 8)
    #expect(
      try walk().1
        == .broken(.badAddress(DeviceAddress(rawValue: Self.start + 4090), byteCount: 8)))
  }

  @Test("Where one buffer is expected a table with one is as good; with two it breaks the ring")
  func oneBuffer() throws {
    setEntry(0, place: 100, flags: 2)
    offer(byteCount: 16)
    var device = try device()
    let buffer = try device.popBuffer(.deviceWrites)
    #expect(
      buffer?.segment == VringSegment(offset: 100, byteCount: 8, direction: .deviceWrites))
    device = try self.device()
    #expect(
      caught { () throws(VringError) in try device.popBuffer(.deviceReads) }
        == .broken(.wrongDirection(head: 0)))
    setEntry(0, place: 100, flags: 1, next: 1)
    setEntry(1, place: 200)
    offer(byteCount: 32)
    device = try self.device()
    #expect(
      caught { () throws(VringError) in try device.popBuffer(.deviceReads) }
        == .broken(.chainNotSupported(head: 0)))
  }

  @Test("V12: each byte of a table is fetched once")
  func fetches() throws {
    for index in 0..<3 {
      setEntry(index, place: UInt64(100 + index), flags: index < 2 ? 1 : 0, next: UInt16(index + 1))
    }
    offer(byteCount: 48)
    let log = FetchLog()
    let counting = CountingMemory(pool, log: log, origin: 1 << 20)
    var device = try VringDevice(
      memory: CountingMemory(far.window, log: log), layout: far.layout,
      buffers: MappedMemory(memory: counting, start: DeviceAddress(rawValue: Self.start)),
      usesIndirectDescriptors: true)
    var chain = try #require(try device.popAvailable())
    let walk = try log.operation {
      while try device.nextSegment(of: &chain) != nil {}
    }
    #expect(walk.fetchedAgain == [] && walk.fetched == 16 + 3 * 16)
  }
}

/// What a chain should be, told by the plainest walk over plain arrays.
private struct ReferenceChain {
  struct Entry {
    var place: UInt64
    var byteCount: UInt32
    var flags: UInt16
    var next: UInt16
  }

  /// The places of the buffers, or `nil` when the chain is not a legal one.
  static func places(ring: [Entry], table: [Entry], head: Int) -> [Int]? {
    var found: [Int] = []
    var current = ring
    var index = head
    var hasWritable = false
    var isInTable = false
    while true {
      let entry = current[index]
      if entry.flags & 4 != 0 {
        // The descriptor that names the table is at most the last of its chain.
        guard !isInTable, entry.flags & 1 == 0, found.count < ring.count,
          entry.byteCount == UInt32(16 * table.count)
        else { return nil }
        isInTable = true
        current = table
        index = 0
        continue
      }
      guard found.count < ring.count, entry.byteCount > 0 else { return nil }
      guard entry.flags & 2 != 0 || !hasWritable else { return nil }
      hasWritable = entry.flags & 2 != 0
      found.append(Int(entry.place))
      guard entry.flags & 1 != 0 else { return found }
      guard Int(entry.next) < current.count else { return nil }
      index = Int(entry.next)
    }
  }
}

@Suite("Chains against a model")
struct ChainModelTests {
  private static let tableOffset = 3000

  private static func entry(
    _ random: inout SeededGenerator, count: Int, isInTable: Bool
  ) -> ReferenceChain.Entry {
    // Mostly legal, so that chains get long.
    let mostly = { (random: inout SeededGenerator) in random.next() % 16 != 0 }
    var flags: UInt16 = random.next() % 4 != 0 ? 1 : 0
    if random.next() % 4 == 0 { flags |= 2 }
    if !isInTable ? random.next() % 6 == 0 : !mostly(&random) { flags = 4 }
    return ReferenceChain.Entry(
      place: random.next() % 2000,
      byteCount: flags == 4 ? 16 * 4 : mostly(&random) ? 1 + UInt32(random.next() % 64) : 0,
      flags: flags,
      next: UInt16(random.next() % UInt64(mostly(&random) ? count : 2 * count)))
  }

  @Test("Random chains and tables are walked, or refused, as the model says", arguments: 1...4)
  func random(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var (good, bad, tables) = (0, 0, 0)
    let pool = try SharedRegion(byteCount: 4096).window
    for round in 0..<4000 {
      let far = try FarSide(queueSize: 8)
      let ring = (0..<8).map { _ in Self.entry(&random, count: 8, isInTable: false) }
      let table = (0..<4).map { _ in Self.entry(&random, count: 4, isInTable: true) }
      for (index, entry) in ring.enumerated() {
        let place = entry.flags & 4 != 0 ? UInt64(Self.tableOffset) : entry.place
        far.setDescriptor(
          index, address: place, byteCount: entry.byteCount, flags: entry.flags, next: entry.next)
      }
      for (index, entry) in table.enumerated() {
        let offset = Self.tableOffset + 16 * index
        pool.store(entry.place, at: offset)
        pool.store(entry.byteCount, at: offset + 8)
        pool.store(entry.flags, at: offset + 12)
        pool.store(entry.next, at: offset + 14)
      }
      let head = Int(random.next() % 8)
      far.setAvailable(0, head: UInt16(head))
      far.setAvailableIndex(1)
      var device = try VringDevice(
        memory: far.window, layout: far.layout,
        buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)),
        usesIndirectDescriptors: true)
      var chain = try #require(try device.popAvailable())
      var places: [Int]? = []
      do {
        while let segment = try device.nextSegment(of: &chain) { places?.append(segment.offset) }
      } catch { places = nil }
      let expected = ReferenceChain.places(ring: ring, table: table, head: head)
      try #require(places == expected, "seed \(seed), round \(round)")
      #expect((device.broken == nil) == (expected != nil))
      if expected != nil { good += 1 } else { bad += 1 }
      if expected != nil, ring.contains(where: { $0.flags & 4 != 0 }) { tables += 1 }
    }
    #expect(good > 400 && bad > 400 && tables > 100, "seed \(seed): \(good) \(bad) \(tables)")
  }
}
