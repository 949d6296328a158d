import Foundation
import RprocCommands
import Testing

@Suite("Reading an image")
struct ImageFileTests {
  @Test("E01 E20 Each command ends with 66 for a file that cannot be read, and 65 for no image")
  func exitStatus() throws {
    let scratch = try Scratch()
    let empty = try scratch.file("empty", [])
    let text = try scratch.file("text", Array(repeating: 0x41, count: 100))
    for command in ["inspect", "run", "ping"] {
      #expect(try CommandRun(command, scratch.path + "/none").status == 66)
      #expect(try CommandRun(command, scratch.path).status == 66)
      let run = try CommandRun(command, empty)
      #expect(run.status == 65)
      #expect(run.output.isEmpty)
      #expect(
        run.errors == "rproc: \(empty): elf header truncated: 52 bytes needed at offset 0x0, "
          + "0 available\n")
      #expect(try CommandRun(command, text).status == 65)
    }
  }
}
