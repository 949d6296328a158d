import Foundation
import Remoteproc
import RprocCommands
import TestSupport
import Testing

@Suite("rproc check")
struct CheckTests {
  @Test("Shipped images have no errors on their board", arguments: ShippedImage.allCases)
  func shipped(image: ShippedImage) throws {
    let run = try CommandRun("check", image.path)
    #expect(run.status == 0)
    #expect(run.output.hasSuffix("no findings\n"), "\(run.output)")
  }

  @Test("Findings for people")
  func text() throws {
    var table = SmallImage.tableV1
    table.patch(UInt32(6000), at: 160 + 4)
    table.patch(UInt32(0x4000_0000), at: 84 + 4)
    let scratch = try Scratch()
    let path = try scratch.file(
      "bad.elf", SmallImage(table: table, code: SmallImage.idleCode).bytes)
    let run = try CommandRun("check", path)
    #expect(run.status == 65)
    #expect(
      run.output == """
        bad.elf   board virt-rv32   profile default

        error    ringAlignment     offset 0x100  70 17 00 00
                 vdev0vring0: alignment 6000 at da any (must be a power of two from 4 up, da at 16)
                 -> set align to 4096, or another power of two from 4 up

        error    traceVisible      offset 0xb4  00 00 00 40
                 trace "log\\\\x1b[2J" (4096 bytes at da 0x40000000) cannot be read
                 -> put the buffer into a carveout of the table, with its size

        warning  nameNotPrintable  offset 0xc0  6c 6f 67 1b 5b 32 4a 00 00 00 00 00 00 00 00 00 ...
                 entry 1: the name "log\\\\u{1b}[2J" has bytes that are no plain text \
        (Linux takes % for a format)
                 -> use letters, digits, and _ . -

        2 errors, 1 warning

        """)
  }

  @Test("The same for programs: the error's own name and numbers too")
  func json() throws {
    var table = SmallImage.tableV1
    table.patch(UInt32(6000), at: 160 + 4)
    let scratch = try Scratch()
    let path = try scratch.file(
      "bad.elf", SmallImage(table: table, code: SmallImage.idleCode).bytes)
    let objects = try CommandRun("check", path, "--json").objects()
    #expect(objects.map { $0["event"] as? String } == ["finding", "finding", "summary"])
    let error = try #require(objects[0]["error"] as? [String: Any])
    #expect(error["case"] as? String == "RemoteprocError.badAlignment")
    #expect(error["alignment"] as? Int == 6000)
    #expect(objects[2]["profile"] as? String == "default")
    #expect(objects[2]["board"] as? String == "virt-rv32")
    #expect(objects.allSatisfy { $0["t"] is Double })
  }

  @Test("The Linux profile warns of what the default profile refuses")
  func linux() throws {
    let scratch = try Scratch()
    var image = SmallImage(code: SmallImage.idleCode)
    image.machine = 40
    let path = try scratch.file("arm.elf", image.bytes)
    let strict = try CommandRun("check", path)
    #expect(strict.status == 65)
    let lax = try CommandRun("check", path, "--compat", "linux")
    #expect(lax.status == 0)
    #expect(lax.output.contains("warning  imageMachine"))
  }

  @Test("A table alone, of either version")
  func bareTable() throws {
    let scratch = try Scratch()
    let good = try scratch.file("good.bin", SmallImage.tableV1)
    let run = try CommandRun("check", good, "--table", "--json")
    #expect(run.status == 0)
    #expect(try run.objects().first?["rule"] as? String == "nameNotPrintable")
    #expect(try run.objects().first?["offset"] as? Int == 84 + 16)
    let old = try scratch.file("old.bin", SmallImage.tableV0)
    #expect(try CommandRun("check", old, "--table").status == 65)
    let cut = try scratch.file("cut.bin", Array(SmallImage.tableV1.dropLast(4)))
    let bad = try CommandRun("check", cut, "--table", "--table-version", "1", "--json")
    #expect(bad.status == 65)
    #expect(try bad.objects().first?["rule"] as? String == "entryTruncated")
    #expect(try bad.objects().first?["offset"] as? Int == 132)
  }

  @Test("What is no image, and no file")
  func unreadable() throws {
    let scratch = try Scratch()
    let empty = try scratch.file("empty.elf", [])
    let run = try CommandRun("check", empty, "--json")
    #expect(run.status == 65)
    #expect(try run.objects().first?["rule"] as? String == "truncatedHeader")
    #expect(try CommandRun("check", "/nowhere").status == 66)
    #expect(try CommandRun("check", empty, "--board", "nonsense").status == 64)
    #expect(try CommandRun("check", empty, "--table-version", "2").status == 64)
  }

  @Test("A check never boots: nothing is printed by firmware, and it ends at once")
  func noBoot() throws {
    let run = try CommandRun("check", ShippedImage.crash.path, "--json")
    #expect(run.status == 0)
    #expect(try run.objects().map { $0["event"] as? String } == ["summary"])
  }

  @Test("An image cut at any byte, or with any table word spoilt, is checked without a trap")
  func totality() throws {
    let scratch = try Scratch()
    let bytes = SmallImage(code: SmallImage.idleCode).bytes
    for count in stride(from: 0, to: bytes.count, by: 5) {
      let path = try scratch.file("cut.elf", Array(bytes[..<count]))
      #expect(try CommandRun("check", path).status == 65, "cut at \(count)")
    }
    var mutator = ImageMutator(seed: 5)
    for _ in 0..<60 {
      let changed = mutator.mutate(bytes, hot: [0..<84, 92..<292, 292..<bytes.count])
      let path = try scratch.file("changed.elf", changed)
      for profile in ["default", "linux"] {
        let run = try CommandRun("check", path, "--compat", profile, "--json")
        let boot = try CommandRun("run", path, "--report", "--compat", profile)
        #expect(run.status == boot.status, "\(Hex.digits(changed))")
        let objects = try run.objects()
        let hasError = objects.contains { $0["severity"] as? String == "error" }
        #expect(hasError == (run.status == 65))
      }
    }
  }

  @Test("Every rule of a profile is a rule of the check")
  func profileRules() {
    for rule in CompatibilityRule.allCases {
      #expect(CheckRule(rawValue: rule.rawValue)?.compatibilityRule == rule, "\(rule)")
    }
  }

  @Test("Documentation/Check.md has a row for each rule, and for nothing else")
  func documentation() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Documentation/Check.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let names = rows.map { $0.dropFirst(3).prefix { $0 != "`" } }
    #expect(Set(names.map(String.init)) == Set(CheckRule.allCases.map(\.rawValue)))
    #expect(names.count == CheckRule.allCases.count)
    for row in rows { #expect(row.filter { $0 == "|" }.count == 5, "\(row)") }
  }
}
