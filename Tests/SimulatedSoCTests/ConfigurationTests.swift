import CoreSupport
import RISCVCore
import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

@Suite("Parts of a simulated chip")
struct ConfigurationTests {
  private static func da(_ address: UInt64) -> DeviceAddress { DeviceAddress(rawValue: address) }

  private func make(
    _ memory: [(UInt64, UInt64)], _ devices: [(ChipDeviceKind, UInt64)] = [], hertz: UInt64 = 1
  ) throws -> SimulatedChip {
    try SimulatedChip(
      ChipConfiguration(
        memory: memory.map { .init(name: "m", da: Self.da($0.0), byteCount: $0.1) },
        devices: devices.map { .init(kind: $0.0, da: Self.da($0.1)) }, frequencyInHertz: hertz),
      sink: ChipSink(kicked: { _ in }, happened: { _ in }), execution: .stepped(seed: 0))
  }

  @Test("Memory may touch other parts and the end of the address space")
  func edges() throws {
    let chip = try make([(0, 4096), (0xffff_f000, 4096)], [(.clint, 4096)])
    #expect(chip.memory.compactMap { $0.range?.start.rawValue } == [0, 0xffff_f000])
    #expect(chip.memory.allSatisfy { $0.window.byteCount == 4096 })
  }

  @Test("Parts that do not fit are refused by name of their address")
  func refused() {
    #expect(throws: ChipError.misaligned(da: Self.da(1), byteCount: 4096)) { try make([(1, 4096)]) }
    #expect(throws: ChipError.misaligned(da: Self.da(0), byteCount: 0)) { try make([(0, 0)]) }
    #expect(throws: ChipError.misaligned(da: Self.da(0), byteCount: 4097)) { try make([(0, 4097)]) }
    #expect(throws: ChipError.outsideAddressSpace(da: Self.da(0xffff_f000), byteCount: 8192)) {
      try make([(0xffff_f000, 8192)])
    }
    #expect(throws: ChipError.outsideAddressSpace(da: Self.da(1 << 32), byteCount: 4096)) {
      try make([(1 << 32, 4096)])
    }
    #expect(throws: ChipError.overlap(Self.da(0), Self.da(4096))) {
      try make([(0, 8192), (4096, 4096)])
    }
    #expect(throws: ChipError.overlap(Self.da(0), Self.da(0x1000))) {
      try make([(0, 8192)], [(.clint, 0x1000)])
    }
    #expect(throws: ChipError.duplicateDevice(da: Self.da(0x3000))) {
      try make(
        [(0, 4096)],
        [(.doorbell(raisesExternal: true), 0x2000), (.doorbell(raisesExternal: false), 0x3000)])
    }
    #expect(throws: ChipError.noClock) { try make([(0, 4096)], hertz: 0) }
    #expect(throws: ChipError.core(.noMemory)) { try make([]) }
  }

  @Test("A start address is even and has 32 bits", arguments: [1, 1 << 32, .max] as [UInt64])
  func startAddress(address: UInt64) throws {
    let chip = try make([(0, 4096)])
    #expect(throws: ChipError.badStartAddress(Self.da(address))) {
      try chip.start(at: Self.da(address))
    }
  }

  @Test("Errors are one line with their numbers in hexadecimal")
  func descriptions() {
    let error = ChipError.overlap(Self.da(0x1000), Self.da(0x8000_0000))
    #expect(error.description == "parts at 0x1000 and 0x80000000 overlap")
    #expect(
      ChipError.memory(name: "ram", .invalidSize(0)).description
        == "memory ram: shared memory of 0 bytes is not possible")
  }

  @Test("A core that starts outside memory crashes at once")
  func startNowhere() throws {
    let chip = try TestChip()
    try chip.chip.start(at: Self.da(0x9000_0000))
    #expect(chip.chip.run(cycles: 5).end == .ended)
    #expect(chip.log.crash?.kind == .busFault)
    #expect(chip.log.crash?.pc == Self.da(0x9000_0000))
  }
}
