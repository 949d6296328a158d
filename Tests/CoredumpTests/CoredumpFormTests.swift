import Coredump
import ELF
import TestSupport
import Testing
import WireTypes

@Suite("Forms of dumps")
struct CoredumpFormTests {
  private let one: [UInt8] = [1, 2, 3]
  private let two = [UInt8](repeating: 9, count: 6)

  private func dump(_ form: CoredumpForm, _ elfClass: ELFClass) -> TestDump {
    TestDump(
      CoredumpContents(
        form: form, elfClass: elfClass, machine: .riscv, entry: address(0x8000_0010),
        segments: [segment("fw", 0x8000_0000, 3), segment("gone", 0x9000_0000, 6)],
        // Linux has no room for notes.
        notes: form == .elf ? [CoredumpNote(owner: "X", type: 1, bytes: [1])] : []),
      [one, two])
  }

  // One PT_LOAD for each segment right after the header, data back to back, no notes, align 0.
  @Test("The Linux form in 32 bits is as Linux writes it, byte for byte")
  func linux32() throws {
    var expected: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    expected += halves(4, 243) + words(1, 0x8000_0010, 52, 0, 0)
    expected += halves(52, 32, 2, 0, 0, 0)
    expected += words(1, 116, 0x8000_0000, 0x8000_0000, 3, 3, 7, 0)
    expected += words(1, 119, 0x9000_0000, 0x9000_0000, 6, 6, 7, 0)
    expected += one + two
    #expect(try dump(.linux, .elf32).bytes() == expected)
  }

  @Test("The Linux form in 64 bits is as Linux writes it, byte for byte")
  func linux64() throws {
    var expected: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    expected += halves(4, 243) + words(1) + longs(0x8000_0010, 64, 0) + words(0)
    expected += halves(64, 56, 2, 0, 0, 0)
    expected += words(1, 7) + longs(176, 0x8000_0000, 0x8000_0000, 3, 3, 0)
    expected += words(1, 7) + longs(179, 0x9000_0000, 0x9000_0000, 6, 6, 0)
    expected += one + two
    #expect(try dump(.linux, .elf64).bytes() == expected)
  }

  // Null section, string table named STR_TBL, one writable progbits section for each segment.
  @Test("The sections form in 32 bits is as Linux writes it, byte for byte")
  func sections32() throws {
    var expected: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    expected += halves(4, 243) + words(1, 0x8000_0010, 0, 52, 0)
    expected += halves(52, 0, 0, 40, 4, 1)
    let names = Array("\0STR_TBL\0fw\0gone\0".utf8)
    let start = UInt32(52 + 4 * 40)
    let data = start + UInt32(names.count)
    expected += [UInt8](repeating: 0, count: 40)
    expected += words(1, 3, 0, 0, start, UInt32(names.count), 0, 0, 0, 0)
    expected += words(9, 1, 1, 0x8000_0000, data, 3, 0, 0, 0, 0)
    expected += words(12, 1, 1, 0x9000_0000, data + 3, 6, 0, 0, 0, 0)
    expected += names + one + two
    #expect(try dump(.sections, .elf32).bytes() == expected)
  }

  @Test("The sections form in 64 bits is read back by our own reader")
  func sections64() throws {
    let file = try ELFFile(parsing: dump(.sections, .elf64).bytes())
    #expect(file.segmentCount == 0)
    #expect(file.sectionCount == 4)
    let section = try #require(try file.section(named: "gone"))
    #expect(section.address == address(0x9000_0000))
    #expect(try Array(file.bytes(of: section)) == two)
  }

  @Test("A segment without a name is in no section, one without bytes in no dump")
  func leftOut() throws {
    var contents = dump(.sections, .elf32).contents
    contents.segments.append(segment("", 0xa000_0000, 4))
    #expect(try CoredumpLayout(contents).byteCount == 52 + 4 * 40 + 17 + 9)
    contents.form = .linux
    contents.segments = [segment("x", 0, 0), segment("y", 4, 1)]
    let file = try ELFFile(parsing: TestDump(contents, [[], [7]]).bytes())
    #expect(file.segmentCount == 1)
    #expect(file.segment(at: 0).physicalAddress == address(4))
  }

  @Test("No segment at all is an error, unless there are notes and a form that has room for them")
  func nothing() throws {
    var contents = CoredumpContents(machine: .riscv, entry: address(0), segments: [])
    for form in CoredumpForm.allCases {
      contents.form = form
      let error = failure { () throws(CoredumpError) in try CoredumpLayout(contents) }
      #expect(error == .nothingToDump)
    }
    contents.form = .elf
    contents.notes = [CoredumpNote(owner: "X", type: 7, bytes: [1, 2, 3])]
    let reader = try CoredumpReader(TestDump(contents, []).bytes())
    #expect(reader.notes == contents.notes)
    #expect(reader.segments.isEmpty)
  }

  @Test("C01: too many segments are a typed error in each form, one fewer is a good file")
  func c01Count() throws {
    for (form, limit) in [
      (CoredumpForm.linux, 65_534), (.elf, 65_532), (.sections, 0xff00 - 3),
    ] {
      var contents = CoredumpContents(
        form: form, elfClass: .elf32, machine: .riscv, entry: address(0),
        segments: (0...limit).map { segment("s", UInt64($0), 1) })
      let error = failure { () throws(CoredumpError) in try CoredumpLayout(contents) }
      #expect(error == .tooManySegments(count: limit + 1, limit: limit))
      contents.segments.removeLast()
      #expect(throws: Never.self) { try CoredumpLayout(contents) }
    }
  }

  @Test("C01: as many segments as there can be are all there")
  func c01Most() throws {
    let contents = CoredumpContents(
      form: .linux, machine: .riscv, entry: address(0),
      segments: (0..<65_534).map { segment("s", UInt64($0), 1) })
    var sink = TestSink()
    var memory = OneByteMemory()
    _ = try CoredumpWriter.write(
      try CoredumpLayout(contents), from: &memory, to: &sink, timeLimit: .seconds(300))
    let file = try ELFFile(parsing: sink.bytes)
    #expect(file.segmentCount == 65_534)
    #expect(file.segment(at: 65_533).physicalAddress == address(65_533))
    #expect(sink.bytes.count == 52 + 65_534 * 33)
    #expect(sink.bytes.last == 1)
  }

  /// Memory in which each segment is one byte.
  private struct OneByteMemory: CoredumpMemory {
    mutating func read(
      segment: Int, at offset: UInt64, into target: inout MutableRawSpan
    ) -> Bool {
      target.storeBytes(of: 1, toByteOffset: 0, as: UInt8.self)
      return target.byteCount == 1 && offset == 0
    }
  }

  @Test("C01: sizes and addresses that wrap are typed errors")
  func c01Wrap() throws {
    func error(_ elfClass: ELFClass, _ segments: CoredumpSegment...) -> CoredumpError? {
      let contents = CoredumpContents(
        form: .linux, elfClass: elfClass, machine: .none, entry: address(0), segments: segments)
      return failure { () throws(CoredumpError) in try CoredumpLayout(contents) }
    }
    func huge(_ da: UInt64, _ byteCount: UInt64) -> CoredumpSegment {
      CoredumpSegment(name: WireName(), da: address(da), byteCount: byteCount)
    }
    let half: UInt64 = 1 << 63
    // The sum of sizes passes 2^64.
    #expect(
      error(.elf64, huge(0, half - 1000), huge(0, half - 1000), huge(0, half))
        == .tooLarge(
          segment: 1, byteCount: 64 + 3 * 56 + 2 * (half - 1000), limit: UInt64(Int64.max)))
    #expect(
      error(.elf64, huge(0, .max))
        == .tooLarge(segment: 0, byteCount: nil, limit: UInt64(Int64.max)))
    // An end past the last address.
    #expect(
      error(.elf64, huge(.max, 2))
        == .addressWrap(segment: 0, start: address(.max), byteCount: 2))
    #expect(
      error(.elf32, huge(0xffff_ffff, 2))
        == .addressNotExpressible(segment: 0, address(0xffff_ffff)))
    #expect(error(.elf32, huge(0xffff_ffff, 1)) == nil)
    // Offsets of 32 bits.
    let room: UInt64 = 0xffff_ffff - 52 - 2 * 32
    #expect(error(.elf32, huge(0, 1), huge(0, room - 1)) == nil)
    #expect(
      error(.elf32, huge(0, 1), huge(0, room))
        == .tooLarge(segment: 1, byteCount: 0x1_0000_0000, limit: 0xffff_ffff))
    let entry = CoredumpContents(
      machine: .none, entry: address(1 << 32), segments: [segment("x", 0, 1)])
    #expect(
      failure { () throws(CoredumpError) in try CoredumpLayout(entry) }
        == .addressNotExpressible(segment: 0, address(1 << 32)))
  }
}
