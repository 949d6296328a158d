import CoreSupport
import RISCVCore
import SharedMemory
import Testing
import WireTypes

@Suite("Memory")
struct MemoryTests {
  private static let data: UInt32 = TestMachine.base + 0x1000

  /// Loads of all widths: function code, bytes, what they make of 0x8382_8180.
  private static let loads: [(UInt32, UInt32, UInt32)] = [
    (0, 1, 0xffff_ff80), (1, 2, 0xffff_8180), (2, 4, 0x8382_8180), (4, 1, 0x80), (5, 2, 0x8180),
  ]

  @Test("Loads extend as they should, aligned or not", arguments: 0...3 as ClosedRange<UInt32>)
  func load(misalignment: UInt32) throws {
    let address = Self.data + misalignment
    for (function3, byteCount, value) in Self.loads {
      var machine = try TestMachine([Encode.i(0x03, function3, 3, 1, 4)])
      machine[1] = address - 4
      for index in 0..<byteCount {
        let offset = Int(address - TestMachine.base + index)
        machine.window.store(0x80 + UInt8(index), at: offset)
      }
      #expect(machine.run(1) == .budgetSpent)
      #expect(machine[3] == value)
    }
  }

  @Test("Stores write their bytes and no other", arguments: 0...3 as ClosedRange<UInt32>)
  func store(misalignment: UInt32) throws {
    for (function3, mask) in [(0, 0xff), (1, 0xffff), (2, 0xffff_ffff)] as [(UInt32, UInt64)] {
      var machine = try TestMachine([Encode.s(function3, 2, -4, 1)])
      machine.window.store(UInt64.max, at: 0x1000)
      machine[1] = Self.data + misalignment + 4
      machine[2] = 0x0403_0201
      #expect(machine.run(1) == .budgetSpent)
      let shift = 8 * UInt64(misalignment)
      let expected = UInt64.max & ~(mask << shift) | (0x0403_0201 & mask) << shift
      #expect(machine.window.loadUInt64(at: 0x1000) == expected)
    }
  }

  @Test("An aligned access outside is given to the owner, who completes it")
  func outside() throws {
    var machine = try TestMachine([
      Encode.i(0x03, 0, 3, 1, 1), Encode.s(1, 2, 2, 1), Encode.lw(0, 0, 1), Encode.sw(2, 4, 1),
    ])
    (machine[1], machine[2]) = (0x1000_0000, 0xffff_1234)
    #expect(machine.run(9) == .load(address: .init(0x1000_0001), width: .byte))
    #expect(machine.core.pc.rawValue == 0x8000_0000)
    machine.core.completeLoad(0xfff_ff80)
    #expect(machine[3] == 0xffff_ff80)
    #expect(machine.core.stepCount == 1)
    #expect(machine.run(9) == .store(address: .init(0x1000_0002), width: .half, value: 0x1234))
    // Not completed: executed again.
    #expect(machine.run(9) == .store(address: .init(0x1000_0002), width: .half, value: 0x1234))
    machine.core.completeStore()
    #expect(machine.run(9) == .load(address: .init(0x1000_0000), width: .word))
    machine.core.completeLoad(7)
    #expect(machine[0] == 0)
    #expect(machine.run(1) == .store(address: .init(0x1000_0004), width: .word, value: 0xffff_1234))
    #expect(machine.core.instructionCount == 3)
  }

  @Test("A refused access is a precise access fault")
  func refused() throws {
    var machine = try TestMachine([Encode.lw(3, 0, 1), Encode.sw(3, 4, 1)])
    machine[1] = 0x1000_0000
    machine.core.setControlRegister(0x305, to: TestMachine.base + 0x100)
    #expect(machine.run(5) == .load(address: .init(0x1000_0000), width: .word))
    machine.core.refuseAccess()
    var trap = RISCVTrap(cause: .loadAccessFault, pc: .init(0x8000_0000), value: 0x1000_0000)
    #expect(machine.core.currentException == trap)
    #expect(machine.core.pc.rawValue == 0x8000_0100)
    machine.core.pc = .init(0x8000_0004)
    #expect(machine.run(5) == .store(address: .init(0x1000_0004), width: .word, value: 0))
    machine.core.refuseAccess()
    trap = RISCVTrap(cause: .storeAccessFault, pc: .init(0x8000_0004), value: 0x1000_0004)
    #expect(machine.core.currentException == trap)
    #expect([0x341, 0x342, 0x343].map { machine.control($0) } == [0x8000_0004, 7, 0x1000_0004])
  }

  @Test("A refused access without a trap vector is reported by the next run")
  func refusedFatally() throws {
    var machine = try TestMachine([Encode.lw(3, 0, 1)])
    machine[1] = 0x1000_0000
    #expect(machine.run(5) == .load(address: .init(0x1000_0000), width: .word))
    machine.core.refuseAccess()
    let trap = RISCVTrap(cause: .loadAccessFault, pc: .init(0x8000_0000), value: 0x1000_0000)
    #expect(machine.run(5) == .fatalTrap(trap))
    #expect(machine.core.pc.rawValue == 0x8000_0000)
  }

  @Test("Misaligned accesses that are not all memory fault and change nothing")
  func acrossTheEnd() throws {
    for word in [Encode.lw(3, 0, 1), Encode.sw(2, 0, 1)] {
      var machine = try TestMachine([word], byteCount: 4096)
      machine.core.setControlRegister(0x305, to: TestMachine.base + 0x100)
      machine[1] = TestMachine.base + 4094
      machine[2] = .max
      #expect(machine.run(1) == .budgetSpent)
      #expect(machine.core.currentException?.value == TestMachine.base + 4094)
      #expect(machine.window.loadUInt16(at: 4094) == 0)
      // Outside altogether.
      machine[1] = 0x1000_0001
      machine.core.pc = .init(TestMachine.base)
      #expect(machine.run(1) == .budgetSpent)
      #expect(machine.core.currentException?.value == 0x1000_0001)
    }
  }

  @Test("Several windows: data, code, and accesses across two that touch")
  func severalWindows() throws {
    let low = try SharedRegion(byteCount: 4096).window
    let high = try SharedRegion(byteCount: 4096).window
    let far = try SharedRegion(byteCount: 4096).window
    var core = try RISCVHart(windows: [
      (.init(0x1000), low), (.init(0x2000), high), (.init(0xffff_f000), far),
    ])
    far.store(Encode.lw(3, 0, 1), at: 0)
    far.store(Encode.sw(3, 0, 2), at: 4)
    far.store(Encode.atomic(0, 4, 2, 3), at: 8)
    low.store(0x1111 as UInt16, at: 4094)
    high.store(0x2222 as UInt16, at: 0)
    core.reset(pc: .init(0xffff_f000))
    core.setRegister(1, to: 0x1ffe)
    core.setRegister(2, to: 0xffff_fffc)
    #expect(core.run(upTo: 3) == .budgetSpent)
    #expect(core.register(3) == 0x2222_1111)
    #expect(far.loadUInt32(at: 4092) == 0x4444_2222)
    // An instruction that begins in one window and ends in the next.
    low.store(UInt16(truncatingIfNeeded: Encode.addi(5, 0, 9)), at: 4094)
    high.store(UInt16(Encode.addi(5, 0, 9) >> 16), at: 0)
    core.pc = .init(0x1ffe)
    #expect(core.run(upTo: 1) == .budgetSpent)
    #expect(core.register(5) == 9)
    #expect(core.pc.rawValue == 0x2002)
  }

  @Test("Windows that make no memory map are refused")
  func badWindows() throws {
    let window = try SharedRegion(byteCount: 4096).window
    func error(_ windows: [(base: DeviceAddress, window: SharedWindow)]) -> RISCVCoreError? {
      do throws(RISCVCoreError) {
        _ = try RISCVHart(windows: windows)
        return nil
      } catch { return error }
    }
    #expect(error([]) == .noMemory)
    let odd = DeviceAddress(0x1002)
    #expect(error([(odd, window)]) == .misalignedWindow(base: odd, byteCount: 4096))
    let short = try #require(window.window(at: 0, byteCount: 6))
    #expect(
      error([(.init(0x1000), short)]) == .misalignedWindow(base: .init(0x1000), byteCount: 6))
    let top = DeviceAddress(0xffff_f004)
    #expect(error([(top, window)]) == .windowOutsideAddressSpace(base: top, byteCount: 4096))
    let beyond = DeviceAddress(rawValue: 1 << 32)
    #expect(error([(beyond, window)]) == .windowOutsideAddressSpace(base: beyond, byteCount: 4096))
    let empty = try #require(window.window(at: 0, byteCount: 0))
    #expect(error([(odd, empty)]) == .misalignedWindow(base: odd, byteCount: 0))
    #expect(
      error([(.init(0), empty)]) == .windowOutsideAddressSpace(base: .init(0), byteCount: 0))
    #expect(
      error([(.init(0x2000), window), (.init(0x2ffc), window)])
        == .overlappingWindows(.init(0x2000), .init(0x2ffc)))
    #expect(error([(.init(0x2000), window), (.init(0x3000), window)]) == nil)
    #expect(RISCVCoreError.noMemory.description.contains("memory"))
  }
}
