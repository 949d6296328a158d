import CoreSupport
import RISCVCore
import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

/// A chip whose core sees 64 KiB at pa 0x4000 and a page at pa 0x100000 through its IOMMU only.
private struct MappedChip {
  static let code: UInt64 = 0x8000_0000

  let chip: SimulatedChip
  let log = EventLog()

  static func configuration() -> ChipConfiguration {
    ChipConfiguration(
      memory: [
        .init(name: "ram", da: nil, pa: PhysicalAddress(rawValue: 0x4000), byteCount: 0x1_0000),
        .init(name: "sram", da: nil, pa: PhysicalAddress(rawValue: 0x10_0000), byteCount: 0x1000),
        .init(
          name: "own", da: DeviceAddress(rawValue: 0x1000),
          pa: PhysicalAddress(rawValue: 0x20_0000), byteCount: 0x1000),
      ],
      devices: [
        .init(
          kind: .doorbell(raisesExternal: true),
          da: DeviceAddress(rawValue: UInt64(TestChip.doorbell))),
        .init(kind: .clint, da: DeviceAddress(rawValue: UInt64(TestChip.clint))),
      ],
      translated: AddressRange(
        start: DeviceAddress(rawValue: 0x4000_0000), byteCount: 0xc000_0000))
  }

  init(_ program: (inout Assembler) -> Void = { _ in }) throws {
    chip = try SimulatedChip(
      Self.configuration(), sink: ChipSink(kicked: log.kick, happened: log.add),
      execution: .stepped(seed: 0))
    var assembler = Assembler()
    assembler.li(Assembler.a0, TestChip.doorbell)
    program(&assembler)
    for (index, word) in assembler.words.enumerated() {
      chip.memory[0].window.store(word, at: index * 4)
    }
  }

  static func map(
    _ da: UInt64, to pa: UInt64, _ byteCount: UInt64, _ permissions: MemoryPermissions = .all
  ) -> ChipMapping {
    ChipMapping(
      da: DeviceAddress(rawValue: da), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount,
      permissions: permissions)
  }

  /// What shows the program, and nothing else.
  static let program = map(code, to: 0x4000, 0x1000, [.read, .execute])

  func run(_ mappings: [ChipMapping]) throws -> ChipCrash? {
    try chip.show(mappings)
    try chip.start(at: DeviceAddress(rawValue: Self.code))
    _ = chip.run(cycles: 1000)
    return log.crash
  }
}

@Suite("A chip with an IOMMU")
struct ChipIOMMUTests {
  typealias A = Assembler

  /// `program` starts at 0x8, after the doorbell's address.
  private func crash(
    _ more: [ChipMapping] = [], _ program: (inout Assembler) -> Void
  ) throws -> ChipCrash? {
    let chip = try MappedChip(program)
    return try chip.run([MappedChip.program] + more)
  }

  @Test("Loads, stores and fetches of what is not mapped crash, with address, access and pc")
  func notMapped() throws {
    let cases: [(MemoryAccess, (inout Assembler) -> Void)] = [
      (.read, { $0.lw(A.t1, 4, A.t0) }), (.write, { $0.sw(A.t1, 4, A.t0) }),
      (.write, { $0.store(0, A.t1, 4, A.t0) }), (.read, { $0.load(1, A.t1, 4, A.t0) }),
    ]
    for (access, instruction) in cases {
      let found = try crash { program in
        program.li(A.t0, 0xdead_0000)
        instruction(&program)
      }
      #expect(
        found
          == ChipCrash(
            kind: .mmuFault, pc: TestChip.address(0x10),
            address: DeviceAddress(rawValue: 0xdead_0004), access: access))
    }
    let fetch = try crash { $0.jump(-0x1008) }
    #expect(
      fetch
        == ChipCrash(
          kind: .mmuFault, pc: DeviceAddress(rawValue: 0x7fff_f000),
          address: DeviceAddress(rawValue: 0x7fff_f000), access: .fetch))
  }

  @Test("Accesses that the mapping does not allow crash as well")
  func permissions() throws {
    let store = try crash { program in
      program.li(A.t0, 0x8000_0000)
      program.sw(A.t0, 0, A.t0)
    }
    #expect(store?.kind == .mmuFault && store?.access == .write)
    let data = MappedChip.map(0x9000_0000, to: 0x10_0000, 0x1000, [.read, .write])
    let fetch = try crash([data]) { program in
      program.li(A.t0, 0x9000_0000)
      program.words.append(A.t0 << 15 | 0x67)
    }
    #expect(fetch?.kind == .mmuFault && fetch?.access == .fetch)
    #expect(fetch?.address == DeviceAddress(rawValue: 0x9000_0000))
  }

  @Test("A handler of the firmware cannot hide an MMU fault")
  func handler() throws {
    let found = try crash { program in
      program.handle(0, at: 0x100)
      program.lw(A.t1, 0, A.zero)
      program.pad(to: 0x100)
      // The handler of the bus fault at 0, which is nobody's, runs into what is not mapped.
      program.li(A.t0, 0xffff_fffc)
      program.lw(A.t1, 0, A.t0)
    }
    #expect(found?.kind == .mmuFault)
    #expect(found?.pc == TestChip.address(0x108))
    #expect(found?.address == DeviceAddress(rawValue: 0xffff_fffc))
  }

  @Test(
    "Devices and memory of the core's own are not translated, and what is not there is a bus fault")
  func privateParts() throws {
    let chip = try MappedChip { program in
      program.li(A.t0, 0x1000)
      program.li(A.t1, 0x55)
      program.sw(A.t1, 0, A.t0)
      program.sw(A.t1, 0, A.a0)
      program.lw(A.t1, 0, A.zero)
    }
    let crash = try chip.run([MappedChip.program])
    #expect(chip.log.kicks == [0x55])
    #expect(chip.chip.memory[2].window.loadUInt32(at: 0) == 0x55)
    #expect(crash?.kind == .busFault)
    #expect(crash?.access == .read && crash?.address?.rawValue == 0)
  }

  @Test("The core sees memory at the address of the mapping, and pages in a row as one piece")
  func merged() throws {
    let chip = try MappedChip { program in
      program.li(A.t0, 0xb000_0ffe)
      program.li(A.t1, 0x1122_3344)
      program.sw(A.t1, 0, A.t0)
      program.sw(A.zero, 0x18, A.a0)
    }
    let crash = try chip.run([
      MappedChip.map(0xb000_1000, to: 0x6000, 0x1000, [.read, .write]), MappedChip.program,
      MappedChip.map(0xb000_0000, to: 0x5000, 0x1000, [.read, .write]),
    ])
    #expect(crash == nil)
    #expect(chip.log.events == [.exited(code: 0)])
    #expect(chip.chip.memory[0].window.loadUInt16(at: 0x1ffe) == 0x3344)
    #expect(chip.chip.memory[0].window.loadUInt16(at: 0x2000) == 0x1122)
  }

  @Test("After a stop nothing is seen but what is shown anew")
  func remapped() throws {
    let chip = try MappedChip { $0.sw(A.zero, 0x18, A.a0) }
    #expect(try chip.run([MappedChip.program]) == nil)
    #expect(chip.log.events == [.exited(code: 0)])
    chip.chip.stop()
    let crash = try chip.run([])
    #expect(
      crash
        == ChipCrash(
          kind: .mmuFault, pc: TestChip.address(0), address: TestChip.address(0), access: .fetch))
    let again = try MappedChip { $0.sleep() }
    _ = try again.run([MappedChip.program])
    #expect(throws: ChipError.alreadyRunning) { try again.chip.show([]) }
  }

  @Test("What cannot be shown is refused")
  func refused() throws {
    let chip = try MappedChip().chip
    func show(_ mappings: ChipMapping...) throws(ChipError) { try chip.show(mappings) }
    #expect(
      throws: ChipError.notTranslated(da: DeviceAddress(rawValue: 0x3fff_f000), byteCount: 0x2000)
    ) { try show(MappedChip.map(0x3fff_f000, to: 0x4000, 0x2000)) }
    #expect(
      throws: ChipError.notTranslated(da: DeviceAddress(rawValue: .max), byteCount: 0x2000)
    ) { try show(MappedChip.map(.max, to: 0x4000, 0x2000)) }
    for (pa, byteCount) in [(0x3000, 0x1000), (0x1_3000, 0x2000), (.max, 0x1000)]
      as [(UInt64, UInt64)]
    {
      #expect(
        throws: ChipError.nothingThere(PhysicalAddress(rawValue: pa), byteCount: byteCount)
      ) { try show(MappedChip.map(0x8000_0000, to: pa, byteCount)) }
    }
    #expect(
      throws: ChipError.core(
        .overlappingWindows(
          DeviceAddress(rawValue: 0x8000_0000), DeviceAddress(rawValue: 0x8000_1000)))
    ) {
      try show(
        MappedChip.map(0x8000_0000, to: 0x4000, 0x2000),
        MappedChip.map(0x8000_1000, to: 0x10_0000, 0x1000))
    }
    #expect(throws: ChipError.noIOMMU) { try TestChip().chip.show([]) }
  }

  @Test("Parts that do not fit together are refused")
  func configurations() throws {
    func expect(
      _ error: ChipError, _ change: (inout ChipConfiguration) -> Void,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      var configuration = MappedChip.configuration()
      change(&configuration)
      #expect(throws: error, sourceLocation: sourceLocation) {
        _ = try SimulatedChip(
          configuration, sink: ChipSink(kicked: { _ in }, happened: { _ in }),
          execution: .stepped(seed: 0))
      }
      #expect(!error.description.isEmpty, sourceLocation: sourceLocation)
    }
    try expect(.unreachable(name: "ram")) { $0.translated = nil }
    try expect(
      .overlapOnBus(PhysicalAddress(rawValue: 0x4000), PhysicalAddress(rawValue: 0x5000))
    ) { $0.memory[1].pa = PhysicalAddress(rawValue: 0x5000) }
    try expect(.badBusAddress(PhysicalAddress(rawValue: 0x10), byteCount: 0x1000)) {
      $0.memory[1].pa = PhysicalAddress(rawValue: 0x10)
    }
    try expect(.badBusAddress(PhysicalAddress(rawValue: 1 << 63), byteCount: .max - 4095)) {
      $0.memory[1].pa = PhysicalAddress(rawValue: 1 << 63)
      $0.memory[1].byteCount = .max - 4095
    }
    try expect(
      .overlap(DeviceAddress(rawValue: 0x4000_0000), DeviceAddress(rawValue: 0x4000_0000))
    ) { $0.memory[2].da = DeviceAddress(rawValue: 0x4000_0000) }
  }
}
