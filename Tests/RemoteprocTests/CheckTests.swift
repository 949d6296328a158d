import ELF
import PlatformNull
import Remoteproc
import ResourceTable
import TestSupport
import Testing
import WireTypes

@Suite("A check of firmware that is not booted")
struct CheckTests {
  private let base = TestPlatform.base

  private func faults(
    _ firmware: TestFirmware, on platform: TestPlatform? = nil,
    profile: CompatibilityProfile = .default
  ) throws -> [RemoteprocError] {
    var processor = RemoteProcessor(platform: try platform ?? TestPlatform())
    let image = try firmware.build()
    let check = try processor.check(image, options: BootOptions(profile: profile))
    expectClean(processor)
    let wasStarted = processor.platform.script.calls.contains { $0.hasPrefix("start") }
    #expect(!wasStarted)
    return check.faults.map(\.error)
  }

  @Test("Firmware without a fault")
  func sound() throws {
    let trace = TestFirmware.trace("log", at: base + 0x2000, 0x100)
    #expect(try faults(TestFirmware([trace, TestFirmware.rpmsg()])) == [])
  }

  @Test("Each of many faults is found, in the order of a boot")
  func many() throws {
    var firmware = TestFirmware([
      TestFirmware.carveout("twice", 0x1000), TestFirmware.carveout("twice", 0x1000),
      .devmem(TestFirmware.memory("regs", at: nil, 0x1000)),
      TestFirmware.rpmsg([
        TestFirmware.ring(alignment: 6000), TestFirmware.ring(alignment: 16, count: 3),
      ]),
      TestFirmware.trace("log", at: 0x1000, 0x100), TestFirmware.trace("empty", at: base, 0),
    ])
    firmware.image.machine = 40
    firmware.image.entry = 0x4000_0000
    firmware.image.segments.append(
      ELFImage.Segment(address: 0x9000_0000, bytes: [1, 2, 3, 4]))
    let found = try faults(firmware)
    #expect(
      found == [
        .image(.foreignMachine(offset: 18, expected: .riscv, found: .arm)),
        .image(.badEntry(device(0x4000_0000), .notInExecutableSegment)),
        .duplicateCarveout(WireName("twice" as StaticString), offset: 0x9c),
        .devmemWithoutIOMMU(offset: 0x9c + 56),
        .badAlignment(device: 0, vring: 0, alignment: 6000, da: nil),
        .badQueueSize(device: 0, vring: 1, count: 3),
        .segmentNotInMemory(header: 52 + 32, da: device(0x9000_0000), byteCount: 4),
        .badTrace(WireName("log" as StaticString), da: device(0x1000), byteCount: 0x100),
        .badTrace(WireName("empty" as StaticString), da: device(base), byteCount: 0),
      ])
  }

  @Test("What follows from another fault is no fault of its own")
  func consequences() throws {
    var firmware = TestFirmware([
      TestFirmware.trace("log", at: 0x7000_0100, 0x100), TestFirmware.rpmsg(),
    ])
    // Code, trace and table lie in a carveout that this board cannot give.
    firmware.carveout?.da = device(0x7000_0000)
    firmware.image.entry = 0x7000_0000
    firmware.image.segments[0].address = 0x7000_0000
    firmware.tableAddress = 0x7000_1000
    #expect(
      try faults(firmware) == [
        .platform(.addressNotAvailable(device(0x7000_0000), byteCount: 0x4000))
      ])
  }

  @Test("The memory that the platform refused has its name")
  func name() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let image = try TestFirmware([
      TestFirmware.carveout("heap", 0x20_0000), TestFirmware.carveout("pool", 0x30_0000),
    ]).build()
    let check = try processor.check(image)
    #expect(check.faults.map(\.memory) == ["heap", "pool"].map { WireName($0 as String) })
  }

  @Test("More than the policy allows is not asked for, not even by a check")
  func budget() throws {
    var platform = try TestPlatform()
    platform.policy.maximumCarveoutByteCount = 0x8000
    let firmware = TestFirmware([TestFirmware.carveout("heap", 0x1_0000)])
    #expect(
      try faults(firmware, on: platform)
        == [.carveoutBudget(needed: 0x1_4000, limit: 0x8000)])
    let asked = platform.script.calls.contains { $0.hasPrefix("allocate") }
    #expect(!asked)
  }

  @Test("The number of faults that are kept is bounded")
  func bound() throws {
    let traces = (0..<1200).map { TestFirmware.trace("t\($0)", at: 0x1000, 4) }
    var processor = RemoteProcessor(platform: try TestPlatform())
    let check = try processor.check(try TestFirmware(traces).build())
    #expect(check.faults.count == 1000)
    #expect(check.omittedFaultCount == 200)
  }

  @Test("Only an offline processor is checked; it keeps its boot address")
  func states() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let image = try TestFirmware().build()
    try processor.boot(image)
    var found: RemoteprocError?
    do throws(RemoteprocError) { _ = try processor.check(image) } catch { found = error }
    #expect(found == .illegalTransition(.check, from: .running))
    try processor.shutdown()
    var other = TestFirmware()
    other.image.entry = base + 4
    _ = try processor.check(try other.build())
    let bootAddress = processor.bootAddress
    #expect(bootAddress == device(base))
  }

  @Test("A platform that cannot be made ready fails the check")
  func prepare() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    processor.platform.script.fail(at: 0)
    let image = try TestFirmware().build()
    var found: RemoteprocError?
    do throws(RemoteprocError) { _ = try processor.check(image) } catch { found = error }
    #expect(found == .platform(.system(.prepare, errno: 5)))
  }
}
