import Foundation
import RprocCommands
import Testing

@Suite("Reading an image")
struct ImageFileTests {
  @Test("A regular file is read whole; a symbolic link of the user is followed")
  func regular() throws {
    let scratch = try Scratch()
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    let path = try scratch.file("a.elf", bytes)
    #expect(try ImageFile(path: path).bytes == bytes)
    let link = scratch.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    #expect(try ImageFile(path: link).bytes == bytes)
    #expect(try ImageFile(path: path).name == "a.elf")
  }

  @Test("E20 What is no regular file is refused at once")
  func notRegular() throws {
    let scratch = try Scratch()
    #expect(throws: ImageFileError.notRegular(.directory, path: scratch.path)) {
      try ImageFile(path: scratch.path)
    }
    let fifo = scratch.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect(throws: ImageFileError.notRegular(.fifo, path: fifo)) { try ImageFile(path: fifo) }
    #expect(throws: ImageFileError.notRegular(.device, path: "/dev/zero")) {
      try ImageFile(path: "/dev/zero")
    }
  }

  @Test("E20 A sparse file of 5 GiB is refused without reading it")
  func tooLarge() throws {
    let scratch = try Scratch()
    let path = try scratch.file("big", [])
    #expect(truncate(path, 5 << 30) == 0)
    #expect(
      throws: ImageFileError.tooLarge(
        byteCount: 5 << 30, limit: ImageFile.maxByteCount, path: path)
    ) {
      try ImageFile(path: path)
    }
  }

  @Test("A file that is not there is named with the system's words")
  func missing() throws {
    #expect(throws: ImageFileError.system(.open, path: "/nowhere/x", errno: ENOENT)) {
      try ImageFile(path: "/nowhere/x")
    }
    let text = ImageFileError.system(.open, path: "a\u{1b}b", errno: ENOENT).description
    #expect(text == "a\\u{1b}b: cannot open: No such file or directory (errno 2)")
  }

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
