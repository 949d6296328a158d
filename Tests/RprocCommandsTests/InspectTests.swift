import Foundation
import RprocCommands
import Testing

@Suite("rproc inspect")
struct InspectTests {
  @Test("An image with a table of version 1, for people")
  func versionOne() throws {
    let scratch = try Scratch()
    let path = try scratch.file("small.elf", SmallImage().bytes)
    let run = try CommandRun("inspect", path)
    #expect(run.status == 0)
    #expect(run.errors.isEmpty)
    #expect(run.output == Self.versionOneText)
  }

  @Test("An image with a table of version 0, for people")
  func versionZero() throws {
    let scratch = try Scratch()
    let path = try scratch.file("old.elf", SmallImage(table: SmallImage.tableV0).bytes)
    let run = try CommandRun("inspect", path)
    #expect(run.status == 0)
    #expect(run.output.hasSuffix(Self.versionZeroText))
  }

  @Test("The version of the table can be named, and then only that is tried")
  func namedVersion() throws {
    let scratch = try Scratch()
    let path = try scratch.file("old.elf", SmallImage(table: SmallImage.tableV0).bytes)
    let told = try CommandRun("inspect", path)
    let named = try CommandRun("inspect", path, "--table-version", "0")
    #expect(named.status == 0)
    #expect(named.output == told.output)
    let other = try CommandRun("inspect", path, "--table-version", "1")
    #expect(other.status == 65)
    #expect(other.errors.contains("version 0 at offset 0x0 is not supported"))
    #expect(try CommandRun("inspect", path, "--table-version", "2").status == 64)
  }

  @Test("The same as one JSON object")
  func json() throws {
    let scratch = try Scratch()
    let path = try scratch.file("small.elf", SmallImage().bytes)
    let run = try CommandRun("inspect", path, "--json")
    #expect(run.status == 0)
    let object = try #require(try run.objects().first)
    #expect(run.lines.count == 1)
    #expect(object["entry"] as? String == "0x80000000")
    #expect(object["machine"] as? String == "riscv")
    let table = try #require(object["table"] as? [String: Any])
    #expect(table["version"] as? Int == 1)
    let entries = try #require(table["entries"] as? [[String: Any]])
    #expect(
      entries.map { $0["type"] as? String } == ["carveout", "trace", "vdev", "vring 0", "vring 1"])
    #expect(entries[1]["name"] as? String == "log\\x1b[2J")
    #expect(entries[3]["da"] as? String == "any")
    #expect(entries[4]["num"] as? Int == 64)
  }

  @Test("E01 E04 R101 An image cut at any byte is refused or read, and never traps")
  func truncated() throws {
    let scratch = try Scratch()
    let bytes = SmallImage().bytes
    for count in 0..<bytes.count {
      let path = try scratch.file("cut.elf", Array(bytes[..<count]))
      let run = try CommandRun("inspect", path)
      #expect(run.status == 65, "cut at \(count)")
      #expect(run.errors.hasPrefix("rproc: \(path): "), "cut at \(count)")
      #expect(run.errors.filter { $0 == "\n" }.count == 1, "cut at \(count)")
    }
  }

  @Test("A table that breaks off is shown as far as it goes, then refused with 65")
  func brokenTable() throws {
    var table = SmallImage.tableV1
    table[132 + 25] = 200
    let scratch = try Scratch()
    let path = try scratch.file("broken.elf", SmallImage(table: table).bytes)
    let run = try CommandRun("inspect", path)
    #expect(run.status == 65)
    #expect(run.output.contains("carveout"))
    #expect(run.errors.hasPrefix("rproc: \(path): resource table entry 2 of type 3 truncated"))
    let json = try CommandRun("inspect", path, "--json")
    #expect(json.status == 65)
    let objects = try json.objects()
    #expect(objects.count == 2)
    #expect(objects.last?["event"] as? String == "error")
    #expect(objects.last?["kind"] as? String == "ResourceTableError.entryTruncated")
    #expect(objects.last?["index"] as? Int == 2)
  }

  private static let versionOneText = """
    small.elf   ELF32 riscv executable   432 B   entry 0x80000000   sha256 3020edcd6bc35e74

    SEGMENTS
      #  type  offset  address     in file  in memory  flags
      0  load  0x54    0x80000000  200 B    4 KiB      rwx

    SECTIONS
      name             address     offset  size
      .resource_table  0x80000000  0x54    200 B

    RESOURCE TABLE   version 1, 3 entries, 200 bytes at 0x80000000, file offset 0x54
      #  offset  type      name        da          pa   size
      0  0x1c    carveout  fw          0x80000000  0x0  64 KiB  flags 0x0
      1  0x54    trace     log\\x1b[2J  0x8000f000       4 KiB
      2  0x84    vdev      rpmsg                                id 7, notifyid 0, dfeatures 0x1, \
    gfeatures 0x0, config 0, status 0
                 vring 0               any                      num 64, align 16, notifyid 0
                 vring 1               any                      num 64, align 16, notifyid 1

    """

  private static let versionZeroText = """
    RESOURCE TABLE   version 0, 3 entries, 288 bytes at 0x80000000, file offset 0x54
      #  offset  type      name   da          pa   size
      0  0x0     carveout  fw     0x80000000  0x0  64 KiB  flags 0x0
      1  0x60    vdev      rpmsg                           id 7, dfeatures 0x1, gfeatures 0x0, status 0
      2  0xc0    vring     rx                              id 0, num 256

    """
}
