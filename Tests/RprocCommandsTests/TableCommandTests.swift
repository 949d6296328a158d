import ELF
import Foundation
import ResourceTable
import RprocCommands
import TestSupport
import Testing
import WireTypes

@Suite("rproc table")
struct TableCommandTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func path(_ name: String) -> String { "\(scratch.path)/\(name)" }

  private func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func yaml(_ text: String) throws -> String {
    try scratch.file("table.yaml", Array(text.utf8))
  }

  /// What was written besides what is named; temporary files must not stay.
  private func leftovers(_ known: String...) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scratch.path)
      .filter { !known.contains($0) }
  }

  private static let shown = """
    version: 1
    entries:
      - { type: carveout, name: "fw", da: 0x80000000, size: 64KiB }
      - { type: trace, name: "log", da: 0x8000f000, size: 4KiB }
      - type: vdev
        id: 7
        dfeatures: 0x1
        vrings:
          - { da: any, align: 16, num: 64, notifyid: 0 }
          - { da: any, align: 16, num: 64, notifyid: 1 }

    """

  /// The table of the small image with a name that is text.
  private static let table: [UInt8] = {
    var table = SmallImage.tableV1
    for index in 3..<7 { table[84 + 16 + index] = 0 }
    return table
  }()

  // MARK: show

  @Test("A table of an image and a table alone are shown alike")
  func show() throws {
    let image = try scratch.file("a.elf", SmallImage().bytes)
    let table = try scratch.file("a.bin", SmallImage.tableV1)
    let fromImage = try CommandRun("table", "show", image)
    let alone = try CommandRun("table", "show", table)
    #expect(fromImage.status == 0 && alone.status == 0)
    #expect(fromImage.lines.dropFirst() == alone.lines.dropFirst())
    #expect(
      fromImage.lines[0]
        == "RESOURCE TABLE   version 1, 3 entries, 200 bytes at 0x80000000, file offset 0x54")
    #expect(alone.lines[0] == "RESOURCE TABLE   version 1, 3 entries, 200 bytes")
    #expect(
      alone.lines[2] == "  0  0x1c    carveout  fw          0x80000000  0x0  64 KiB  flags 0x0")
  }

  @Test("As one JSON object")
  func showJSON() throws {
    let table = try scratch.file("a.bin", SmallImage.tableV0)
    let objects = try CommandRun("table", "show", table, "--json").objects()
    #expect(objects.count == 1)
    #expect(objects[0]["version"] as? Int == 0)
    #expect((objects[0]["entries"] as? [Any])?.count == 3)
    #expect(objects[0]["da"] is NSNull)
    let other = try CommandRun("table", "show", table, "--json", "--table-version", "1")
    #expect(other.status == 65)
    #expect(try other.objects().last?["kind"] as? String == "ResourceTableError.unsupportedVersion")
  }

  @Test("As YAML")
  func showYAML() throws {
    let table = try scratch.file("a.bin", Self.table)
    #expect(try CommandRun("table", "show", table, "--yaml").output == Self.shown)
    let old = try scratch.file("old.bin", SmallImage.tableV0)
    #expect(
      try CommandRun("table", "show", old, "--yaml").output == """
        version: 0
        entries:
          - { type: carveout, name: "fw", da: 0x80000000, size: 64KiB }
          - { type: vdev, name: "rpmsg", id: 7, dfeatures: 0x1 }
          - { type: vring, name: "rx", num: 256 }

        """)
  }

  @Test("What cannot be shown ends with 65, what is not there with 66")
  func showRefused() throws {
    let noTable = try scratch.file("none.elf", ELFImage().build())
    let run = try CommandRun("table", "show", noTable)
    #expect(run.status == 65)
    #expect(run.errors.contains("no resource table"))
    let cut = try scratch.file("cut.bin", Array(SmallImage.tableV1.dropLast()))
    #expect(try CommandRun("table", "show", cut, "--yaml").status == 65)
    #expect(try CommandRun("table", "show", "/nowhere").status == 66)
    #expect(try CommandRun("table", "show", cut, "--yaml", "--json").status == 64)
  }

  // MARK: build

  @Test("The YAML of a table builds its bytes")
  func build() throws {
    let output = path("out.bin")
    let run = try CommandRun("table", "build", try yaml(Self.shown), "-o", output)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output == "\(output): version 1, 3 entries, 200 bytes of table\n")
    #expect(try bytes(output) == Self.table)
    #expect(try leftovers("table.yaml", "out.bin").isEmpty)
  }

  @Test("Every key of version 1")
  func everyKey() throws {
    let text = """
      # what the firmware of this test needs
      version: 1
      size: 512
      entries:
        - { type: carveout, name: "a & b*", da: any, pa: 0x1000, size: 1MiB, flags: 6 }
        - { type: devmem, name: regs, da: 0x4a000000, pa: 0x4a000000, size: 4096 }
        - { type: trace, name: "", da: any, size: 0x10, offset: 0x100 }
        - type: vdev
          id: 11
          notifyid: any
          dfeatures: 0x30000001
          gfeatures: 1
          status: 4
          config: "01 02ff"
          vrings:
            - { da: 0x90000000, num: 8 }
            - { da: any, align: 64, num: 8, notifyid: 3, pa: 5 }
        - { type: 200, body: 00ff }
        - { type: 600 }
      bytes:
        - { offset: 510, hex: "abcd" }
      """
    let output = path("out.bin")
    let run = try CommandRun("table", "build", try yaml(text), "-o", output)
    #expect(run.status == 0, "\(run.errors)")
    let table = try bytes(output)
    #expect(table.count == 512 && table.suffix(2) == [0xab, 0xcd])
    let reader = try ResourceTableReader(parsing: table)
    let entries = try reader.entries()
    #expect(entries.count == 6 && entries[2].offset == 0x100)
    guard case .carveout(let memory) = entries[0].resource,
      case .vdev(let vdev) = entries[3].resource
    else {
      Issue.record("\(entries)")
      return
    }
    #expect(memory.da == nil && memory.byteCount == 1 << 20 && memory.flags == 6)
    #expect(memory.name == WireName("a & b*" as String))
    #expect(vdev.deviceID == 11 && vdev.notifyID.rawValue == .max && vdev.status == 4)
    #expect(Array(try reader.payload(of: entries[3])) == [1, 2, 0xff])
    let first = try reader.vring(at: 0, of: entries[3])
    #expect(first.alignment == 4096 && first.notifyID.rawValue == .max)
    #expect(try reader.vring(at: 1, of: entries[3]).pa.rawValue == 5)
    let again = try CommandRun("table", "show", output, "--yaml")
    #expect(try CommandRun("table", "build", try yaml(again.output), "-o", output).status == 0)
    #expect(try bytes(output) == table)
  }

  @Test("A random table, and each of the images that were tried on Linux, comes back from its YAML")
  func roundTrip() throws {
    var tables: [(name: String, bytes: [UInt8])] = []
    for (name, image) in try ImageCorpus.shipped() + ImageCorpus.conformance() {
      guard let elf = try? ELFFile(parsing: image),
        let section = try? elf.section(named: ".resource_table", strictness: .memorySafe),
        let table = try? elf.bytes(of: section, strictness: .memorySafe)
      else { continue }
      tables.append((name, Array(table)))
    }
    var mutator = ImageMutator(seed: 7)
    for index in 0..<100 {
      let base = index % 2 == 0 ? SmallImage.tableV1 : SmallImage.tableV0
      tables.append(("mutation \(index)", mutator.mutate(base, hot: [28..<base.count])))
    }
    var count = 0
    for (name, table) in tables {
      let file = try scratch.file("in.bin", table)
      let shown = try CommandRun("table", "show", file, "--yaml")
      guard shown.status == 0 else { continue }
      let output = path("out.bin")
      let built = try CommandRun("table", "build", try yaml(shown.output), "-o", output)
      #expect(built.status == 0, "\(name): \(built.errors) \(shown.output)")
      #expect(try bytes(output) == table, "\(name): \(shown.output)")
      count += 1
    }
    #expect(count > 50)
  }

  @Test(
    "A mistake is told with file and line",
    arguments: [
      ("version: 1\nentries: []\nnonsense: 1\n", 3, "unknown key \"nonsense\""),
      ("version: 2\nentries: []\n", 1, "version 2 is outside 0...1"),
      ("entries: []\n", 1, "key \"version\" is missing"),
      ("version: 1\n", 1, "key \"entries\" is missing"),
      ("version: 1\nentries: 5\n", 2, "entries is not a list"),
      ("version: 1\nentries:\n  - 5\n", 3, "entry is not a mapping"),
      ("version: 1\nentries:\n  - { name: x }\n", 3, "key \"type\" is missing"),
      ("version: 1\nentries:\n  - { type: nonsense }\n", 3, "type \"nonsense\" is none of"),
      ("version: 1\nentries:\n  - { type: trace, da: any }\n", 3, "key \"size\" is missing"),
      ("version: 1\nentries:\n  - { type: trace, size: 1 }\n", 3, "key \"da\" is missing"),
      (
        "version: 1\nentries:\n  - { type: trace, da: any,\n      size: 64KB }\n", 4,
        "size \"64KB\" is not a size"
      ),
      (
        "version: 1\nentries:\n  - { type: trace, da: 0xffffffff, size: 1 }\n", 3,
        "da 0xffffffff is outside 0x0...0xfffffffe"
      ),
      (
        "version: 1\nentries:\n  - { type: trace, da: any, size: 4GiB }\n", 3,
        "size 4294967296 is outside 0...4294967295"
      ),
      (
        "version: 1\nentries:\n  - { type: trace, da: any, size: 1, num: 3 }\n", 3,
        "unknown key \"num\""
      ),
      (
        "version: 1\nentries:\n  - { type: trace, da: any, size: 1,\n"
          + "      name: \"a name of more than thirty-one bytes\" }\n", 4,
        "bytes of name 36 is outside 0...31"
      ),
      (
        "version: 1\nentries:\n  - type: vdev\n    id: 7\n    vrings:\n      - { da: any }\n", 6,
        "key \"num\" is missing"
      ),
      ("version: 1\nentries:\n  - { type: 200, body: 0ff }\n", 3, "body \"0ff\" is not a row"),
      ("version: 1\nentries:\n  - { type: 200, body: \"+f\" }\n", 3, "body \"+f\" is not a row"),
      ("version: 0\nentries:\n  - { type: trace, da: any }\n", 3, "da \"any\" is not a number"),
      ("version: 0\nentries:\n  - { type: vdev, size: 1 }\n", 3, "unknown key \"size\""),
      ("version: 1\nversion: 1\nentries: []\n", 1, "stands twice"),
      ("version: 1\nentries: &a []\n", 2, "anchors and aliases are not used in table files"),
      ("version: 1\nentries: [\n", 3, "did not find"), ("", 1, "table is not a mapping"),
    ])
  func mistakes(text: String, line: Int, problem: String) throws {
    let file = try yaml(text)
    let run = try CommandRun("table", "build", file, "-o", path("out.bin"))
    #expect(run.status == 65, "\(run.errors)")
    #expect(run.errors.hasPrefix("rproc: \(file):\(line): "), "\(run.errors)")
    #expect(run.errors.contains(problem), "\(run.errors)")
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
    #expect(try leftovers("table.yaml").isEmpty)
  }

  @Test("A description whose parts do not fit together is refused")
  func misfit() throws {
    let small = try yaml("version: 1\nsize: 20\nentries:\n  - { type: trace, da: any, size: 1 }\n")
    let run = try CommandRun("table", "build", small, "-o", path("out.bin"))
    #expect(run.status == 65)
    #expect(run.errors.contains("68 bytes needed at offset 0x0, 20 available"))
  }

  // MARK: build --into

  private func image(_ table: [UInt8]) throws -> String {
    try scratch.file("fw.elf", SmallImage(table: table).bytes)
  }

  @Test("A table of the same size goes into an image, which is otherwise the same")
  func splice() throws {
    let image = try image(SmallImage.tableV1)
    let before = try bytes(image)
    let output = path("new.elf")
    let run = try CommandRun("table", "build", try yaml(Self.shown), "--into", image, "-o", output)
    #expect(run.status == 0, "\(run.errors)")
    let after = try bytes(output)
    #expect(try bytes(image) == before)
    #expect(after == SmallImage(table: Self.table).bytes)
    #expect(try CommandRun("table", "show", output, "--yaml").output == Self.shown)
    let statuses = try [output, image].map { try CommandRun("check", $0).status }
    #expect(statuses[0] == statuses[1])
    #expect(try leftovers("table.yaml", "fw.elf", "new.elf").isEmpty)
  }

  @Test("A smaller table leaves zeros and a smaller section; a larger one is refused with sizes")
  func sizes() throws {
    let image = try image(SmallImage.tableV1)
    let empty = try yaml("version: 1\nentries: []\n")
    let output = path("new.elf")
    #expect(try CommandRun("table", "build", empty, "--into", image, "-o", output).status == 0)
    let changed = try bytes(output)
    #expect(changed.count == (try bytes(image)).count)
    #expect(changed[84 + 16..<84 + 200].allSatisfy { $0 == 0 })
    let elf = try ELFFile(parsing: changed)
    #expect(try elf.section(named: ".resource_table")?.byteCount == 16)
    let large = try yaml("version: 1\nsize: 201\nentries: []\n")
    let run = try CommandRun("table", "build", large, "--into", image, "-o", path("no.elf"))
    #expect(run.status == 65)
    #expect(run.errors.contains("201 bytes do not fit into its 200"))
    #expect(try leftovers("table.yaml", "fw.elf", "new.elf").isEmpty)
  }

  @Test("The input is only changed with --in-place; access rights stay")
  func inPlace() throws {
    let image = try image(SmallImage.tableV1)
    try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: image)
    let before = try bytes(image)
    let link = path("link.elf")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: image)
    let table = try yaml(Self.shown)
    for target in [image, link, "\(scratch.path)/./fw.elf"] {
      let run = try CommandRun("table", "build", table, "--into", image, "-o", target)
      #expect(run.status == 64, "\(target)")
      #expect(run.errors.contains("is the input, which only --in-place changes"))
    }
    #expect(try CommandRun("table", "build", table, "-o", table).status == 64)
    #expect(try bytes(image) == before)
    #expect(try CommandRun("table", "build", table, "--into", link, "--in-place").status == 0)
    #expect(try bytes(image) == SmallImage(table: Self.table).bytes)
    let rights = try FileManager.default.attributesOfItem(atPath: image)[.posixPermissions]
    #expect(rights as? Int == 0o750)
    #expect(try leftovers("table.yaml", "fw.elf", "link.elf").isEmpty)
  }

  @Test("What is no image, and options that do not go together")
  func usage() throws {
    let table = try yaml(Self.shown)
    let bare = try scratch.file("a.bin", SmallImage.tableV1)
    let output = path("x")
    #expect(try CommandRun("table", "build", table, "--into", bare, "-o", output).status == 65)
    for arguments in [
      [], ["--in-place"], ["-o", output, "--in-place", "--into", bare],
      ["-o", output, "--in-place"],
    ] {
      #expect(try CommandRun(arguments: ["table", "build", table] + arguments).status == 64)
    }
    #expect(try CommandRun("table", "build", "/nowhere", "-o", output).status == 66)
    #expect(try CommandRun("table").status == 0)
    #expect(try CommandRun("table", "nonsense").status == 64)
  }

  @Test("A place that cannot be written ends with 74")
  func unwritten() throws {
    let table = try yaml(Self.shown)
    let nowhere = try CommandRun("table", "build", table, "-o", path("no/such/folder.bin"))
    #expect(nowhere.status == 74)
    #expect(nowhere.errors.contains("cannot create"))
    let folder = try CommandRun("table", "build", table, "-o", scratch.path)
    #expect(folder.status == 74)
  }

  // MARK: convert

  @Test("Version 0 to 1, and back")
  func convert() throws {
    let old = """
      version: 0
      entries:
        - { type: carveout, name: "fw", da: 0x80000000, size: 64KiB }
        - { type: vdev, id: 7, dfeatures: 0x1 }
        - { type: vring, num: 256 }
        - { type: vring, index: 1, num: 256 }

      """
    let first = path("old.bin")
    #expect(try CommandRun("table", "build", try yaml(old), "-o", first).status == 0)
    let second = path("new.bin")
    let there = try CommandRun("table", "convert", first, "--to", "1", "-o", second)
    #expect(there.status == 0, "\(there.errors)")
    #expect(there.output == "\(second): version 1, 2 entries, 148 bytes of table\n")
    #expect(
      try CommandRun("table", "show", second, "--yaml").output == """
        version: 1
        entries:
          - { type: carveout, name: "fw", da: 0x80000000, size: 64KiB }
          - type: vdev
            id: 7
            dfeatures: 0x1
            vrings:
              - { da: any, align: 4096, num: 256, notifyid: any }
              - { da: any, align: 4096, num: 256, notifyid: any }

        """)
    let third = path("back.bin")
    #expect(try CommandRun("table", "convert", second, "--to", "0", "-o", third).status == 0)
    #expect(try bytes(third) == bytes(first))
  }

  @Test("What cannot be said in the other version is named")
  func convertRefused() throws {
    let table = try scratch.file("a.bin", SmallImage.tableV1)
    let output = path("old.bin")
    let run = try CommandRun("table", "convert", table, "--to", "0", "-o", output)
    #expect(run.status == 65)
    #expect(
      run.errors.contains(
        "entry 2: the other version cannot express a ring alignment of 16, not 4096 "
          + "(at offset 0xa4)"))
    #expect(try leftovers("a.bin").isEmpty)
    #expect(try CommandRun("table", "convert", table, "--to", "1", "-o", table).status == 64)
    #expect(try CommandRun("table", "convert", table, "--to", "2", "-o", output).status == 64)
    #expect(try CommandRun("table", "convert", table, "--to", "1").status == 64)
  }
}
