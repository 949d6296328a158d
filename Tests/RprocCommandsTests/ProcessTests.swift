import Foundation
import RprocCommands
import Testing

/// The built command as a process of its own.
final class RprocProcess {
  let process = Process()
  let output = Pipe()
  let errors = Pipe()

  init(_ arguments: String...) throws {
    let executable = try Self.executable()
    process.executableURL = executable
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  /// Where the built command is.
  static func executable() throws -> URL {
    let folder = Bundle.main.bundleURL
    let candidates = [
      folder.appendingPathComponent("rproc"),
      folder.deletingLastPathComponent().appendingPathComponent("rproc"),
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("rproc"),
    ]
    let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    return try #require(found)
  }

  /// Reads standard output until `text` was seen; returns all that was read.
  func read(until text: String) throws -> String {
    var seen = Data()
    while !String(decoding: seen, as: UTF8.self).contains(text) {
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty, "the output ended before \(text)")
      seen += data
    }
    return String(decoding: seen, as: UTF8.self)
  }

  /// Waits for the end and returns the exit status.
  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }
}

@Suite("The command as a process")
struct ProcessTests {
  @Test("Ctrl-C and a polite kill stop the core cleanly, with 130", arguments: [SIGINT, SIGTERM])
  func interrupt(signal: Int32) throws {
    let rproc = try RprocProcess("run", ShippedImage.echo.path, "--json", "--timeout", "60")
    let start = try rproc.read(until: #""event":"channel""#)
    #expect(kill(rproc.process.processIdentifier, signal) == 0)
    let rest = try #require(try rproc.output.fileHandleForReading.readToEnd())
    #expect(rproc.wait() == 130)
    let text = start + String(decoding: rest, as: UTF8.self)
    let lines = text.split(separator: "\n").map(String.init)
    for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    #expect(lines.contains { $0.contains(#""from":"running","to":"offline""#) })
    #expect(lines.last?.contains(#""event":"summary""#) == true)
  }

  @Test("A channel appears at once, and not when a lost kick is looked for")
  func firstChannel() throws {
    var times: [Double] = []
    for _ in 0..<9 {
      let rproc = try RprocProcess("run", ShippedImage.echo.path, "--json", "--timeout", "60")
      let text = try rproc.read(until: #""event":"channel""#)
      #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
      #expect(rproc.wait() == 130)
      let events = try text.split(separator: "\n").filter { $0.hasSuffix("}") }.map {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
      }
      let running = events.first { $0["to"] as? String == "running" }?["t"] as? Double
      let channel = events.first { $0["event"] as? String == "channel" }?["t"] as? Double
      times.append(try #require(channel) - (try #require(running)))
    }
    // The median, as a busy machine makes single runs slow; the look for lost kicks is at 0.1 s.
    #expect(times.sorted()[4] < 0.08, "\(times)")
  }

  @Test("No interrupt is lost, however early it comes")
  func earlyInterrupt() throws {
    for step in 0..<24 {
      let rproc = try RprocProcess("run", ShippedImage.echo.path, "--timeout", "60")
      // Spread over the start of the process, which takes a few milliseconds.
      usleep(UInt32(step) * 500)
      #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
      rproc.process.waitUntilExit()
      // Before the handler is there, the signal itself ends the process.
      let isKilled = rproc.process.terminationReason == .uncaughtSignal
      #expect(rproc.process.terminationStatus == (isKilled ? SIGTERM : 130), "step \(step)")
    }
  }

  @Test("Ctrl-C ends a long ping, with what was measured")
  func interruptPing() throws {
    let rproc = try RprocProcess(
      "ping", ShippedImage.echo.path, "--json", "--count", "1000000000")
    _ = try rproc.read(until: #""event":"channel""#)
    #expect(kill(rproc.process.processIdentifier, SIGINT) == 0)
    let rest = try #require(try rproc.output.fileHandleForReading.readToEnd())
    #expect(rproc.wait() == 130)
    #expect(String(decoding: rest, as: UTF8.self).contains(#""event":"summary""#))
  }

  @Test("A reader that goes away ends the run quietly")
  func brokenPipe() throws {
    let rproc = try RprocProcess(
      "run", ShippedImage.echo.path, "--json", "--timeout", "60", "--send", "rpmsg-echo=x")
    _ = try rproc.read(until: #""event":"firmware""#)
    try rproc.output.fileHandleForReading.close()
    #expect(rproc.wait() == 0)
    #expect(try rproc.errors.fileHandleForReading.readToEnd() ?? Data() == Data())
  }

  @Test("The demo works from any folder")
  func anyFolder() throws {
    let rproc = try RprocProcess("demo")
    _ = try rproc.output.fileHandleForReading.readToEnd()
    #expect(rproc.wait() == 0)
  }

  @Test("F25 Fifty boots leave no thread and no descriptor behind")
  func nothingLeft() throws {
    func count(_ folder: String) throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count
    }
    let before = (threads: try count("task"), files: try count("fd"))
    let scratch = try Scratch()
    let path = try scratch.file("idle.elf", SmallImage(code: SmallImage.idleCode).bytes)
    for _ in 0..<50 {
      #expect(try CommandRun("run", path, "--timeout", "0.001").status == 75)
    }
    // Other tests run meanwhile, but none starts as much as fifty leaks would leave.
    let deadline = Date().addingTimeInterval(20)
    while try count("task") >= before.threads + 40 || count("fd") >= before.files + 40 {
      try #require(Date() < deadline, "threads or descriptors are left")
      sched_yield()
    }
  }
}
