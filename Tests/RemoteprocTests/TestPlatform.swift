import Coredump
import ELF
import PlatformNull
import Remoteproc
import ResourceTable
import Scheduling
import SharedMemory
import TestSupport
import Testing
import Vring
import WireTypes

/// What a ``TestPlatform`` was asked, and where it is to fail.
final class PlatformScript: Sendable {
  private struct State {
    var calls: [String] = []
    var fallibleCount = 0
    var failAt: Int?
  }

  private let state = Guarded(State())

  var calls: [String] { state.withLock { $0.calls } }

  /// Makes the `index`-th fallible call from now on fail; `nil` lets all succeed.
  func fail(at index: Int?) {
    state.withLock {
      $0.failAt = index
      $0.fallibleCount = 0
    }
  }

  func forgetCalls() { state.withLock { $0.calls = [] } }

  func note(_ call: String) { state.withLock { $0.calls.append(call) } }

  /// Notes a call, and throws if it is its turn.
  func attempt(_ call: String, _ operation: PlatformError.Operation) throws(PlatformError) {
    let fails = state.withLock { state in
      state.calls.append(call)
      defer { state.fallibleCount += 1 }
      return state.fallibleCount == state.failAt
    }
    if fails { throw .system(operation, errno: 5) }
  }
}

/// A board with 1 MiB of RAM at 0x80000000, where carveouts lie where they want to.
struct TestPlatform: PlatformDriver {
  static let base: UInt64 = 0x8000_0000

  let script = PlatformScript()
  let doorbell = KickCounter()
  var capabilities: PlatformCapabilities = []
  var regions: [MemoryRegion] = []
  var machine: ELFMachine? = .riscv
  var policy = ResourcePolicy.standard
  var vendorAnswer = VendorAnswer.ignored
  /// What a dump is to hold besides.
  var dumpSegments: [DumpSegment] = []
  /// What the registers are said to hold.
  var registersNow: ProcessorRegisters?
  /// Whether all RAM is visible to the remote, not only carveouts.
  var showsRAM = false
  private(set) var pool: DeviceMemoryPool
  /// Memory of the bus that no carveout ever gets.
  let sram: SharedWindow
  /// What the IOMMU shows; `nil` while it is off.
  private(set) var mapped: [IOMMUMapping]?
  /// What is mapped when the IOMMU is attached to.
  var found: [IOMMUMapping] = []
  /// Whether pieces of ``pool`` have a physical address.
  var hasPhysicalAddresses = true

  init(placement: DeviceMemoryPool.Placement = .identity) throws {
    pool = DeviceMemoryPool(
      base: device(Self.base), physicalBase: PhysicalAddress(rawValue: 0x10_0000),
      memory: try SharedRegion(byteCount: 1 << 20).window, placement: placement)
    sram = try SharedRegion(byteCount: 0x1_0000).window
  }

  static let sramStart = PhysicalAddress(rawValue: 0x4a00_0000)

  /// A board whose processor sees everything through an IOMMU, and that shows its SRAM.
  static func withIOMMU() throws -> TestPlatform {
    var platform = try TestPlatform()
    platform.capabilities = .hasIOMMU
    platform.policy.devmem = [
      try #require(AddressRange(start: sramStart, byteCount: 0x1_0000))
    ]
    return platform
  }

  mutating func attachIOMMU() throws(PlatformError) -> IOMMUDomain {
    try script.attempt("attach IOMMU", .attachIOMMU)
    mapped = found
    do throws(IOMMUError) {
      guard let all = AddressRange(start: device(0), byteCount: 1 << 32) else {
        throw .empty(device(0))
      }
      var domain = try IOMMUDomain(pageSizes: .arm, aperture: all)
      for mapping in found { try domain.map(mapping) }
      return domain
    } catch { throw .system(.attachIOMMU, errno: 22) }
  }

  mutating func map(_ mapping: IOMMUMapping) throws(PlatformError) {
    try script.attempt("map \(mapping.da)", .map)
    mapped?.append(mapping)
  }

  mutating func unmap(_ mapping: IOMMUMapping) {
    script.note("unmap \(mapping.da)")
    mapped?.removeAll { $0 == mapping }
  }

  mutating func detachIOMMU() {
    script.note("detach IOMMU")
    mapped = mapped?.isEmpty == true ? nil : mapped
  }

  func window(at range: AddressRange<PhysicalAddress>) -> SharedWindow? {
    guard let offset = range.start.offset(from: Self.sramStart) else { return nil }
    return sram.window(at: offset, byteCount: range.byteCount)
  }

  mutating func prepare() throws(PlatformError) { try script.attempt("prepare", .prepare) }
  mutating func unprepare() { script.note("unprepare") }
  mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) { pool.reserve(ranges) }

  mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    try script.attempt("allocate \(request.name)", .allocate)
    let grant = try pool.allocate(request)
    return MemoryGrant(
      da: grant.da, pa: hasPhysicalAddresses ? grant.pa : nil, window: grant.window)
  }

  mutating func release(_ grant: MemoryGrant) {
    script.note("release \(grant.da)")
    pool.release(grant)
  }

  func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? {
    showsRAM ? pool.window(of: range) : nil
  }

  func registers(at crash: CrashReport?) -> ProcessorRegisters? { registersNow }

  mutating func handleVendorEntry(_ entry: VendorEntry) -> VendorAnswer {
    script.note("vendor \(entry.type) \(entry.offset) \(entry.bytes)")
    return vendorAnswer
  }

  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    try script.attempt("start \(bootAddress)", .start)
  }

  mutating func stop() throws(PlatformError) { try script.attempt("stop", .stop) }

  /// Whether it runs before anybody boots it, with its table there.
  var runsAlready = false
  var loadedTable: AddressRange<DeviceAddress>?
  var answer = RemoteAnswer.acknowledged

  mutating func attach() throws(PlatformError) { try script.attempt("attach", .attach) }
  mutating func detach() throws(PlatformError) { try script.attempt("detach", .detach) }
  mutating func suspend() throws(PlatformError) { try script.attempt("suspend", .suspend) }
  mutating func resume() throws(PlatformError) { try script.attempt("resume", .resume) }

  mutating func ask(_ request: RemoteRequest, until deadline: MonotonicTime) -> RemoteAnswer {
    script.note("ask \(request)")
    return answer
  }

  mutating func panic() -> Duration {
    script.note("panic")
    return .milliseconds(3)
  }

  /// Puts `bytes` where firmware that runs already has its table.
  mutating func preload(table bytes: [UInt8], at offset: UInt64 = 0x1000) throws {
    runsAlready = true
    showsRAM = true
    let range = try deviceRange(Self.base + offset, UInt64(bytes.count))
    loadedTable = range
    let window = try #require(pool.window(of: range))
    for (index, byte) in bytes.enumerated() { window.store(byte, at: index) }
  }
}

/// Firmware for a ``TestPlatform``, correct unless a test spoils it.
struct TestFirmware {
  /// Entries after the carveout `fw`, which holds code and table.
  var entries: [ResourceTableBuilder.Entry] = []
  var carveout: MemoryResource? = MemoryResource(
    da: device(TestPlatform.base), byteCount: 0x4000, name: WireName("fw" as StaticString))
  var image = ELFImage()
  var tableAddress: UInt64 = TestPlatform.base + 0x1000

  init(_ entries: [ResourceTableBuilder.Entry] = []) {
    self.entries = entries
    image.entry = TestPlatform.base
    image.segments = [
      ELFImage.Segment(address: TestPlatform.base, bytes: [UInt8](repeating: 0x13, count: 64))
    ]
  }

  static func name(_ text: String) -> WireName { WireName(text) }

  static func memory(_ name: String, at da: UInt64?, _ byteCount: UInt32) -> MemoryResource {
    MemoryResource(da: da.map(device), byteCount: byteCount, name: WireName(name))
  }

  static func carveout(
    _ name: String, at da: UInt64? = nil, _ byteCount: UInt32
  ) -> ResourceTableBuilder.Entry {
    .carveout(memory(name, at: da, byteCount))
  }

  static func trace(
    _ name: String, at da: UInt64?, _ byteCount: UInt32
  ) -> ResourceTableBuilder.Entry {
    .trace(TraceResource(da: da.map(device), byteCount: byteCount, name: WireName(name)))
  }

  static func ring(
    at da: UInt64? = nil, alignment: UInt32 = 4096, count: UInt32 = 4, notifyID: UInt32 = 9
  ) -> VringResource {
    VringResource(
      da: da.map(device), alignment: alignment, count: count,
      notifyID: NotifyID(rawValue: notifyID))
  }

  static func rpmsg(
    id: UInt32 = 7, _ rings: [VringResource] = [ring(), ring()], config: [UInt8] = []
  ) -> ResourceTableBuilder.Entry {
    .vdev(VdevResource(deviceID: id, deviceFeatures: 1), vrings: rings, config: config)
  }

  func table() throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    if let carveout { builder.add(.carveout(carveout)) }
    for entry in entries { builder.add(entry) }
    return try builder.build()
  }

  func build() throws -> ELFFirmware { try build(table: table()) }

  func build(table: [UInt8]) throws -> ELFFirmware {
    var image = image
    image.sections = [
      ELFImage.Section(name: ".resource_table", address: tableAddress, bytes: table)
    ]
    return try ELFFirmware(parsing: image.build())
  }
}

/// Boots `firmware` on `platform`, and expects that it is refused with `error` and nothing stays.
func expectRefused(
  _ firmware: TestFirmware, _ error: RemoteprocError, on platform: TestPlatform? = nil,
  options: BootOptions = BootOptions(), sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expectRefused(
    try firmware.build(), error, on: platform, options: options, sourceLocation: sourceLocation)
}

func expectRefused(
  _ image: ELFFirmware, _ error: RemoteprocError, on platform: TestPlatform? = nil,
  options: BootOptions = BootOptions(), sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var processor = RemoteProcessor(platform: try platform ?? TestPlatform())
  let found = bootError(of: &processor, image, options)
  #expect(found == error, sourceLocation: sourceLocation)
  expectClean(processor, sourceLocation: sourceLocation)
  #expect(!processor.platform.script.calls.contains { $0.hasPrefix("start") })
}

/// What a boot throws; `nil` when it succeeds.
func bootError<Platform: PlatformDriver>(
  of processor: inout RemoteProcessor<Platform>, _ image: ELFFirmware,
  _ options: BootOptions = BootOptions()
) -> RemoteprocError? {
  do throws(RemoteprocError) {
    try processor.boot(image, options: options)
    return nil
  } catch { return error }
}

/// Expects an offline processor that holds nothing.
func expectClean(
  _ processor: borrowing RemoteProcessor<TestPlatform>,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(processor.state == .offline, sourceLocation: sourceLocation)
  #expect(processor.platform.pool.grantedByteCount == 0, sourceLocation: sourceLocation)
  #expect(processor.platform.mapped == nil, sourceLocation: sourceLocation)
  expectEmpty(processor)
  let calls = processor.platform.script.calls
  #expect(
    calls.count { $0 == "unprepare" } <= calls.count { $0 == "prepare" },
    sourceLocation: sourceLocation)
}

/// Expects a processor without any resource.
func expectEmpty(_ processor: borrowing RemoteProcessor<TestPlatform>) {
  let hasTable = processor.table != nil
  #expect(!hasTable)
  let count = processor.carveouts.count + processor.traces.count + processor.devices.count
  #expect(count == 0)
}

/// What a shutdown throws; `nil` when it succeeds.
func shutdownError(of processor: inout RemoteProcessor<TestPlatform>) -> RemoteprocError? {
  do throws(RemoteprocError) {
    try processor.shutdown()
    return nil
  } catch { return error }
}
