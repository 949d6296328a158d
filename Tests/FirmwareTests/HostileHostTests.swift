import RPMsg
import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

@Suite("Firmware and a host that breaks the rules")
struct HostileHostTests {
  @Test(
    "A ring outside memory, or none, is reported and not touched",
    arguments: [
      0xffff_ffff, 0, 0x1000_0000, 0x80ff_fff0,
    ] as [UInt32])
  func ringOutOfReach(address: UInt32) throws {
    let bench = try FirmwareBench("echo")
    bench.run()
    try bench.bringUp()
    bench.memory.store(address, at: bench.entryOffset + 44)
    bench.run()
    #expect(bench.log.crash?.fatalCode == 0x0102)
    #expect(bench.trace.hasSuffix("the host's rings cannot be used\n"))
  }

  @Test("An available index that jumps breaks the ring, and the firmware says so")
  func indexJump() throws {
    let bench = try FirmwareBench("echo")
    bench.run()
    try bench.bringUp()
    bench.run()
    let address = try bench.takeService().address
    _ = try bench.enqueue([1], to: address)
    bench.publish()
    // The available index of vring 1, behind 64 descriptors and the flags.
    bench.memory.store(UInt16(1000), at: 0x10_2000 + 64 * 16 + 2)
    bench.run()
    #expect(bench.log.crash?.fatalCode == 0x0104)
    #expect(bench.trace.hasSuffix("the host broke a ring\n"))
  }

  @Test("A buffer over the program breaks the ring")
  func bufferOverProgram() throws {
    let bench = try FirmwareBench("echo")
    bench.run()
    try bench.bringUp()
    bench.run()
    let address = try bench.takeService().address
    _ = try bench.enqueue([1], to: address)
    // Descriptor 0 of vring 1 now names the image.
    bench.memory.store(UInt64(0x8000_0000), at: 0x10_2000)
    bench.publish()
    bench.run()
    #expect(bench.log.crash?.fatalCode == 0x0104)
  }
}
