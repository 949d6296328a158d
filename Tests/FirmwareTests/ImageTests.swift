import ELF
import RPMsg
import ResourceTable
import SimulatedSoC
import Testing
import WireTypes

@Suite("Firmware images as files")
struct ImageTests {
  static let names = ["echo", "echo-poll", "sample-client", "crash"]

  @Test("The image is small, lies in its carveout and starts at its first byte", arguments: names)
  func layout(name: String) throws {
    let bench = try FirmwareBench(name)
    try bench.file.checkIdentification()
    try bench.file.checkMachine(.riscv)
    try bench.file.checkOverlap()
    try bench.file.checkEntry()
    #expect(bench.file.entry == FirmwareBench.ram)
    #expect(bench.file.bytes.count < 32 << 10)
    let trace = DeviceAddress(rawValue: 0x8000_d000)
    for segment in bench.file.segments where segment.isLoadable {
      try bench.file.checkExtent(of: segment)
      #expect(segment.physicalAddress == segment.virtualAddress)
      let end = try #require(segment.virtualAddress.advanced(by: segment.memoryByteCount))
      #expect(segment.virtualAddress >= FirmwareBench.ram && end <= trace)
    }
    #expect(try bench.file.symbol(named: "board_exception") != nil)
  }

  @Test("The resource table announces carveout, trace and rpmsg device", arguments: names)
  func table(name: String) throws {
    let bench = try FirmwareBench(name)
    let reader = try ResourceTableReader(parsing: Array(bench.file.bytes(of: bench.table)))
    try reader.checkLayout()
    let entries = try reader.entries()
    let resources = entries.map(\.resource)
    try #require(resources.count == 3)
    guard case .carveout(let carveout) = resources[0], case .trace(let trace) = resources[1],
      case .vdev(let vdev) = resources[2]
    else { throw BenchError.noTable }
    #expect(carveout.da == FirmwareBench.ram && carveout.byteCount == 0x10000)
    #expect(carveout.name == WireName("fw"))
    #expect(trace.name == WireName("trace") && trace.byteCount == 0x1000)
    // Where the bench reads the trace, and other tests find lines in it.
    #expect(trace.da == DeviceAddress(rawValue: 0x8000_d000))
    #expect(vdev.deviceID == 7 && vdev.deviceFeatures == 1 && vdev.vringCount == 2)
    for index in 0..<2 {
      let vring = try reader.vring(at: index, of: entries[2])
      #expect(vring.da == nil && vring.count == 64 && vring.alignment == 16)
    }
  }

  @Test("Nothing is sent and the core sleeps while the driver is not ready", arguments: names)
  func waits(name: String) throws {
    let bench = try FirmwareBench(name)
    #expect(bench.run() == .asleep)
    #expect(bench.log.stateWords == [1, 2])
    #expect(bench.log.kicks.isEmpty)
    #expect(bench.trace.hasSuffix(": waiting for the host\n"))
    try bench.bringUp()
    #expect(bench.run() == .asleep)
    #expect(bench.log.stateWords == [1, 2, 3])
    #expect(bench.log.kicks == [0])
    #expect(try !bench.takeService().isWithdrawal)
  }
}
