import Foundation
import RprocCommands
import Testing

@Suite("Images that are refused")
struct RefusedImageTests {
  private func refusal(_ image: SmallImage, _ arguments: String...) throws -> CommandRun {
    let scratch = try Scratch()
    let path = try scratch.file("bad.elf", image.bytes)
    let run = try CommandRun(arguments: ["run", path, "--timeout", "5"] + arguments)
    #expect(run.status == 65, "\(run.errors)")
    #expect(run.errors.hasPrefix("rproc: \(path): "))
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
    return run
  }

  @Test("E02 An image for another machine names both")
  func machine() throws {
    let run = try refusal(SmallImage(machine: 40))
    #expect(run.errors.contains("for arm (40 at offset 0x12), the processor is riscv (243)"))
  }

  @Test("A segment outside memory names its header, address and size")
  func segment() throws {
    // The carveout stays where it was.
    let run = try refusal(
      SmallImage(segmentAddress: 0x4000_0000, code: SmallImage.idleCode), "--json")
    let error = try #require(try run.objects().last)
    #expect(error["event"] as? String == "error")
    #expect(error["kind"] as? String == "RemoteprocError.segmentNotInMemory")
    #expect(error["header"] as? Int == 52)
    #expect(error["da"] as? String == "0x40000000")
  }

  @Test("R101 A table of an unknown version names it")
  func version() throws {
    var table = SmallImage.tableV1
    table[0] = 7
    let run = try refusal(SmallImage(table: table))
    #expect(run.errors.contains("version 7"))
  }

  @Test("R114 A carveout outside the board's memory names the range")
  func carveout() throws {
    var table = SmallImage.tableV1
    table[28 + 4 + 3] = 0x40
    let run = try refusal(SmallImage(table: table, code: SmallImage.idleCode))
    #expect(run.errors.contains("0x40000000"))
  }

  @Test("E01 An image cut at any byte is refused by run in one line")
  func truncated() throws {
    let scratch = try Scratch()
    let bytes = SmallImage(code: SmallImage.idleCode).bytes
    for count in stride(from: 0, to: bytes.count, by: 7) {
      let path = try scratch.file("cut.elf", Array(bytes[..<count]))
      let run = try CommandRun("run", path, "--timeout", "5")
      #expect(run.status == 65, "cut at \(count): \(run.errors)")
      #expect(run.errors.filter { $0 == "\n" }.count == 1, "cut at \(count)")
    }
  }
}
