import FirmwareFiles
import Foundation
import Testing

@Suite("Reading a firmware file")
struct ImageFileTests {
  @Test("A regular file is read whole; a symbolic link of the user is followed")
  func regular() throws {
    let scratch = try Scratch()
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    let path = try scratch.file("a.elf", bytes)
    let image = try ImageFile(path: path)
    #expect(image.bytes == bytes)
    #expect(image.compression == nil)
    #expect(image.name == "a.elf")
    let link = scratch.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    #expect(try ImageFile(path: link).bytes == bytes)
    #expect(try ImageFile(path: try scratch.file("empty", [])).bytes.isEmpty)
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

  @Test("The limit itself is read, one byte more is not")
  func limit() throws {
    let scratch = try Scratch()
    let path = try scratch.file("a", [1, 2, 3, 4])
    #expect(try ImageFile(path: path, limit: 4).bytes == [1, 2, 3, 4])
    #expect(throws: ImageFileError.tooLarge(byteCount: 4, limit: 3, path: path)) {
      try ImageFile(path: path, limit: 3)
    }
  }

  @Test("A file that is not there is named with the system's words")
  func missing() throws {
    #expect(throws: ImageFileError.system(.open, path: "/nowhere/x", errno: ENOENT)) {
      try ImageFile(path: "/nowhere/x")
    }
    let text = ImageFileError.system(.open, path: "a\u{1b}b", errno: ENOENT).description
    #expect(text == "a\\u{1b}b: cannot open: No such file or directory (errno 2)")
    #expect(throws: ImageFileError.badName("a\0b")) { try ImageFile(path: "a\0b") }
  }

  @Test("E19 A file that another process changes all the time is read whole or refused")
  func changing() throws {
    let scratch = try Scratch()
    let sizes = [400_000, 1_000_000]
    let path = try scratch.file("a", [UInt8](repeating: 1, count: sizes[0]))
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = [
      "-c", "while :; do truncate -s \(sizes[1]) \"$0\"; truncate -s \(sizes[0]) \"$0\"; done",
      path,
    ]
    try writer.run()
    defer {
      writer.terminate()
      writer.waitUntilExit()
    }
    var refusals = 0
    let deadline = Date(timeIntervalSinceNow: 10)
    var rounds = 0
    while rounds < 400 || refusals == 0, Date() < deadline {
      rounds += 1
      do throws(ImageFileError) {
        let count = try ImageFile(path: path).bytes.count
        #expect(sizes.contains(count))
      } catch {
        guard case .changed(path, _, _) = error else {
          Issue.record(error)
          return
        }
        refusals += 1
      }
    }
    #expect(rounds > 0)
  }

  @Test("E19 A file that is replaced while it is open stays the file that was opened")
  func replaced() throws {
    // The descriptor is opened once: what another file of the name holds is never read.
    let scratch = try Scratch()
    let contents = [1, 2].map { [UInt8](repeating: $0, count: 1_000_000) }
    let path = try scratch.file("a", contents[0])
    let others = [path + ".1", path + ".2"]
    let mover = Process()
    mover.executableURL = URL(fileURLWithPath: "/bin/sh")
    mover.arguments =
      [
        "-c",
        "while :; do for f in \"$1\" \"$2\"; do cp \"$f\" \"$0.new\"; mv \"$0.new\" \"$0\"; done; done",
        path,
      ] + others
    for (other, bytes) in zip(others, contents) {
      try Data(bytes).write(to: URL(fileURLWithPath: other))
    }
    try mover.run()
    defer {
      mover.terminate()
      mover.waitUntilExit()
    }
    for _ in 0..<50 {
      let bytes = try ImageFile(path: path).bytes
      #expect(bytes == contents[0] || bytes == contents[1])
    }
  }
}
