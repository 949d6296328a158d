import Boards
import Foundation
import RprocCommands
import Testing

@Suite("Command line")
struct CommandLineTests {
  @Test("Version and help go to standard output")
  func help() throws {
    let version = try CommandRun("--version")
    #expect(version.status == 0)
    #expect(version.output == "\(RprocTool.version)\n")
    for arguments in [["--help"], ["help", "inspect"], ["boards", "--help"], []] {
      let run = try CommandRun(arguments: arguments)
      #expect(run.status == 0)
      #expect(run.output.contains("USAGE"))
      #expect(run.errors.isEmpty)
    }
  }

  @Test(
    "Help fits a terminal of 80 columns, so that nothing is wrapped",
    arguments: [
      "demo", "run", "inspect", "check", "table", "ping", "boards",
    ])
  func helpWidth(command: String) throws {
    for arguments in [["--help"], [command, "--help"]] {
      let run = try CommandRun(arguments: arguments)
      // A line that was too long goes on at the margin, below an example.
      let examples = run.lines.drop { $0 != "EXAMPLES" }.dropFirst().prefix { $0 != "OPTIONS:" }
      #expect(!examples.isEmpty)
      for line in examples where line.first?.isLowercase == true {
        Issue.record("wrapped: \(line)")
      }
    }
  }

  @Test("Help that cannot be written is told by the status")
  func helpUnwritten() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let context = CommandContext(
      output: full.fileDescriptor, errors: full.fileDescriptor, environment: [:])
    #expect(RprocTool.run(["--help"], context: context) == 74)
    #expect(RprocTool.run(["nonsense"], context: context) == 64)
  }

  @Test(
    "What is no command line ends with 64 and says why on standard error",
    arguments: [
      ["nonsense"], ["inspect"], ["inspect", "a", "b"], ["boards", "--nonsense"],
      ["run", "a", "--timeout", "0"], ["run", "a", "--timeout", "-1"],
      ["run", "a", "--timeout", "nan"], ["run", "a", "--timeout", "soon"],
      ["run", "a", "--service", "x"], ["run", "a", "--service", "=echo"],
      ["run", "a", "--service", "x=nonsense"], ["run", "a", "--send", "x"],
      ["run", "a", "--service", "x=echo", "--service", "x=print"],
      ["run", "a", "--json", "--trace"], ["run", "a", "--json", "--console"],
      ["run", "a", "--profile", "nonsense"], ["ping", "a", "--profile", "Linux"],
      ["run", "a", "--compat", "nonsense"], ["run", "a", "--board", "nonsense"],
      ["ping", "a", "--count", "0"], ["ping", "a", "--size", "-1"],
      ["ping", "a", "--window", "4097"], ["ping", "a", "--channel", ""],
      ["ping", "a", "--timeout", "0"], ["demo", "a"],
      ["boards", "nowhere"], ["boards", "/nowhere/board.yaml"], ["boards", "null", "--json"],
    ])
  func usage(arguments: [String]) throws {
    let run = try CommandRun(arguments: arguments)
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(!run.errors.isEmpty)
  }

  @Test("Exit statuses keep their numbers")
  func numbers() {
    let all: [(CommandStatus, Int32)] = [
      (.done, 0), (.usage, 64), (.refused, 65), (.noInput, 66), (.unavailable, 69),
      (.remoteFailed, 70), (.outputFailed, 74), (.timedOut, 75), (.interrupted, 130),
      (.firmware(63), 63),
    ]
    for (status, code) in all { #expect(status.code == code) }
    #expect(CommandStatus(firmwareCode: 0) == .firmware(0))
    #expect(CommandStatus(firmwareCode: 63) == .firmware(63))
    #expect(CommandStatus(firmwareCode: 64) == .remoteFailed)
    #expect(CommandStatus(firmwareCode: .max) == .remoteFailed)
  }

  @Test("A board without a core has the memory that its file says")
  func nullBoard() throws {
    let scratch = try Scratch()
    func board(_ memory: String) throws -> String {
      try scratch.file("board.yaml", Array("name: mine\ncore: none\nmemory:\n\(memory)".utf8))
    }
    let echo = ShippedImage.echo.path
    // The lowest block of this pool is where the image wants its carveout.
    let good = try board("  - { name: pool, da: 0x80000000, pa: 0x1000000, size: 32MiB }\n")
    let run = try CommandRun("run", echo, "--report", "--board", good)
    #expect(run.status == 0)
    #expect(run.output.contains(#""pa":"0x1000000""#))
    for memory in [
      "  - { name: a, da: 0x80000000, size: 1MiB }\n  - { name: b, da: 0, size: 1MiB }\n",
      "  - { name: a, da: 0x60000000, size: 1052672KiB }\n",
      "  - { name: a, da: 0xa1fff000, size: 4KiB }\n",
    ] {
      let run = try CommandRun("run", echo, "--report", "--board", try board(memory))
      #expect(run.status == 69, "\(memory) \(run.errors)")
    }
  }

  @Test("Boards are listed, and printed as YAML that reads back")
  func boards() throws {
    let list = try CommandRun("boards")
    #expect(list.status == 0)
    #expect(list.lines.map { String($0.prefix { $0 != " " }) } == Board.builtInNames)
    let one = try CommandRun("boards", "virt-rv32")
    #expect(try Board(yaml: one.output, fileName: "x") == Board.named("virt-rv32"))
    let scratch = try Scratch()
    let path = try scratch.file("mine.yaml", Array(one.output.utf8))
    #expect(try CommandRun("boards", path).output == one.output)
    let objects = try CommandRun("boards", "--json").objects()
    #expect(objects.map { $0["name"] as? String } == Board.builtInNames)
  }

  @Test("A board file with a mistake names the line")
  func badBoard() throws {
    let scratch = try Scratch()
    let path = try scratch.file("bad.yaml", Array("name: x\nnonsense: 1\n".utf8))
    let run = try CommandRun("boards", path)
    #expect(run.status == 64)
    #expect(run.errors.contains("bad.yaml:2"))
  }

  @Test("A full disk is told, and ends with 74")
  func fullDisk() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let errors = try #require(FileHandle(forWritingAtPath: "/dev/null"))
    let context = CommandContext(
      output: full.fileDescriptor, errors: errors.fileDescriptor, environment: [:])
    #expect(RprocTool.run(["boards"], context: context) == 74)
  }
}
