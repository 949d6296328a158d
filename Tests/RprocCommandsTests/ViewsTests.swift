import Foundation
import RprocCommands
import Testing

@Suite("rproc views, and firmware that runs already")
struct ViewsTests {
  @Test("Files that are named come alone, byte for byte but for escapes")
  func named() throws {
    let run = try CommandRun("views", ShippedImage.echo.path, "debugfs/state")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output == "running (2)\n")
    let table = try CommandRun("views", ShippedImage.echo.path, "debugfs/resource_table")
    #expect(table.status == 0)
    #expect(
      table.output.hasPrefix("Entry 0 is of type carveout\n  Device Address 0x80000000\n"))
    #expect(table.output.hasSuffix("    Physical Address 0x0\n\n"))
  }

  @Test("Without a name all files come, each under its title")
  func all() throws {
    let run = try CommandRun("views", ShippedImage.echo.path, "--wait", "0.5")
    #expect(run.status == 0, "\(run.errors)")
    let titles = run.lines.filter { !$0.hasPrefix(" ") }
    #expect(titles.first == "sysfs/coredump" && titles.last == "debugfs/trace0")
    #expect(titles.count == 13)
    #expect(run.output.contains("sysfs/name\n  virt-rv32\nsysfs/recovery\n  disabled\n"))
    #expect(run.output.contains("debugfs/trace0\n  echo: waiting for the host\n"))
  }

  @Test("--json gives an object for each file, with the text as it is")
  func json() throws {
    let run = try CommandRun(
      "views", ShippedImage.echo.path, "sysfs/firmware", "debugfs/carveout_memories", "--json",
      "--wait", "0")
    #expect(run.status == 0, "\(run.errors)")
    let objects = try run.objects()
    #expect(objects.compactMap { $0["event"] as? String } == ["view", "view"])
    #expect(objects.first?["file"] as? String == "sysfs/firmware")
    #expect(objects.first?["text"] as? String == "echo.elf\n")
    #expect(
      (objects.last?["text"] as? String)?.hasPrefix("Carveout memory entry:\n\tName: fw\n") == true)
  }

  @Test("A file that is not there, or a bad time, is wrong usage")
  func refused() throws {
    for arguments in [
      ["sysfs/trace0"], ["state"], ["debugfs/trace1", "--wait", "0"], ["--wait", "-1"],
      ["--wait", "nan"],
    ] {
      let run = try CommandRun(arguments: ["views", ShippedImage.echo.path] + arguments)
      #expect(run.status == 64, "\(arguments): \(run.errors)")
      #expect(run.output.isEmpty)
    }
  }

  @Test("Firmware of a boot loader is attached to, and talks")
  func attach() throws {
    let run = try CommandRun(
      "run", ShippedImage.sampleClient.path, "--attach", "--until-exit", "--timeout", "60",
      "--json")
    #expect(run.status == 0, "\(run.errors)")
    let objects = try run.objects()
    let states = objects.filter { $0["event"] as? String == "state" }
    #expect(states.first?["from"] as? String == "detached")
    #expect(states.first?["to"] as? String == "attached")
    #expect(states.last?["to"] as? String == "offline")
    let summary = try #require(objects.last)
    #expect(summary["messages"] as? Int == 100)
  }

  @Test("A board without a core cannot run before the host comes")
  func attachWithoutCore() throws {
    let run = try CommandRun("run", ShippedImage.echo.path, "--attach", "--board", "null")
    #expect(run.status == 69)
  }

  @Test("A core that restarts by itself is attached to again after its crash")
  func restartsItself() throws {
    let scratch = try Scratch()
    let text = try CommandRun("boards", "virt-rv32").output
      .replacingOccurrences(of: "count: 1", with: "count: 1, restart: self")
    let board = try scratch.file("self.yaml", Array(text.utf8))
    let run = try CommandRun(
      "run", ShippedImage.crash.path, "--board", board, "--recovery", "once", "--send",
      "rpmsg-crash=fatal", "--timeout", "60", "--json")
    #expect(run.status == 70, "\(run.errors)")
    let states = try run.objects().filter { $0["event"] as? String == "state" }
    #expect(
      states.compactMap { $0["to"] as? String }
        == ["running", "crashed", "attached", "crashed", "offline"])
  }
}
