import Coredump
import ELF
import Foundation
import Remoteproc
import ResourceTable
import Scheduling
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

@Suite("Dumps of processors")
struct DumpTests {
  private static let report = CrashReport(
    kind: .busFault, pc: device(0x8000_0040), address: device(0x4000_0000),
    detail: "load access fault\nsecond line")
  private static let registers = ProcessorRegisters.riscv32(
    pc: 0x8000_0040, integers: [UInt32](0..<32),
    special: [ProcessorRegisters.Register(name: "mcause", value: 5)])

  private static let entries: [ResourceTableBuilder.Entry] = [
    TestFirmware.trace("log", at: TestPlatform.base + 0x3000, 0x100), TestFirmware.rpmsg(),
  ]

  /// A processor that runs, with text in its trace buffer.
  private func running(
    _ change: (inout TestPlatform) throws -> Void = { _ in },
    options: BootOptions = BootOptions()
  ) throws -> RemoteProcessor<TestPlatform> {
    var platform = try TestPlatform()
    platform.registersNow = Self.registers
    try change(&platform)
    var processor = RemoteProcessor(platform: platform)
    try processor.boot(TestFirmware(Self.entries).build(), options: options)
    let text = Array("it went wrong\n".utf8)
    let trace = try #require(processor.traces.first?.window)
    for (index, byte) in text.enumerated() { trace.store(byte, at: index) }
    return processor
  }

  private func bytes(_ captured: CapturedCoredump) throws -> [UInt8] {
    try captured.bytes(at: 0, count: Int(captured.byteCount))
  }

  private func reader(_ captured: CapturedCoredump) throws -> CoredumpReader {
    try CoredumpReader { offset, count throws(CoredumpError) in
      try captured.bytes(at: offset, count: count)
    }
  }

  @Test("A dump of a crash has memory, registers, the crash, the trace and the table")
  func crashed() throws {
    var processor = try running()
    let noted = processor.crash(Self.report)
    #expect(noted)
    let captured = try processor.captureCoredump(
      CoredumpOptions(facts: [CoredumpFacts.Fact("image", "fw.elf")]))
    let reader = try reader(captured)
    let facts = reader.facts
    #expect(facts["state"] == "crashed")
    #expect(facts["crash"] == "busfault")
    #expect(facts["pc"] == "0x80000040")
    #expect(facts["address"] == "0x40000000")
    #expect(facts["detail"] == "load access fault\nsecond line")
    #expect(facts["boot-address"] == "0x80000000")
    #expect(facts["register.mcause"] == "0x5")
    #expect(facts["image"] == "fw.elf")
    #expect(reader.registers.map(\.general) == [Self.registers.general])
    #expect(reader.notes.first?.bytes[12] == 7)
    #expect(reader.traces.map(\.text) == [Array("it went wrong\n".utf8)])
    let table = processor.table?.snapshot()
    #expect(reader.table?.bytes == table)
    #expect(reader.table?.da == device(TestPlatform.base + 0x1000))
    #expect(reader.machine == .riscv && reader.elfClass == .elf32)
    #expect(reader.entry == device(TestPlatform.base))
    let names = try #require(reader.memoryMap).regions.map { "\($0.segment.name)" }
    #expect(names == ["fw", "vdev0vring0", "vdev0vring1", "vdev0buffer"])
    let file = try ELFFile(parsing: bytes(captured))
    let firmware = try #require(file.segments.first { $0.type == .load })
    let window = processor.carveouts[0].window
    let contents = try Array(file.bytes(of: firmware))
    #expect(contents.count == window.byteCount)
    #expect(contents.indices.allSatisfy { contents[$0] == window.loadUInt8(at: $0) })
    try processor.shutdown()
  }

  @Test("Registers are asked for when the crash is noted, not later")
  func registersAtCrash() throws {
    var processor = try running()
    processor.crash(Self.report)
    processor.withPlatform { $0.registersNow = nil }
    try processor.quiesce()
    #expect(try reader(processor.captureCoredump()).registers.count == 1)
    try processor.shutdown()
  }

  @Test("A processor that runs is dumped as well, one that is offline is not")
  func states() throws {
    var processor = try running()
    let running = try reader(processor.captureCoredump())
    #expect(running.facts["state"] == "running")
    #expect(running.facts["crash"] == nil)
    #expect(running.registers.count == 1)
    #expect(running.notes.first?.bytes[12] == 0)
    let state = processor.state
    #expect(state == .running)
    try processor.shutdown()
    var error: RemoteprocError?
    do throws(RemoteprocError) { _ = try processor.captureCoredump() } catch let caught {
      error = caught
    }
    #expect(error == .illegalTransition(.dump, from: .offline))
  }

  @Test("Each byte is dumped once: carveouts, loaded segments, then what the platform adds")
  func coverage() throws {
    let ram = try SharedRegion(byteCount: 1 << 20).window
    var processor = try running { platform in
      platform.showsRAM = true
      platform.dumpSegments = [
        DumpSegment(
          name: WireName("ram"), da: device(TestPlatform.base), byteCount: 1 << 20, window: ram)
      ]
    }
    for includesRings in [true, false] {
      let captured = try processor.captureCoredump(CoredumpOptions(includesRings: includesRings))
      let regions = try #require(try reader(captured).memoryMap).regions.map(\.segment)
      let sorted = regions.sorted { $0.da < $1.da }
      for (one, next) in zip(sorted, sorted.dropFirst()) {
        #expect(one.da.rawValue + one.byteCount <= next.da.rawValue)
      }
      let total = regions.reduce(0) { $0 + $1.byteCount }
      let buffers = try #require(processor.devices.first?.device.buffers?.memory.byteCount)
      let rings = processor.carveouts.filter { $0.purpose != .carveout }
        .reduce(UInt64(buffers)) { $0 + $1.byteCount }
      #expect(total == (includesRings ? 1 << 20 : 1 << 20 - rings))
      #expect(regions.contains { "\($0.name)" == "vdev0vring0" } == includesRings)
    }
    try processor.shutdown()
  }

  @Test("C01: memory beyond 32 bits is left out by name, and more than 4 GiB makes a 64-bit dump")
  func c01() throws {
    var processor = try running { platform in
      platform.dumpSegments = [
        DumpSegment(
          name: WireName("far"), da: device(1 << 32), byteCount: 16, window: nil),
        DumpSegment(
          name: WireName("wraps"), da: device(.max), byteCount: 16, window: nil),
      ]
    }
    let small = try reader(processor.captureCoredump())
    #expect(small.elfClass == .elf32)
    #expect(small.facts.facts.filter { $0.key == "left-out" }.map(\.value) == ["far", "wraps"])
    let wide = try reader(processor.captureCoredump(CoredumpOptions(elfClass: .elf64)))
    #expect(wide.facts.facts.filter { $0.key == "left-out" }.map(\.value) == ["wraps"])
    try processor.shutdown()
  }

  @Test("C02: memory that the host cannot read is 0xFF, and flagged")
  func c02() throws {
    var processor = try running { platform in
      platform.dumpSegments = [
        DumpSegment(name: WireName("off"), da: device(0x9000_0000), byteCount: 5000, window: nil)
      ]
    }
    processor.crash(Self.report)
    let captured = try processor.captureCoredump()
    #expect(captured.report.unreadableSegments.count == 1)
    let regions = try #require(try reader(captured).memoryMap).regions
    #expect(regions.filter(\.isUnreadable).map { "\($0.segment.name)" } == ["off"])
    let file = try ELFFile(parsing: bytes(captured))
    let off = try #require(file.segments.first { $0.physicalAddress == device(0x9000_0000) })
    #expect(try Array(file.bytes(of: off)) == [UInt8](repeating: 0xff, count: 5000))
    try processor.shutdown()
  }

  @Test("C03: a remote that writes everywhere meanwhile changes no header and no note")
  func c03() throws {
    var processor = try running()
    let windows = processor.carveouts.map(\.window)
    let stop = Guarded(false)
    let thread = Thread {
      var value: UInt8 = 0
      while !stop.withLock({ $0 }) {
        value &+= 1
        for window in windows {
          for offset in stride(from: 0, to: window.byteCount, by: 61) {
            window.store(value, at: offset)
          }
        }
      }
    }
    thread.start()
    defer { stop.withLock { $0 = true } }
    let first = try reader(processor.captureCoredump())
    for _ in 0..<20 {
      let captured = try processor.captureCoredump()
      let dump = try reader(captured)
      #expect(dump.segments == first.segments)
      #expect(dump.memoryMap == first.memoryMap)
      #expect(dump.facts == first.facts)
      #expect(dump.registers == first.registers)
      #expect(captured.byteCount > 0x4000)
    }
    stop.withLock { $0 = true }
    try processor.shutdown()
  }

  @Test("C04: a reader that never reads does not hold up recovery")
  func c04() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    // Room for less than the dump.
    try #require(fcntl(ends[1], 1031 /* set the size of a pipe */, 4096) == 4096)
    defer { for end in ends { close(end) } }
    var processor = try running()
    processor.crash(Self.report)
    let start = MonotonicTime.now
    try processor.quiesce()
    let policy = CoredumpPolicy(
      mode: .inline, target: .stream(ends[1]),
      options: CoredumpOptions(timeLimit: .milliseconds(200)))
    let outcome = processor.dump(policy)
    guard case .failed(.coredump(.timedOut(after: .milliseconds(200), _, _))) = outcome else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    try processor.recover()
    #expect(MonotonicTime.now.since(start) < .seconds(30))
    let state = processor.state
    #expect(state == .running)
    try processor.shutdown()
  }

  @Test("C07: a carveout of 4 GiB, mostly zero, takes neither memory nor disk")
  func c07() throws {
    let byteCount: UInt64 = 4 << 30
    let region = try SharedRegion(byteCount: Int(byteCount))
    for place in [0, 1 << 30, (4 << 30) - 1] { region.window.store(7 as UInt8, at: place) }
    var processor = try running { platform in
      platform.dumpSegments = [
        DumpSegment(
          name: WireName("huge"), da: device(0), byteCount: byteCount, window: region.window)
      ]
    }
    processor.crash(Self.report)
    let folder = try TemporaryFolder()
    let before = try residentByteCount()
    let policy = CoredumpPolicy(mode: .inline, target: .file(path: folder.path + "/dump"))
    guard case .written(let report, let path?) = processor.dump(policy) else {
      Issue.record("not written")
      return
    }
    // Other tests run meanwhile; what is to be excluded is gigabytes.
    #expect(try residentByteCount() < before + 256 << 20)
    #expect(report.byteCount > byteCount)
    #expect(report.writtenByteCount < 4 << 20)
    var status = stat()
    try #require(stat(path, &status) == 0)
    #expect(UInt64(status.st_size) == report.byteCount)
    #expect(status.st_blocks * 512 < 4 << 20)
    let reader = try CoredumpReader(path: path)
    // Offsets of 32 bits do not reach that far.
    #expect(reader.elfClass == .elf64)
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    let base = try #require(reader.segments.first { $0.physicalAddress.rawValue == 0 })
    try file.seek(toOffset: base.offset + 1 << 30)
    #expect(try file.read(upToCount: 2) == Data([7, 0]))
    try processor.shutdown()
  }

  /// Resident memory of this process without what is shared.
  private func residentByteCount() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return try #require(Int(text.split(separator: " ")[1])) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  @Test("C08: a dump that fails at any byte leaves the processor as it was, and it recovers")
  func c08() throws {
    var processor = try running()
    processor.crash(Self.report)
    try processor.quiesce()
    let dump = try processor.coredump()
    let total = Int(dump.layout.byteCount)
    for place in stride(from: 0, to: total, by: 4093) {
      var sink = FailingSink(place: place)
      var error: CoredumpError?
      do throws(CoredumpError) { _ = try dump.write(to: &sink) } catch let caught { error = caught }
      guard sink.failed else { continue }
      #expect(error == .system(.write, errno: ENOSPC, offset: UInt64(place)))
      let state = processor.state
      #expect(state == .crashed(Self.report))
    }
    let failed = processor.dump(
      CoredumpPolicy(mode: .inline, target: .file(path: "/nowhere/at/all")))
    guard case .failed(.coredump(.system(.openFolder, errno: ENOENT, offset: nil))) = failed else {
      Issue.record("\(String(describing: failed))")
      return
    }
    try processor.recover()
    let state = processor.state
    #expect(state == .running)
    try processor.shutdown()
  }

  /// A disk that is full at a given byte.
  private struct FailingSink: CoredumpSink {
    let place: Int
    var position = 0
    var failed = false

    init(place: Int) { self.place = place }

    mutating func write(_ bytes: RawSpan, until deadline: MonotonicTime) throws(CoredumpError) {
      if position + bytes.byteCount > place {
        failed = true
        throw .system(.write, errno: ENOSPC, offset: UInt64(place))
      }
      position += bytes.byteCount
    }
    mutating func skip(_ count: UInt64, until deadline: MonotonicTime) throws(CoredumpError) {
      position += Int(count)
    }
    mutating func finish() throws(CoredumpError) {}
  }

  @Test("C09: no address of this process is in a dump")
  func c09() throws {
    let canary = Array("SECRET-OF-THE-HOST".utf8)
    let keeper = (0..<64).map { _ in canary + canary }
    var processor = try running()
    processor.crash(Self.report)
    let file = try bytes(processor.captureCoredump())
    for carveout in processor.carveouts {
      let base = carveout.window.withUnsafeBase { UInt64(UInt(bitPattern: $0)) }
      for shift: UInt64 in [0, 12] {
        let bytes = (0..<6).map { UInt8(truncatingIfNeeded: base >> (8 * UInt64($0) + shift)) }
        #expect(!file.contains(bytes), "an address of \(carveout.name)")
      }
    }
    #expect(!file.contains(canary))
    #expect(keeper.count == 64)
    try processor.shutdown()
  }

  @Test("A policy that is off does nothing; copied gives a copy that outlives the processor")
  func policy() throws {
    var processor = try running()
    processor.crash(Self.report)
    #expect(processor.dump(CoredumpPolicy()) == nil)
    #expect(processor.dump(CoredumpPolicy(mode: .inline)) == nil)
    guard case .captured(let captured) = processor.dump(CoredumpPolicy(mode: .copied)) else {
      Issue.record("no copy")
      return
    }
    let before = try bytes(captured)
    try processor.recover()
    try processor.shutdown()
    #expect(try bytes(captured) == before)
    #expect(try reader(captured).facts["state"] == "crashed")
    let limited = CoredumpPolicy(
      mode: .copied, options: CoredumpOptions(maximumCopyByteCount: 100))
    var again = try running()
    again.crash(Self.report)
    guard case .failed(.coredump(.quotaExceeded(_, limit: 100))) = again.dump(limited) else {
      Issue.record("no limit")
      return
    }
    try again.shutdown()
  }

  @Test("The modes have the words of Linux")
  func words() {
    #expect(CoredumpMode.allCases.map(\.rawValue) == ["disabled", "enabled", "inline"])
    #expect(CoredumpMode(rawValue: "on") == nil)
  }

  @Test("A dump in the form of Linux is the registered memory, back to back")
  func linuxForm() throws {
    var processor = try running()
    processor.crash(Self.report)
    let file = try bytes(processor.captureCoredump(CoredumpOptions(form: .linux)))
    var windows = processor.carveouts.map(\.window)
    windows.append(try #require(processor.devices.first?.device.buffers).memory)
    let expected = windows.flatMap { window in
      (0..<window.byteCount).map { window.loadUInt8(at: $0) }
    }
    let headers = 52 + 32 * windows.count
    #expect(file.count == headers + expected.count)
    #expect(Array(file[headers...]) == expected)
    try processor.shutdown()
  }
}
