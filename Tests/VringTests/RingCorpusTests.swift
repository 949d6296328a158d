import HostileSides
import TestSupport
import Testing
import Vring

@Suite("Corpus of the fuzzers of the ring roles")
struct RingCorpusTests {
  private typealias DeviceStep = HostileDevice.Step
  private typealias DriverStep = HostileDriver.Step

  private static let driverCorpus = FuzzCorpus(target: "FuzzVringDriver")
  private static let deviceCorpus = FuzzCorpus(target: "FuzzVringDevice")

  private static func lent(_ queue: UInt8, mode: UInt8 = 0) -> [UInt8] {
    // Every buffer has 64 bytes, which the device writes.
    [queue, 254, mode, DeviceStep.lendAll.rawValue]
      + (0..<(1 << queue)).flatMap { _ in [0, 32] as [UInt8] }
  }

  private static func used(_ byteCount: UInt8) -> [UInt8] {
    [DeviceStep.use.rawValue, byteCount, DeviceStep.popUsed.rawValue]
  }

  /// Inputs that start the fuzzer of our driver, and what breaks the ring.
  private static func driverSeeds() -> [(name: String, bytes: [UInt8], broken: String?)] {
    let wrap = (0..<17).flatMap { _ -> [UInt8] in [DeviceStep.cycle.rawValue, 255] }
    let index: [UInt8] = [DeviceStep.setUsedIndex.rawValue, 9, 0, DeviceStep.popUsed.rawValue]
    let entry: [UInt8] = [
      DeviceStep.setUsedEntry.rawValue, 0, 200, 0, 0, 0, 1, 0, 0, 0,
      DeviceStep.setUsedIndex.rawValue, 1, 0, DeviceStep.popUsed.rawValue,
    ]
    let twice: [UInt8] = [DeviceStep.setUsedIndex.rawValue, 2, 0] + used(1) + used(1)
    return [
      ("honest", lent(2) + used(64) + used(5) + [DeviceStep.add.rawValue, 0, 32], nil),
      ("wrap", [2, 254, 0] + wrap, nil),
      ("index", lent(2) + index, "usedIndexJump"), ("id", lent(2) + entry, "badID"),
      ("twice", lent(2) + used(1) + twice, "notOutstanding"),
      ("length", lent(2) + used(65), "badUsedLength"), ("clamp", lent(2, mode: 2) + used(65), nil),
      ("unsteady", lent(1, mode: 1) + [0, 0] + used(1) + [2, 0, 0], "usedIndexJump"),
    ]
  }

  private static func descriptor(
    flags: UInt8 = 0, place: UInt16 = 0, byteCount: UInt8 = 64, next: UInt8 = 0
  ) -> [UInt8] {
    [
      DriverStep.setDescriptor.rawValue, 0, flags, UInt8(place & 255), UInt8(place >> 8),
      byteCount, next, DriverStep.lend.rawValue, 0,
    ]
  }

  private static func tableEntry(
    _ place: UInt8, flags: UInt8 = 0, target: UInt16 = 512, next: UInt8 = 0
  ) -> [UInt8] {
    [
      DriverStep.setTableEntry.rawValue, place, flags, UInt8(target & 255), UInt8(target >> 8), 64,
      next,
    ]
  }

  /// The same for features that are agreed on by feature bits.
  private static func featureSeeds() -> [(name: String, bytes: [UInt8], broken: String?)] {
    let walk = [DriverStep.popChain.rawValue, DriverStep.walk.rawValue]
    let read = DriverStep.popReadable.rawValue
    let publish = DriverStep.publish.rawValue
    let wrap = (0..<17).flatMap { _ -> [UInt8] in [DriverStep.cycle.rawValue, 255] }
    // Two entries, the second at the next 16 bytes.
    let table = tableEntry(0, flags: 1, next: 1) + tableEntry(4, flags: 2)
    let whole = descriptor(flags: 4, byteCount: 32)
    return [
      ("indirect-good", [2, 8] + table + whole + walk, nil),
      ("indirect-one", [2, 8] + tableEntry(0) + descriptor(flags: 4, byteCount: 16) + [read], nil),
      ("indirect-two", [2, 8] + table + whole + [read], "chainNotSupported"),
      ("indirect-nested", [2, 8] + tableEntry(0, flags: 4) + whole + walk, "nestedIndirect"),
      ("indirect-next", [2, 8] + descriptor(flags: 5, byteCount: 32) + walk, "nestedIndirect"),
      ("indirect-size", [2, 8] + descriptor(flags: 4, byteCount: 80) + walk, "badIndirectTable"),
      ("indirect-odd", [2, 8] + descriptor(flags: 4, byteCount: 33) + walk, "badIndirectTable"),
      ("indirect-past", [2, 8] + tableEntry(0, flags: 1, next: 2) + whole + walk, "badNext"),
      ("indirect-loop", [2, 8] + tableEntry(0, flags: 1) + whole + walk, "chainTooLong"),
      ("indirect-out", [2, 8] + descriptor(flags: 4, place: 4090) + walk, "badAddress"),
      (
        "event-wrap",
        [2, 4] + wrap + [DriverStep.setUsedEvent.rawValue, 1, 0, publish, read, read], nil
      ),
    ]
  }

  /// Inputs that start the fuzzer of our device, and what breaks the ring.
  private static func deviceSeeds() -> [(name: String, bytes: [UInt8], broken: String?)] {
    let read = DriverStep.popReadable.rawValue
    let walk = [DriverStep.popChain.rawValue, DriverStep.walk.rawValue]
    let back = [DriverStep.complete.rawValue, 0, 0, DriverStep.publish.rawValue]
    let wrap = (0..<17).flatMap { _ -> [UInt8] in [DriverStep.cycle.rawValue, 255] }
    return [
      ("honest", [2, 0] + descriptor() + [read] + back + descriptor(flags: 2) + walk + back, nil),
      ("wrap", [2, 0] + wrap, nil),
      ("index", [2, 0, DriverStep.setIndex.rawValue, 5, 0, read], "availableIndexJump"),
      (
        "head",
        [2, 0, DriverStep.setEntry.rawValue, 0, 4, 0, DriverStep.setIndex.rawValue, 1, 0]
          + [read], "badHead"
      ),
      ("loop", [2, 0] + descriptor(flags: 1) + walk, "chainTooLong"),
      ("next", [2, 0] + descriptor(flags: 1, next: 4) + walk, "badNext"),
      ("indirect", [2, 0] + descriptor(flags: 4) + walk, "indirectNotNegotiated"),
      ("empty", [2, 0] + descriptor(byteCount: 0) + [read], "zeroLength"),
      ("address", [2, 0] + descriptor(place: 4090) + [read], "badAddress"),
      ("closed", [2, 2] + descriptor(place: 500) + [read], "badAddress"),
      ("direction", [2, 0] + descriptor(flags: 2) + [read], "wrongDirection"),
      ("chain", [2, 0] + descriptor(flags: 1) + [read], "chainNotSupported"),
      ("in-flight", [2, 0] + descriptor() + descriptor() + [read, read], "headInFlight"),
      // A chain that was taken before the ring broke ends with it.
      (
        "late-walk",
        [2, 0] + descriptor()
          + [DriverStep.popChain.rawValue, DriverStep.setIndex.rawValue, 99, 0, read]
          + [DriverStep.walk.rawValue], "availableIndexJump"
      ),
    ] + featureSeeds()
  }

  private static func kind(_ broken: VringBreakage?) -> String? {
    broken.map { Mirror(reflecting: $0).children.first?.label ?? "\($0)" }
  }

  @Test("Seeds of the driver's fuzzer are current, and break the ring as they should")
  func driver() throws {
    for seed in Self.driverSeeds() {
      #expect(try Self.driverCorpus.isCurrent(seed.name, seed.bytes), "\(seed.name)")
      var run = try HostileDevice(FuzzInput(seed.bytes))
      #expect(Self.kind(run.run()) == seed.broken, "\(seed.name)")
      if seed.name == "wrap" { #expect(run.usedCount > 1 << 16) }
    }
  }

  @Test("Seeds of the device's fuzzer are current, and break the ring as they should")
  func device() throws {
    for seed in Self.deviceSeeds() {
      #expect(try Self.deviceCorpus.isCurrent(seed.name, seed.bytes), "\(seed.name)")
      var run = try HostileDriver(FuzzInput(seed.bytes))
      #expect(Self.kind(run.run()) == seed.broken, "\(seed.name)")
      if seed.name == "wrap" { #expect(run.segmentCount > 1 << 16) }
    }
  }

  @Test("Every input of both corpora runs to its end")
  func replay() throws {
    let (drivers, devices) = (try Self.driverCorpus.inputs(), try Self.deviceCorpus.inputs())
    #expect(drivers.count >= Self.driverSeeds().count)
    #expect(devices.count >= Self.deviceSeeds().count)
    for input in drivers {
      var run = try HostileDevice(FuzzInput(input.bytes))
      _ = run.run()
    }
    for input in devices {
      var run = try HostileDriver(FuzzInput(input.bytes))
      _ = run.run()
    }
  }
}
