import Foundation
import RprocCommands
import Testing

@Suite("Images by name")
struct FirmwareSearchTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.path + "/vendor", withIntermediateDirectories: true)
  }

  private func pack(_ program: String, _ arguments: String..., into name: String) throws -> Bool {
    guard FileManager.default.isExecutableFile(atPath: program) else {
      print("skipped: \(program) is not on this machine")
      return false
    }
    let plain = try scratch.file("plain", SmallImage().bytes)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + ["--stdout", plain]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    _ = try scratch.file(name, Array(bytes))
    return true
  }

  @Test("A name is found in the directory of the option, and in those of the environment")
  func found() throws {
    _ = try scratch.file("vendor/fw.elf", SmallImage().bytes)
    let option = try CommandRun("inspect", "vendor/fw.elf", "--firmware-path", scratch.path)
    #expect(option.status == 0, "\(option.errors)")
    let environment = ["RPROC_FIRMWARE_PATH": "/nowhere:\(scratch.path)/vendor"]
    #expect(try CommandRun("inspect", "fw.elf", environment: environment).status == 0)
    #expect(try CommandRun("inspect", "fw.elf").status == 66)
    // The option comes first.
    _ = try scratch.file("fw.elf", [1])
    let both = try CommandRun(
      arguments: ["inspect", "fw.elf", "--firmware-path", scratch.path], environment: environment)
    #expect(both.status == 65)
  }

  @Test(
    "A compressed file is found by the plain name, and used as it is by its path",
    arguments: [
      ("/usr/bin/xz", "xz", "--check=crc32"), ("/usr/bin/zstd", "zst", "--quiet"),
      ("/usr/bin/gzip", "gz", "-9"),
    ])
  func compressed(program: String, suffix: String, argument: String) throws {
    guard try pack(program, argument, into: "fw.elf.\(suffix)") else { return }
    let plain = try CommandRun("inspect", scratch.path + "/plain", "--json").objects()
    for arguments in [
      ["fw.elf", "--firmware-path", scratch.path], [scratch.path + "/fw.elf.\(suffix)"],
    ] {
      let run = try CommandRun(arguments: ["inspect", "--json"] + arguments)
      #expect(run.status == 0, "\(run.errors)")
      let object = try #require(try run.objects().first)
      // The hash and the size are those of what is booted.
      #expect(object["sha256"] as? String == plain[0]["sha256"] as? String)
      #expect(object["bytes"] as? Int == plain[0]["bytes"] as? Int)
      #expect(
        object["compression"] as? String
          == (suffix == "zst" ? "zstd" : suffix == "gz" ? "gzip" : "xz"))
    }
  }

  @Test("E19 A compressed file that is cut is refused with 65, in one line")
  func cut() throws {
    guard try pack("/usr/bin/xz", into: "a") else { return }
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/a")))
    let path = try scratch.file("cut.xz", Array(bytes.dropLast(9)))
    for command in ["inspect", "run", "ping"] {
      let run = try CommandRun(command, path)
      #expect(run.status == 65)
      #expect(run.errors == "rproc: \(path): xz data ends too early\n")
    }
  }

  @Test("What is nowhere ends with 66 and tells where it was looked for")
  func notFound() throws {
    let run = try CommandRun("run", "none.elf", "--firmware-path", scratch.path)
    #expect(run.status == 66)
    #expect(run.errors.hasPrefix("rproc: none.elf: not found in \(scratch.path), /lib/firmware/"))
    #expect(run.errors.hasSuffix("/lib/firmware (with .zst, .xz, .gz, too)\n"))
  }

  @Test(
    "A09 A path that goes up or is absolute is a path and never searched for",
    arguments: [
      "../none.elf", "./none.elf", "/none.elf", "vendor/../../none.elf",
    ])
  func paths(path: String) throws {
    let run = try CommandRun("run", path, "--firmware-path", scratch.path)
    #expect(run.status == 66)
    #expect(run.errors == "rproc: \(path): cannot open: No such file or directory (errno 2)\n")
  }

  @Test("An address that is none is a usage error")
  func addresses() throws {
    for address in ["", "0x", "-1", "0xg", "1 ", "0x1ffffffffffffffff"] {
      #expect(try CommandRun("inspect", "a", "--load-address", address).status == 64)
    }
    #expect(try CommandRun("inspect", "a", "--format", "srec").status == 64)
  }
}
