import RISCVCore
import SimulatedSoC
import Testing
import WireTypes

@Suite("Doorbell registers, by instructions of the core")
struct DoorbellTests {
  typealias A = Assembler

  @Test(
    "KICK passes any notify id to the host", arguments: [0, 1, 31, 32, 0xffff_ffff] as [UInt32])
  func kick(id: UInt32) throws {
    let chip = try TestChip { program in
      program.li(A.t0, id)
      program.sw(A.t0, 0x00, A.a0)
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    #expect(chip.log.kicks == [id])
    #expect(chip.chip.statistics.kicksToHost == 1)
    #expect(chip.log.events.isEmpty)
  }

  @Test("PENDING gives and clears all bits, PENDING_PEEK leaves them")
  func pending() throws {
    let chip = try TestChip { program in
      program.sw(A.zero, 0x0C, A.a0)
      program.addi(A.t0, A.zero, 1)
      program.sw(A.t0, 0x0C, A.a0)
      for (index, register) in [0x14, 0x14, 0x04, 0x04, 0x14].enumerated() {
        program.lw(A.t0, Int32(register), A.a0)
        program.li(A.t1, UInt32(TestChip.ram) + 0x1000)
        program.sw(A.t0, Int32(index * 4), A.t1)
      }
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    for id in [0, 3, 3, 31, 200] as [UInt32] { chip.kick(id) }
    #expect(chip.chip.run(cycles: 1_000).end == .asleep)
    let bits: UInt32 = 1 << 0 | 1 << 3 | 1 << 31
    #expect((0..<5).map { chip.word(0x1000 + $0 * 4) } == [bits, bits, bits, 0, 0])
    #expect(chip.chip.statistics.sleepCount == 2)
  }

  @Test("Only words other than 0xDEADcccc are life-cycle words")
  func state() throws {
    let chip = try TestChip { program in
      for word in [1, 2, 3, 4, 0xDEAC_FFFF, 0xDEAE_0000] as [UInt32] {
        program.li(A.t0, word)
        program.sw(A.t0, 0x08, A.a0)
      }
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    #expect(
      chip.log.events == [1, 2, 3, 4, 0xDEAC_FFFF, 0xDEAE_0000].map { ChipEvent.stateWord($0) })
  }

  @Test("STATE 0xDEADcccc is a crash with the code, and the end", arguments: [0, 1, 0xffff])
  func fatal(code: UInt16) throws {
    let chip = try TestChip { program in
      program.li(A.t0, 0xDEAD_0000 | UInt32(code))
      program.sw(A.t0, 0x08, A.a0)
      program.sw(A.t0, 0x00, A.a0)
    }
    #expect(try chip.run().end == .ended)
    #expect(
      chip.log.events == [
        .crashed(ChipCrash(kind: .fatalError, pc: TestChip.address(0x1C), fatalCode: code))
      ])
    #expect(chip.log.kicks.isEmpty)
    #expect(chip.chip.run(cycles: 10) == SteppedRun(cycleCount: 0, end: .ended))
  }

  @Test("EXIT ends the core with its code, and flushes the console")
  func exit() throws {
    let chip = try TestChip { program in
      program.addi(A.t0, A.zero, 0x41)
      program.sw(A.t0, 0x1C, A.a0)
      program.sw(A.t0, 0x18, A.a0)
    }
    #expect(try chip.run().end == .ended)
    #expect(chip.log.events == [.console([0x41]), .exited(code: 0x41)])
  }

  @Test("IRQ_ENABLE has two bits, and connects PENDING with the external interrupt")
  func interruptEnable() throws {
    let chip = try TestChip { program in
      program.li(A.t1, UInt32(TestChip.ram) + 0x1000)
      program.addi(A.t0, A.zero, -2)
      program.sw(A.t0, 0x10, A.a0)
      program.lw(A.t0, 0x10, A.a0)
      program.sw(A.t0, 0, A.t1)
      program.addi(A.t0, A.zero, -1)
      program.sw(A.t0, 0x10, A.a0)
      program.lw(A.t0, 0x10, A.a0)
      program.sw(A.t0, 4, A.t1)
      program.addi(A.t0, A.zero, 1)
      program.sw(A.t0, 0x0C, A.a0)
      // mip before and after PENDING was read
      program.csrr(A.t0, 0x344)
      program.sw(A.t0, 8, A.t1)
      program.lw(A.t0, 0x04, A.a0)
      program.csrr(A.t0, 0x344)
      program.sw(A.t0, 12, A.t1)
      program.wfi()
    }
    try chip.run()
    chip.kick(2)
    #expect(chip.chip.run(cycles: 1_000).end == .asleep)
    #expect((0..<4).map { chip.word(0x1000 + $0 * 4) } == [2, 3, 1 << 11, 0])
  }

  @Test("Write-only registers read as 0, and read-only ones ignore stores")
  func oneWayRegisters() throws {
    let chip = try TestChip { program in
      program.li(A.t1, UInt32(TestChip.ram) + 0x1000)
      program.addi(A.t0, A.zero, -1)
      program.sw(A.t0, 0x04, A.a0)
      program.sw(A.t0, 0x14, A.a0)
      program.sw(A.t0, 0x24, A.a0)
      program.sw(A.t0, 0x28, A.a0)
      let registers = [0x00, 0x08, 0x0C, 0x18, 0x1C, 0x14, 0x20, 0x24, 0x28]
      for (index, register) in registers.enumerated() {
        program.lw(A.t0, Int32(register), A.a0)
        program.addi(A.t0, A.t0, 1)
        program.sw(A.t0, Int32(index * 4), A.t1)
      }
      program.wfi()
    }
    #expect(try chip.run().end == .asleep)
    #expect((0..<9).map { chip.word(0x1000 + $0 * 4) } == [1, 1, 1, 1, 1, 1, 1, 1, 1])
    #expect(chip.log.events.isEmpty && chip.log.kicks.isEmpty)
  }

  @Test("Console bytes come as lines, a long line in pieces, narrow stores count")
  func console() throws {
    let chip = try TestChip { program in
      for byte in "hi\n".utf8 {
        program.addi(A.t0, A.zero, Int32(byte))
        program.store(0, A.t0, 0x1C, A.a0)
      }
      program.addi(A.t0, A.zero, Int32(UInt8(ascii: "x")))
      program.sw(A.t0, 0x1C, A.a0)
      program.jump(-4)
    }
    try chip.run(2_000)
    #expect(chip.log.console.first == "hi\n")
    #expect(chip.log.console[1] == String(repeating: "x", count: 256))
    chip.chip.stop()
    #expect(chip.log.console.last?.isEmpty == false)
    #expect(chip.log.console.last?.count != 256)
  }

  @Test("An access where there is no register is an access fault with its address")
  func noRegister() throws {
    for (address, isStore) in [
      (0x1000_0034, false), (0x1000_0034, true), (0x1000_0ffc, true), (0x1000_1000, false),
      (0x0fff_fffc, true), (0x0200_0004, false), (0x0200_4008, true), (0x0200_bff4, false),
      (0x7fff_fffc, true), (0x8001_0000, false), (0xffff_fffc, true), (0, true), (0, false),
    ] as [(UInt32, Bool)] {
      let chip = try TestChip { program in
        program.li(A.t1, address)
        if isStore { program.sw(A.t0, 0, A.t1) } else { program.lw(A.t0, 0, A.t1) }
      }
      #expect(try chip.run().end == .ended)
      #expect(
        chip.log.events == [
          .crashed(
            ChipCrash(
              kind: .busFault, pc: TestChip.address(0x18),
              address: DeviceAddress(rawValue: UInt64(address)),
              access: isStore ? .write : .read, cause: isStore ? 7 : 5, value: address))
        ])
    }
  }

  @Test("Loads of registers are words", arguments: [0, 1, 4, 5] as [UInt32])
  func narrowLoads(width: UInt32) throws {
    for base in [A.a0, A.a1] {
      let chip = try TestChip { program in
        program.load(width, A.t0, 0, base)
      }
      #expect(try chip.run().end == .ended)
      #expect(chip.log.crash?.kind == .busFault)
    }
  }
}

@Suite("Doorbell device alone")
struct DoorbellDeviceTests {
  @Test("Ids map to bits, those above 31 to the last")
  func pendingBits() {
    for id in 0..<32 as Range<UInt32> {
      #expect(DoorbellDevice.pendingBit(of: NotifyID(rawValue: id)) == 1 << id)
    }
    #expect(DoorbellDevice.pendingBit(of: NotifyID(rawValue: 32)) == 1 << 31)
    #expect(DoorbellDevice.pendingBit(of: NotifyID(rawValue: .max)) == 1 << 31)
  }

  @Test("The line is high exactly while PENDING is not 0 and enabled")
  func line() {
    let lines = RISCVInterruptLines()
    let device = DoorbellDevice(lines: lines, raisesExternal: true)
    device.receive(1)
    #expect(lines.pending == 0)
    #expect(device.store(1, at: 0x10) == .none)
    #expect(lines.pending == 1 << 11)
    #expect(device.store(0, at: 0x10) == .none)
    #expect(lines.pending == 0)
    #expect(device.store(1, at: 0x10) == .none)
    #expect(device.load(at: 0x14) == 1)
    #expect(lines.pending == 1 << 11)
    #expect(device.load(at: 0x04) == 1)
    #expect(lines.pending == 0)
    device.receive(6)
    #expect(lines.pending == 1 << 11)
    #expect(device.hostKickCount == 2)
    device.reset()
    #expect(lines.pending == 0)
    #expect(device.pendingKicks == 0 && device.hostKickCount == 0)
    #expect(device.load(at: 0x10) == 0)
  }

  @Test("A polled doorbell raises no line")
  func noLine() {
    let lines = RISCVInterruptLines()
    let device = DoorbellDevice(lines: lines, raisesExternal: false)
    _ = device.store(1, at: 0x10)
    device.receive(1)
    #expect(lines.pending == 0)
    #expect(device.pendingKicks == 1)
  }

  @Test("Every offset that is no register is refused")
  func offsets() {
    let device = DoorbellDevice(lines: RISCVInterruptLines(), raisesExternal: true)
    for offset in 0..<0x1000 as Range<UInt32> where offset % 4 != 0 || offset > 0x30 {
      #expect(device.load(at: offset) == nil)
      #expect(device.store(0, at: offset) == .refused)
    }
    #expect(
      DoorbellRegister.allCases.map(\.rawValue) == stride(from: 0, through: 0x30, by: 4).map { $0 })
  }
}
