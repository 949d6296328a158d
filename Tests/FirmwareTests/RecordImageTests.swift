import ELF
import ResourceTable
import SharedMemory
import SimulatedSoC
import Testing
import Vring
import WireTypes

@Suite("Firmware image with a table of version 0")
struct RecordImageTests {
  private func table(_ bench: FirmwareBench) throws -> ResourceTableReader {
    try ResourceTableReader(parsing: Array(bench.file.bytes(of: bench.table)))
  }

  @Test("Its table is told to be of version 0, and announces what the others do")
  func contents() throws {
    let reader = try table(try FirmwareBench("echo-v0"))
    #expect(reader.version == .v0)
    try reader.checkLayout()
    let resources = try reader.entries().map(\.resource)
    try #require(resources.count == 5)
    guard case .carveout(let carveout) = resources[0], case .trace(let trace) = resources[1],
      case .vdevRecord(let device) = resources[2], case .vringRecord(let first) = resources[3],
      case .vringRecord(let second) = resources[4]
    else { throw BenchError.noTable }
    #expect(carveout.da == FirmwareBench.ram && carveout.byteCount == 0x10000)
    #expect(carveout.name == WireName("fw"))
    #expect(trace.da == DeviceAddress(rawValue: 0x8000_d000) && trace.byteCount == 0x1000)
    #expect(device.id == 0 && device.flags == 7 && device.da == 1)
    let layout = try VringLayout(queueSize: 64, alignment: 4096)
    for (index, record) in [first, second].enumerated() {
      #expect(record.id == UInt32(index) && record.count == 64)
      #expect(record.da == 0x8001_0000 + 0x2000 * UInt64(index))
    }
    #expect(layout.byteCount <= 0x2000)
  }

  @Test("It sleeps until the first kick, and a host without rings is a crash and no more")
  func waitsForKick() throws {
    let bench = try FirmwareBench("echo-v0")
    #expect(bench.run() == .asleep)
    #expect(bench.log.stateWords == [1, 2])
    #expect(bench.trace.hasSuffix("echo-v0: waiting for the host\n"))
    // A ring at an address that the board does not have.
    let offset = Int(bench.table.address.rawValue - FirmwareBench.ram.rawValue) + 96 * 3 + 8
    bench.memory.store(UInt64(0x10), at: offset)
    bench.chip.kick(NotifyID(rawValue: 0))
    bench.run()
    #expect(bench.trace.hasSuffix("the host's rings cannot be used\n"))
  }
}
