import RISCVCore
import Testing
import WireTypes

@Suite("Control registers")
struct ControlRegisterTests {
  @Test(
    "What a register keeps of all ones, and of what it had",
    arguments: [
      (0x300, 0x0022_1888, 0), (0x301, 0x4010_1105, 0x4010_1105), (0x304, 0x888, 0),
      (0x305, 0xffff_fffd, 0), (0x306, 7, 0), (0x310, 0, 0), (0x320, 0, 0), (0x323, 0, 0),
      (0x33f, 0, 0), (0x340, .max, 0), (0x341, 0xffff_fffe, 0), (0x342, .max, 0), (0x343, .max, 0),
      (0x344, 0, 0), (0x3a0, 0, 0), (0x3b0, .max, 0), (0x3bf, 0, 0), (0x7a0, 0, 0), (0xb03, 0, 0),
      (0xb9f, 0, 0), (0x30a, 0, 0),
    ] as [(UInt16, UInt32, UInt32)])
  func writable(number: UInt16, ones: UInt32, zeros: UInt32) throws {
    var machine = try TestMachine([
      Encode.csrrw(2, UInt32(number), 1), Encode.csrrw(3, UInt32(number), 0),
      Encode.csrrs(4, UInt32(number), 0),
    ])
    machine[1] = .max
    #expect(machine.run(3) == .budgetSpent)
    #expect(machine[3] == ones)
    #expect(machine[4] == zeros)
  }

  @Test("MPP keeps its value when a reserved one is written")
  func previousPrivilege() throws {
    var machine = try TestMachine()
    for (written, read) in [(3, 3), (1, 3), (2, 3), (0, 0), (1, 0), (2, 0)] as [(UInt32, UInt32)] {
      machine.core.setControlRegister(0x300, to: written << 11)
      #expect(machine.control(0x300) == read << 11)
    }
  }

  @Test("Set and clear change only the named bits; a zero source writes nothing")
  func setAndClear() throws {
    var machine = try TestMachine([
      Encode.csr(6, 2, 0x340, 0x1f), Encode.csr(7, 3, 0x340, 0x11), Encode.csr(2, 4, 0x340, 1),
      Encode.csr(3, 5, 0x340, 1), Encode.csr(5, 6, 0x340, 9), Encode.csrrs(7, 0x340, 0),
      Encode.csrrs(8, 0xf14, 0), Encode.csr(7, 9, 0xf14, 0),
    ])
    machine[1] = 0xf0
    #expect(machine.run(8) == .budgetSpent)
    #expect((2...9).map { machine[$0] } == [0, 0x1f, 0xe, 0xfe, 0xe, 9, 0, 0])
    #expect(machine.core.currentException == nil)
  }

  @Test(
    "Counters: a write takes the place of its own increment, the halves join",
    arguments: [0xb00, 0xb02] as [UInt32])
  func counters(number: UInt32) throws {
    var machine = try TestMachine([
      Encode.csrrw(0, number + 0x80, 2), Encode.csrrw(0, number, 1), Encode.csrrs(3, number, 0),
      Encode.csrrs(4, number + 0x80, 0), Encode.csrrs(5, number, 0),
      Encode.csrrs(6, number + 0x180, 0), Encode.csrrs(7, number + 0x100, 0),
    ])
    (machine[1], machine[2]) = (0xffff_fffe, 5)
    #expect(machine.run(7) == .budgetSpent)
    #expect((3...7).map { machine[$0] } == [0xffff_fffe, 5, 0, 6, 2])
    machine.core.setControlRegister(UInt16(number), to: 77)
    #expect(machine.control(UInt16(number)) == 77)
  }

  @Test("The owner of the clock answers for time")
  func time() throws {
    var machine = try TestMachine([Encode.csrrs(1, 0xc01, 0), Encode.csrrs(2, 0xc81, 0)])
    machine.core.setControlRegister(0x305, to: TestMachine.base + 0x100)
    #expect(machine.run(5) == .readTime(upperHalf: false))
    machine.core.completeLoad(0x1234_5678)
    #expect(machine[1] == 0x1234_5678)
    #expect(machine.run(5) == .readTime(upperHalf: true))
    machine.core.refuseAccess()
    let trap = RISCVTrap(
      cause: .illegalInstruction, pc: .init(0x8000_0004), value: Encode.csrrs(2, 0xc81, 0))
    #expect(machine.core.currentException == trap)
  }

  @Test("From outside, what does not exist or is read-only is not written")
  func outside() throws {
    var machine = try TestMachine()
    #expect(machine.core.controlRegister(0x7c0) == nil)
    #expect(machine.core.setControlRegister(0x7c0, to: 1) == false)
    #expect(machine.core.setControlRegister(0xf14, to: 1) == false)
    #expect(machine.core.setControlRegister(0x340, to: 1) == true)
    #expect(machine.core.controlRegister(0xf14) == 0)
    machine.core.setRegister(0, to: 9)
    #expect(machine.core.register(0) == 0)
    machine.core.pc = .init(rawValue: 0x1_8000_0003)
    #expect(machine.core.pc.rawValue == 0x8000_0002)
  }
}
