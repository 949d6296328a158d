import Foundation
import RprocCommands
import Testing

@Suite("Trace files")
struct TraceFileTests {
  private func contents(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  @Test("run --trace-file writes the firmware's log beside all else")
  func run() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/log"
    let run = try CommandRun(
      "run", ShippedImage.sampleClient.path, "--until-exit", "--timeout", "60", "--trace-file", path
    )
    #expect(run.status == 0, "\(run.errors)")
    let lines = contents(path).split(separator: "\n").map(String.init)
    #expect(lines.first == "sample client: waiting for the host")
    #expect(lines.last == "sample client: 100 messages answered, goodbye!")
    #expect(run.output.contains("goodbye!"))
    // A second run begins anew.
    _ = try CommandRun("run", ShippedImage.echo.path, "--timeout", "0.3", "--trace-file", path)
    #expect(contents(path).hasPrefix("echo: waiting for the host\n"))
  }

  @Test("T05 a file is rotated at its budget: both together stay below, the newest text is there")
  func rotation() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/log"
    let budget = TraceFile.smallestBudget
    let file = try TraceFile(path: path, budget: budget)
    for number in 0..<5_000 {
      file.add("line \(number)")
      if number % 97 == 0 {
        #expect(contents(path).utf8.count + contents(path + ".1").utf8.count <= budget)
      }
    }
    #expect(file.failure == nil && file.report == nil)
    #expect(file.rotationCount == 5)
    let text = contents(path + ".1") + contents(path)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.last == "line 4999")
    #expect(lines == (5_000 - lines.count..<5_000).map { "line \($0)" })
    #expect(text.utf8.count > budget / 2)
  }

  @Test("T05 escapes and endless lines do not reach the file")
  func escapes() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/log"
    let file = try TraceFile(path: path, budget: TraceFile.smallestBudget)
    file.add("\u{1b}[2J\u{7}bell")
    file.add(String(repeating: "x", count: 1 << 20))
    #expect(
      contents(path) == "\\u{1b}[2J\\u{7}bell\n" + String(repeating: "x", count: 1024) + "...\n")
  }

  @Test("T05 a log of 1 MiB in one look becomes lines of bounded length")
  func lines() {
    var splitter = LineSplitter()
    let lines = splitter.add([UInt8](repeating: 0x41, count: 1 << 20))
    #expect(lines.count == 1024)
    #expect(lines.allSatisfy { $0.utf8.count == LineSplitter.maxLineByteCount })
  }

  @Test("Links, folders and pipes are refused, and so is a small budget")
  func refused() throws {
    let scratch = try Scratch()
    let target = try scratch.file("target", Array("keep".utf8))
    let link = scratch.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    let pipe = scratch.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [link, scratch.path, pipe, "/dev/null", scratch.path + "/no/such"] {
      let run = try CommandRun(
        "run", ShippedImage.echo.path, "--timeout", "0.1", "--trace-file", path)
      #expect(run.status == 74, "\(path): \(run.errors)")
      #expect(run.errors.contains("cannot write"))
    }
    #expect(contents(target) == "keep")
    let small = try CommandRun(
      "run", ShippedImage.echo.path, "--trace-file", scratch.path + "/log", "--trace-budget", "100")
    #expect(small.status == 64)
    let both = try CommandRun(
      "run", ShippedImage.echo.path, "--report", "--trace-file", scratch.path + "/log")
    #expect(both.status == 64)
  }

  @Test("A folder that goes away is an error of the file, not of the run")
  func vanishes() throws {
    let scratch = try Scratch()
    let folder = scratch.path + "/folder"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let file = try TraceFile(path: folder + "/log", budget: TraceFile.smallestBudget)
    try FileManager.default.removeItem(atPath: folder)
    for number in 0..<2_000 { file.add("line \(number)") }
    #expect(file.failure == ENOENT)
    #expect(file.report?.status == .outputFailed)
  }
}
