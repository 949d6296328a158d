import Coredump
import ELF
import Foundation
import Scheduling
import TestSupport
import Testing
import WireTypes

@Suite("Writing dumps")
struct CoredumpWriterTests {
  private static let sizes = [1, 4095, 4096, 4097, 262_143, 262_144, 262_145, 700_000]

  @Test(
    "Every byte comes back, and blocks of zeroes are not written",
    arguments: CoredumpForm.allCases, [ELFClass.elf32, .elf64])
  func roundTrip(form: CoredumpForm, elfClass: ELFClass) throws {
    var generator = SeededGenerator(seed: 7)
    for size in Self.sizes {
      // Long runs of zero and of other bytes, beginning anywhere.
      var bytes: [UInt8] = []
      while bytes.count < size {
        let count = Int.random(in: 1...20_000, using: &generator)
        let isZero = Bool.random(using: &generator)
        let value: UInt8 = isZero ? 0 : .random(in: 1...255, using: &generator)
        bytes += [UInt8](repeating: value, count: min(count, size - bytes.count))
      }
      let contents = CoredumpContents(
        form: form, elfClass: elfClass, machine: .riscv, entry: address(0x10),
        segments: [segment("a", 0x1000, 3), segment("b", 0x20_0000, size)],
        notes: [CoredumpNote(owner: "X", type: 1, bytes: [1])])
      let dump = TestDump(contents, [[7, 7, 7], bytes])
      var sink = TestSink()
      let report = try dump.write(to: &sink)
      #expect(sink.isFinished)
      #expect(report.byteCount == UInt64(sink.bytes.count))
      #expect(report.byteCount == report.writtenByteCount + sink.skipped)
      #expect(report.segmentCount == 2)
      #expect(report.unreadableSegments.isEmpty)
      #expect(try Self.data(sink.bytes, form) == [[7, 7, 7], bytes], "\(form) \(size)")
    }
  }

  private static func data(_ file: [UInt8], _ form: CoredumpForm) throws -> [[UInt8]] {
    let elf = try ELFFile(parsing: file)
    guard form == .sections else {
      return try elf.segments.filter { $0.type == .load }.map { Array(try elf.bytes(of: $0)) }
    }
    return try ["a", "b"].map { name in
      Array(try elf.bytes(of: try #require(try elf.section(named: name))))
    }
  }

  @Test("C02: memory that cannot be read is 0xFF, flagged in the note, and the dump is valid")
  func c02() throws {
    for form in CoredumpForm.allCases {
      let contents = CoredumpContents(
        form: form, machine: .riscv, entry: address(0),
        segments: [
          segment("a", 0x1000, 10), segment("b", 0x20_0000, 300_000), segment("c", 0x8000, 4),
        ],
        notes: [CoredumpNote(owner: "X", type: 1, bytes: [1])])
      let good = [UInt8](repeating: 5, count: 10)
      var sink = TestSink()
      let report = try TestDump(contents, [good, nil, [1, 2, 3, 4]]).write(to: &sink)
      #expect(report.unreadableSegments == [1])
      guard form != .sections else { continue }
      let file = try ELFFile(parsing: sink.bytes)
      let loads = file.segments.filter { $0.type == .load }
      let expected = [good, [UInt8](repeating: 0xff, count: 300_000), [1, 2, 3, 4]]
      #expect(try loads.map { Array(try file.bytes(of: $0)) } == expected)
      guard form == .elf else { continue }
      let map = try #require(try CoredumpReader(sink.bytes).memoryMap)
      #expect(map.regions.map(\.isUnreadable) == [false, true, false])
      #expect(map.regions.map(\.segment) == contents.segments)
    }
  }

  @Test("Of memory that is zero for sure no byte is looked at")
  func holes() throws {
    let contents = CoredumpContents(
      machine: .riscv, entry: address(0),
      segments: [CoredumpSegment(name: WireName("x"), da: address(0), byteCount: 3 << 30)])
    var memory = SparseMemory()
    var sink = CountingSink()
    let layout = try CoredumpLayout(contents)
    let report = try CoredumpWriter.write(
      layout, from: &memory, to: &sink, timeLimit: .seconds(60))
    #expect(memory.lookedAt < 1 << 20)
    #expect(report.writtenByteCount < 1 << 16)
    #expect(sink.byteCount == layout.byteCount)
  }

  /// 3 GiB with one byte in the middle.
  private struct SparseMemory: CoredumpMemory {
    static let where1: UInt64 = (1 << 30) + 12_345
    private(set) var lookedAt = 0

    mutating func read(
      segment: Int, at offset: UInt64, into target: inout MutableRawSpan
    ) -> Bool {
      lookedAt += target.byteCount
      for index in 0..<target.byteCount {
        let value: UInt8 = offset + UInt64(index) == Self.where1 ? 1 : 0
        target.storeBytes(of: value, toByteOffset: index, as: UInt8.self)
      }
      return true
    }

    mutating func nextData(segment: Int, from offset: UInt64) -> UInt64? {
      let page = Self.where1 & ~4095
      if offset >= page + 4096 { return nil }
      return max(offset, page)
    }
  }

  private struct CountingSink: CoredumpSink {
    var byteCount: UInt64 = 0
    mutating func write(_ bytes: RawSpan, until deadline: MonotonicTime) throws(CoredumpError) {
      byteCount += UInt64(bytes.byteCount)
    }
    mutating func skip(_ count: UInt64, until deadline: MonotonicTime) throws(CoredumpError) {
      byteCount += count
    }
    mutating func finish() throws(CoredumpError) {}
  }

  @Test("A time limit of zero is over before the first byte")
  func timeLimit() throws {
    var dump = TestDump()
    dump.timeLimit = .zero
    var sink = TestSink()
    let error = failure { () throws(CoredumpError) in try dump.write(to: &sink) }
    let total = try CoredumpLayout(dump.contents).byteCount
    #expect(error == .timedOut(after: .zero, written: 0, byteCount: total))
    #expect(sink.bytes.isEmpty)
  }

  @Test("C09: a dump holds its memory and its notes, and nothing else of this process")
  func c09() throws {
    // Secrets in the heap, and in chunks of memory that were dumped before.
    let secret = Array("CANARY-\(UInt32.random(in: 1_000_000...9_999_999))".utf8)
    let keeper = (0..<1000).map { _ in secret + secret }
    let loud = (0..<300_000).map { secret[$0 % secret.count] }
    let contents = CoredumpContents(
      machine: .riscv, entry: address(0),
      segments: [
        segment("loud", 0, 300_000), segment("gone", 0x10_0000, 5000), segment("q", 0x20_0000, 5),
      ],
      notes: [CoredumpFacts([CoredumpFacts.Fact("state", "crashed")]).note])
    let file = try TestDump(contents, [loud, nil, [1, 2, 3, 4, 5]]).bytes()
    let elf = try ELFFile(parsing: file)
    // What no header claims is zero.
    var claimed = [Bool](repeating: false, count: file.count)
    for index in 0..<(52 + 32 * elf.segmentCount) { claimed[index] = true }
    for segment in elf.segments {
      for index in 0..<Int(segment.fileByteCount) { claimed[Int(segment.offset) + index] = true }
    }
    #expect(file.indices.allSatisfy { claimed[$0] || file[$0] == 0 })
    // Outside the segment that has it, the secret is nowhere.
    let loads = elf.segments.filter { $0.type == .load }
    var rest = file
    rest.replaceSubrange(
      Int(loads[0].offset)..<Int(loads[0].offset + loads[0].fileByteCount), with: [])
    #expect(!String(decoding: rest, as: UTF8.self).contains("CANARY-"))
    #expect(try Array(elf.bytes(of: loads[1])) == [UInt8](repeating: 0xff, count: 5000))
    #expect(keeper.count == 1000)
  }

  @Test("C10: our own reader and readelf accept every form, and see the same segments")
  func c10() throws {
    let folder = try TemporaryFolder()
    for (form, elfClass) in [
      (CoredumpForm.elf, ELFClass.elf32), (.elf, .elf64), (.linux, .elf32), (.linux, .elf64),
      (.sections, .elf32), (.sections, .elf64),
    ] {
      var dump = TestDump(byteCount: 9000, form: form)
      dump.contents.elfClass = elfClass
      dump.contents.notes.append(
        ProcessorRegisters.riscv32(pc: 0x8000_1234, integers: [UInt32](0..<32))
          .statusNote(signal: 7))
      dump.contents.notes.append(
        CoredumpTrace(name: WireName("log"), da: nil, text: Array("hello\n".utf8)).note)
      dump.contents.notes.append(CoredumpTable(da: address(1), bytes: [1, 0, 0, 0, 5]).note)
      let path = "\(folder.path)/\(form)-\(elfClass)"
      let report = try NewCoredumpFile.write(path: path) { sink throws(CoredumpError) in
        try dump.write(to: &sink)
      }
      #expect(try folder.bytes("\(form)-\(elfClass)") == dump.bytes())
      let file = try ELFFile(parsing: dump.bytes())
      #expect(throws: Never.self) {
        try file.checkOverlap()
        try file.checkSectionTableOffset()
      }
      #expect(file.bytes.count == Int(report.byteCount))
      guard let readelf = Tool("readelf") else { continue }
      let run = try readelf.run(["-a", "-W", path])
      #expect(run.status == 0)
      #expect(run.errors.isEmpty, "\(form) \(elfClass): \(run.errors)")
      #expect(!run.output.contains("arning"))
      #expect(run.output.contains("CORE (Core file)"))
      #expect(run.output.contains(form == .sections ? "STR_TBL" : "LOAD"))
      if form == .elf {
        #expect(run.output.contains("NT_PRSTATUS"))
        #expect(run.output.contains("REMOTEPROC"))
      }
    }
  }
}
