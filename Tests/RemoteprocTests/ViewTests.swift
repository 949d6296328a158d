import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import Virtio
import WireTypes

/// The text files of Linux, byte for byte.
@Suite("Views")
struct ViewTests {
  private func text(_ view: ProcessorView, _ path: String) -> String? {
    guard let file = ViewFile(path), let bytes = view.contents(of: file) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func settings() -> ViewSettings {
    ViewSettings(name: "dsp", firmwareName: "dsp.elf")
  }

  @Test("A path names a file, and no other text does")
  func paths() {
    for file in ViewFile.fixed + [.debugfs(.trace(0)), .debugfs(.trace(17))] {
      #expect(ViewFile(file.description) == file)
    }
    for path in [
      "", "/", "state", "sysfs", "sysfs/", "sysfs/trace0", "sysfs/resource_table", "debugfs/trace",
      "debugfs/trace-1", "debugfs/trace01", "debugfs/trace+1", "debugfs/traceN", "debugfs/state/",
      "proc/state", "/sysfs/state", "debugfs/firmware", "debugfs/trace99999999999999999999",
    ] {
      #expect(ViewFile(path) == nil, "\(path)")
    }
  }

  @Test("An offline processor")
  func offline() throws {
    let processor = RemoteProcessor(platform: try TestPlatform())
    let view = ProcessorView(processor, settings())
    #expect(view.files == ViewFile.fixed)
    #expect(text(view, "sysfs/state") == "offline\n")
    #expect(text(view, "sysfs/name") == "dsp\n")
    #expect(text(view, "sysfs/firmware") == "dsp.elf\n")
    #expect(text(view, "sysfs/recovery") == "enabled\n")
    #expect(text(view, "sysfs/coredump") == "disabled\n")
    #expect(text(view, "debugfs/state") == "offline (0)\n")
    #expect(text(view, "debugfs/name") == "dsp\n")
    #expect(text(view, "debugfs/recovery") == "enabled\n")
    #expect(text(view, "debugfs/coredump") == "disabled\n")
    #expect(text(view, "debugfs/crash") == "0\n")
    #expect(text(view, "debugfs/resource_table") == "No resource table found\n")
    #expect(text(view, "debugfs/carveout_memories") == "")
    #expect(text(view, "debugfs/trace0") == nil)
  }

  @Test("What the owner decided")
  func decided() throws {
    let processor = RemoteProcessor(platform: try TestPlatform())
    let long = String(repeating: "n", count: 5_000)
    for coredump in CoredumpMode.allCases {
      let view = ProcessorView(
        processor,
        ViewSettings(
          name: long, firmwareName: long, recovers: false, coredump: coredump, crashCount: .max))
      #expect(text(view, "sysfs/coredump") == coredump.rawValue + "\n")
      #expect(text(view, "debugfs/coredump") == coredump.rawValue + "\n")
      #expect(text(view, "sysfs/recovery") == "disabled\n")
      #expect(text(view, "debugfs/recovery") == "disabled\n")
      #expect(text(view, "debugfs/crash") == "18446744073709551615\n")
      // A page, and the 98 characters of the debug file.
      #expect(text(view, "sysfs/name") == String(repeating: "n", count: 4_094) + "\n")
      #expect(text(view, "debugfs/name") == String(repeating: "n", count: 98) + "\n")
    }
  }

  @Test("A running processor, its table and its memory")
  func running() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let firmware = TestFirmware([
      TestFirmware.trace("log", at: TestPlatform.base + 0x2000, 16),
      TestFirmware.rpmsg(config: [1, 2, 3]),
    ])
    try processor.boot(firmware.build())
    let view = ProcessorView(processor, settings())
    #expect(view.files == ViewFile.fixed + [.debugfs(.trace(0))])
    #expect(text(view, "sysfs/state") == "running\n")
    #expect(text(view, "debugfs/state") == "running (2)\n")
    #expect(text(view, "debugfs/trace0") == "")
    processor.traces[0].window?.store(UInt8(ascii: "x"), at: 0)
    #expect(text(view, "debugfs/trace0") == "x")
    #expect(text(view, "debugfs/trace1") == nil)
    let first = try #require(view.contents(of: .debugfs(.resourceTable)))
    #expect(
      String(decoding: first, as: UTF8.self) == """
        Entry 0 is of type carveout
          Device Address 0x80000000
          Physical Address 0x100000
          Length 0x4000 Bytes
          Flags 0x0
          Reserved (should be zero) [0]
          Name fw

        Entry 1 is of type trace
          Device Address 0x80002000
          Length 0x10 Bytes
          Reserved (should be zero) [0]
          Name log

        Entry 2 is of type vdev
          ID 7
          Notify ID 0
          Device features 0x1
          Guest features 0x0
          Config length 0x3
          Status 0x0
          Number of vrings 2
          Reserved (should be zero) [0][0]

          Vring 0
            Device Address 0x80080000
            Alignment 4096
            Number of buffers 4
            Notify ID 0
            Physical Address 0x0

          Vring 1
            Device Address 0x80082000
            Alignment 4096
            Number of buffers 4
            Notify ID 1
            Physical Address 0x0


        """)
    #expect(
      text(view, "debugfs/carveout_memories") == """
        Carveout memory entry:
        \tName: fw
        \tVirtual address: 0000000000000000
        \tDMA address: 0x0000000000100000
        \tDevice address: 0x80000000
        \tLength: 0x4000 Bytes

        Carveout memory entry:
        \tName: vdev0vring0
        \tVirtual address: 0000000000000000
        \tDMA address: 0x0000000000180000
        \tDevice address: 0x80080000
        \tLength: 0x2000 Bytes

        Carveout memory entry:
        \tName: vdev0vring1
        \tVirtual address: 0000000000000000
        \tDMA address: 0x0000000000182000
        \tDevice address: 0x80082000
        \tLength: 0x2000 Bytes


        """)
  }

  @Test("The table is shown as it is now, signed numbers as C prints them")
  func live() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(TestFirmware([TestFirmware.rpmsg()]).build())
    let view = ProcessorView(processor, settings())
    let table = processor.table
    let window = try #require(table?.window)
    // Behind the header, two offsets, and the carveout: the device's fields.
    let vdev = 24 + 56
    window.store(UInt32.max, at: vdev + 8)
    window.store(UInt32(0x3000_0001), at: vdev + 16)
    window.store(UInt8(7), at: vdev + 24)
    window.store(UInt32.max, at: vdev + 28)
    window.store(UInt32.max, at: vdev + 28 + 12)
    let now = try #require(text(view, "debugfs/resource_table"))
    #expect(now.contains("  Notify ID -1\n"))
    #expect(now.contains("  Guest features 0x30000001\n"))
    #expect(now.contains("  Status 0x7\n"))
    #expect(now.contains("    Device Address 0xffffffff\n"))
    #expect(now.contains("    Notify ID -1\n"))
  }

  @Test("A remote that spoils its table gets lines that say so, never a trap or an endless text")
  func spoiled() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    try processor.boot(TestFirmware([TestFirmware.rpmsg()]).build())
    let view = ProcessorView(processor, settings())
    let table = processor.table
    let window = try #require(table?.window)
    window.store(UInt32(0xffff_fff0), at: 16)
    let now = try #require(text(view, "debugfs/resource_table"))
    #expect(now.contains("cannot be read"))
    for seed in 0..<50 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      for offset in 0..<window.byteCount {
        window.store(UInt8.random(in: 0...255, using: &random), at: offset)
      }
      if seed % 2 == 0 {
        for (offset, word) in [1, 40, 0, 0].enumerated() {
          window.store(UInt32(word), at: offset * 4)
        }
      }
      let bytes = view.contents(of: .debugfs(.resourceTable))
      #expect(bytes?.isEmpty == false && (bytes?.count ?? 0) <= (1 << 20) + 4, "seed \(seed)")
    }
  }

  @Test("Ten thousand entries of one big device end in three dots")
  func bounded() throws {
    // Each offset leads to the same device with 255 vrings.
    var builder = ResourceTableBuilder()
    builder.add(
      .vdev(
        VdevResource(deviceID: 7, deviceFeatures: 1),
        vrings: (0..<255).map { _ in TestFirmware.ring() }, config: []))
    let one = try builder.build()
    let count = 10_000
    var bytes: [UInt8] = []
    func add(_ word: Int) {
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(word >> shift & 255)) }
    }
    add(1)
    add(count)
    add(0)
    add(0)
    for _ in 0..<count { add(16 + 4 * count) }
    bytes += one[20...]
    let text = ProcessorView.resourceTableText(of: bytes)
    #expect(text.count <= (1 << 20) + 4)
    #expect(text.suffix(4) == Array("...\n".utf8))
    #expect(text.starts(with: Array("Entry 0 is of type vdev\n  ID 7\n".utf8)))
  }

  @Test("Unknown and vendor entries, and names without an end")
  func oddEntries() throws {
    var builder = ResourceTableBuilder()
    builder.add(.raw(type: 200, body: [1, 2, 3, 4]))
    var name = WireName()
    for index in 0..<32 { name.storage[index] = index == 0 ? 0x1b : UInt8(ascii: "n") }
    builder.add(.carveout(MemoryResource(da: nil, byteCount: 1, name: name)))
    let text = ProcessorView.resourceTableText(of: try builder.build())
    let expected =
      Array("Unknown resource type found: 200 [hdr: 0000000000000000]\n".utf8)
      + Array("Entry 1 is of type carveout\n  Device Address 0xffffffff\n".utf8)
      + Array("  Physical Address 0x0\n  Length 0x1 Bytes\n  Flags 0x0\n".utf8)
      + Array("  Reserved (should be zero) [0]\n  Name \u{1b}".utf8)
      + Array(String(repeating: "n", count: 31).utf8) + Array("\n\n".utf8)
    #expect(text == expected)
  }

  @Test("A table of version 0 has the same labels")
  func version0() throws {
    var bytes = [UInt8](repeating: 0, count: 96 * 4)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    for (index, record) in [
      ResourceRecord(type: 0, da: 0x1_0000_0000, pa: 0x20, count: 0x30, name: FixedName("fw")),
      ResourceRecord(type: 2, da: 0x40, count: 0x50, name: FixedName("log")),
      ResourceRecord(type: 4, da: 1, pa: 0, count: 3, flags: 7, name: FixedName("dev")),
      ResourceRecord(type: 3, id: 1, da: 0x60, count: 256, name: FixedName("ring")),
    ].enumerated() { try record.encode(into: &raw, at: 96 * index) }
    let text = String(decoding: ProcessorView.resourceTableText(of: bytes), as: UTF8.self)
    #expect(
      text == """
        Entry 0 is of type carveout
          Device Address 0x100000000
          Physical Address 0x20
          Length 0x30 Bytes
          Flags 0x0
          Reserved (should be zero) [0]
          Name fw

        Entry 1 is of type trace
          Device Address 0x40
          Length 0x50 Bytes
          Reserved (should be zero) [0]
          Name log

        Entry 2 is of type vdev
          ID 0
          Device ID 7
          Device features 0x1
          Guest features 0x0
          Status 0x3
          Reserved (should be zero) [0]
          Name dev

        Entry 3 is of type vring
          ID 1
          Device Address 0x60
          Number of buffers 256
          Reserved (should be zero) [0]
          Name ring


        """)
  }
}
