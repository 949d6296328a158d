import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

@Suite("Vring on hostile memory")
struct HostileMemoryTests {
  @Test("D09: the driver fetches each shared byte once for each operation")
  func driverFetches() throws {
    let far = try FarSide()
    let log = FetchLog()
    var driver = try VringDriver(
      memory: CountingMemory(far.window, log: log), layout: far.layout)
    let add = try log.operation {
      for head in 0..<2 as Range<UInt16> {
        _ = try driver.reserve()
        driver.add(
          head, address: DeviceAddress(rawValue: 0x1000), byteCount: 64, direction: .deviceWrites)
      }
    }
    #expect(add.fetched == 0, "nothing is read back")
    let publish = log.operation { driver.publish() }
    #expect(publish.fetchedAgain == [] && publish.fetched == 2)
    for slot in 0..<2 { far.setUsed(slot, id: UInt32(slot), byteCount: 5) }
    far.setUsedIndex(2)
    let pop = try log.operation { try driver.popUsed() }
    #expect(pop.fetchedAgain == [] && pop.fetched == 10)
    let second = try log.operation { try driver.popUsed() }
    #expect(second.fetchedAgain == [] && second.fetched == 8)
    let empty = try log.operation { try driver.popUsed() }
    #expect(empty.fetchedAgain == [] && empty.fetched == 2)
    let notify = try log.operation { try driver.setNotifications(true) }
    #expect(notify.fetchedAgain == [])
  }

  @Test("V12: the device fetches each shared byte once for each operation")
  func deviceFetches() throws {
    let far = try FarSide()
    let log = FetchLog()
    let counting = CountingMemory(far.window, log: log)
    let pool = CountingMemory(
      try SharedRegion(byteCount: 4096).window, log: log, origin: 1 << 20)
    var device = try VringDevice(
      memory: counting, layout: far.layout,
      buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)))
    far.setDescriptor(1, address: 64, byteCount: 64)
    far.setAvailable(0, head: 1)
    far.setAvailableIndex(1)
    let pop = try log.operation { try device.popBuffer(.deviceReads) }
    #expect(pop.fetchedAgain == [] && pop.fetched == 2 + 2 + 16)
    let complete = log.operation { device.complete(1, byteCount: 64) }
    #expect(complete.fetched == 0)
    let publish = log.operation { device.publish() }
    #expect(publish.fetchedAgain == [] && publish.fetched == 2)
  }

  @Test("A driver that reads something else each time breaks, and never traps")
  func driverOracle() throws {
    var kinds: Set<String> = []
    for seed in 0..<300 as Range<UInt64> {
      let layout = try VringLayout(queueSize: 8, alignment: 16)
      let memory = OracleMemory(byteCount: layout.byteCount, seed: seed)
      var driver = try VringDriver(memory: memory, layout: layout)
      var random = SeededGenerator(seed: seed)
      for head in 0..<8 as Range<UInt16> {
        _ = try driver.reserve()
        driver.add(
          head, address: DeviceAddress(rawValue: 0), byteCount: 64, direction: .deviceWrites)
      }
      _ = driver.publish()
      for _ in 0..<200 where driver.broken == nil {
        try? Self.step(&driver, &random)
      }
      #expect(memory.violations == 0, "seed \(seed)")
      if let broken = driver.broken { kinds.insert("\(broken)".filter { !$0.isNumber }) }
    }
    // The oracle gets through every check now and then.
    #expect(kinds.count >= 3, "\(kinds)")
  }

  private static func step(
    _ driver: inout VringDriver<OracleMemory>, _ random: inout SeededGenerator
  ) throws {
    switch random.next() % 4 {
    case 0:
      if let head = try driver.reserve() {
        driver.add(
          head, address: DeviceAddress(rawValue: random.next()), byteCount: 64,
          direction: .deviceWrites)
      }
    case 1: _ = driver.publish()
    case 2: if let used = try driver.popUsed() { driver.release(used.head) }
    default: _ = try driver.setNotifications(random.next() % 2 == 0)
    }
  }

  @Test("A device that reads something else each time breaks, and never traps")
  func deviceOracle() throws {
    var kinds: Set<String> = []
    for seed in 0..<300 as Range<UInt64> {
      let layout = try VringLayout(queueSize: 8, alignment: 16)
      let memory = OracleMemory(byteCount: layout.byteCount, seed: seed)
      let pool = OracleMemory(byteCount: 1 << 12, seed: ~seed)
      var device = try VringDevice(
        memory: memory, layout: layout,
        buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)))
      for _ in 0..<200 where device.broken == nil { try? Self.step(&device) }
      #expect(memory.violations == 0 && pool.violations == 0, "seed \(seed)")
      if let broken = device.broken { kinds.insert("\(broken)".filter { !$0.isNumber }) }
    }
    #expect(kinds.count >= 5, "\(kinds)")
  }

  private static func step(_ device: inout VringDevice<OracleMemory>) throws {
    guard var chain = try device.popAvailable() else { return }
    var count = 0
    while try device.nextSegment(of: &chain) != nil { count += 1 }
    #expect(count <= 8)
    device.complete(chain.head, byteCount: 0)
    _ = device.publish()
  }
}
