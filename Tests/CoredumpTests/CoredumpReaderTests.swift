import Coredump
import ELF
import TestSupport
import Testing
import WireTypes

@Suite("Reading dumps")
struct CoredumpReaderTests {
  private let registers = ProcessorRegisters.riscv32(
    pc: 0x8000_1234, integers: (0..<32).map { $0 * 0x0101_0101 },
    special: [ProcessorRegisters.Register(name: "mcause", value: 7)])

  private func dump(_ notes: [CoredumpNote]) -> TestDump {
    var dump = TestDump()
    dump.contents.notes = notes
    return dump
  }

  @Test("Every note of ours is read back")
  func notes() throws {
    let facts = CoredumpFacts([
      CoredumpFacts.Fact("state", "crashed"), CoredumpFacts.Fact("detail", "a\nb\\ é\u{1b}: "),
      CoredumpFacts.Fact("empty", ""), CoredumpFacts.Fact("k:ey", "  two spaces: kept"),
    ])
    let traces = [
      CoredumpTrace(name: WireName("a"), da: address(0x8000_0000), text: [1, 0xff, 0]),
      CoredumpTrace(name: WireName("b"), da: nil, text: []),
    ]
    let table = CoredumpTable(da: address(0x8000_4000), bytes: [1, 2, 3, 4, 5])
    let reader = try CoredumpReader(
      dump([registers.statusNote(signal: 7), facts.note] + traces.map(\.note) + [table.note])
        .bytes())
    #expect(reader.facts == facts)
    #expect(reader.facts["state"] == "crashed")
    #expect(reader.facts["none"] == nil)
    #expect(reader.traces == traces)
    #expect(reader.table == table)
    #expect(reader.registers.map(\.general) == [registers.general])
    #expect(reader.registers.first?.pc == address(0x8000_1234))
    #expect(reader.memoryMap?.regions.map(\.segment.name) == [WireName("ram")])
    #expect(reader.entry == address(0x8000_0000))
    #expect(reader.machine == .riscv)
    #expect(reader.segments.count == 1)
  }

  // Sizes and offsets that binutils and GDB know.
  @Test("Registers lie where debuggers look for them")
  func statusLayout() throws {
    let note = registers.statusNote(core: 3, signal: 0x1234)
    #expect(note.owner == "CORE" && note.type == 1)
    #expect(note.bytes.count == 204)
    #expect(Array(note.bytes[12..<14]) == halves(0x1234))
    #expect(Array(note.bytes[24..<28]) == words(3))
    #expect(Array(note.bytes[72..<84]) == words(0x8000_1234, 0x0101_0101, 0x0202_0202))
    #expect(Array(note.bytes[196..<204]) == words(31 * 0x0101_0101, 0))
    let arm = ProcessorRegisters.arm32(integers: (0..<16).map { 100 + $0 }, status: 0x0100_0000)
    #expect(arm.pc == address(115))
    let armNote = arm.statusNote(signal: 11)
    #expect(armNote.bytes.count == 148)
    #expect(Array(armNote.bytes[72..<76]) == words(100))
    #expect(Array(armNote.bytes[132..<148]) == words(115, 0x0100_0000, 100, 0))
    #expect(ProcessorRegisters(armNote, .arm32)?.general == arm.general)
    #expect(arm.general.last == ProcessorRegisters.Register(name: "xpsr", value: 0x0100_0000))
    #expect(ProcessorRegisters(armNote, .riscv32) == nil)
  }

  @Test("What is no dump is refused with the reason")
  func refused() throws {
    func error(_ bytes: [UInt8]) -> CoredumpError? {
      failure { () throws(CoredumpError) in try CoredumpReader(bytes) }
    }
    #expect(error([1, 2, 3]) == .image(.truncatedHeader(needed: 52, available: 3)))
    var image = ELFImage()
    image.segments = [ELFImage.Segment(address: 0, bytes: [1])]
    #expect(error(image.build()) == .notCore(.executable))
    let missing = failure { () throws(CoredumpError) in
      try CoredumpReader(path: "/nowhere/at/all")
    }
    #expect(missing == .system(.open, errno: 2, offset: nil))
  }

  @Test("Notes that lie are refused, and nothing is allocated by their numbers")
  func badNotes() throws {
    let note = CoredumpNote(owner: "X", type: 1, bytes: [1, 2, 3, 4])
    let good = try dump([note]).bytes()
    let header = 52
    let start = Int(good[header + 4]) | Int(good[header + 5]) << 8
    func error(_ offset: Int, _ value: UInt32) -> CoredumpError? {
      var bytes = good
      bytes.replaceSubrange(offset..<(offset + 4), with: words(value))
      return failure { () throws(CoredumpError) in try CoredumpReader(bytes) }
    }
    #expect(error(start, 2) == nil)
    for offset in [start, start + 4] {
      guard case .truncatedNote(offset: UInt64(start), _, _) = error(offset, .max) else {
        Issue.record("\(String(describing: error(offset, .max)))")
        continue
      }
    }
    #expect(
      error(header + 16, 0xffff_fff0)
        == .notesOutOfFile(
          offset: UInt64(start), byteCount: 0xffff_fff0,
          limit: CoredumpReader.maximumNoteByteCount))
    let count = UInt64(good.count)
    #expect(
      error(header + 16, 1 << 20)
        == .notesOutOfFile(
          offset: UInt64(start), byteCount: 1 << 20, limit: count - UInt64(start)))
    #expect(
      error(header + 16, 5)
        == .truncatedNote(offset: UInt64(start), needed: 12, available: 5))
  }

  @Test("Notes of ours that are too short are not taken for more")
  func shortNotes() throws {
    for kind in CoredumpNote.Kind.allCases {
      for count in [0, 7, 8, 39, 40, 55, 56, 57] {
        let note = CoredumpNote(
          owner: CoredumpNote.remoteprocOwner, type: kind.rawValue,
          bytes: [UInt8](repeating: 0x3a, count: count))
        let reader = try CoredumpReader(dump([note]).bytes())
        #expect(reader.traces.count == (kind == .trace && count >= 40 ? 1 : 0))
        #expect((reader.table != nil) == (kind == .table && count >= 8))
        #expect(CoredumpMemoryMap(note)?.regions.count == (kind == .memoryMap ? count / 56 : nil))
      }
    }
  }

  @Test("Any change of any byte of the headers and notes is read or refused, never a trap")
  func totality() throws {
    let good = try dump([registers.statusNote(signal: 1), CoredumpFacts().note]).bytes()
    var generator = SeededGenerator(seed: 11)
    for offset in 0..<600 {
      for _ in 0..<4 {
        var bytes = good
        bytes[offset] = .random(in: 0...255, using: &generator)
        do throws(CoredumpError) {
          let reader = try CoredumpReader(bytes)
          _ = (reader.facts, reader.traces, reader.table, reader.memoryMap, reader.registers)
        } catch { #expect(!error.description.isEmpty) }
      }
    }
    for count in 0..<good.count where count < 600 || count > good.count - 200 {
      _ = failure { () throws(CoredumpError) in try CoredumpReader(Array(good[..<count])) }
    }
  }

  @Test("Every error is one line that begins in lower case and names its numbers")
  func texts() throws {
    let errors: [CoredumpError] = [
      .nothingToDump, .tooManySegments(count: 70_000, limit: 65_534),
      .addressWrap(segment: 1, start: address(0xffff), byteCount: 2),
      .addressNotExpressible(segment: 1, address(1 << 32)),
      .tooLarge(segment: 1, byteCount: nil, limit: 7),
      .tooLarge(segment: 1, byteCount: 9, limit: 7),
      .timedOut(after: .seconds(3), written: 1, byteCount: 2),
      .quotaExceeded(needed: 1, limit: 2), .badName("x"),
      .system(.write, errno: 28, offset: 4096), .system(.openFolder, errno: 20, offset: nil),
      .image(.badMagic(1)), .notCore(.executable),
      .notesOutOfFile(offset: 1, byteCount: 2, limit: 3),
      .truncatedNote(offset: 1, needed: 2, available: 3),
    ]
    for error in errors {
      let text = error.description
      let first = try #require(text.first)
      #expect(first.isLowercase || first == "\"" || first.isNumber)
      #expect(!text.contains("\n"))
    }
    #expect(
      CoredumpError.system(.write, errno: 28, offset: 4096).description
        == "dump: write refused with errno 28 at offset 4096")
  }
}
