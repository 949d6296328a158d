import Foundation
import RprocCommands
import Testing

/// Runs a shell command line in which `$RPROC` is the built command.
private func shell(_ line: String) throws -> (status: Int32, output: String) {
  let executable = try RprocProcess.executable()
  let process = Process()
  let output = Pipe()
  process.executableURL = URL(fileURLWithPath: "/bin/sh")
  process.arguments = ["-c", line]
  var environment = ProcessInfo.processInfo.environment
  environment["RPROC"] = executable.path
  environment["ECHO"] = ShippedImage.echo.path
  process.environment = environment
  process.standardOutput = output
  try process.run()
  let data = try output.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

@Suite("Standard files that are closed or full")
struct StandardFileTests {
  @Test("A closed standard output is told, and is not the firmware's memory")
  func closedOutput() throws {
    // The messages go where standard output of the shell goes.
    let run = try shell(#""$RPROC" demo 2>&1 >&-"#)
    #expect(run.status == 74)
    #expect(run.output.contains("cannot write standard output"))
    #expect(!run.output.contains("crashed"))
  }

  @Test("Without any standard file the firmware runs as ever")
  func nothingOpen() throws {
    let run = try shell(#""$RPROC" demo <&- 2>&-"#)
    #expect(run.status == 0)
    #expect(run.output.contains("100 messages answered, 0 lost"))
    #expect(try shell(#""$RPROC" demo <&- >&- 2>&-"#).status == 74)
  }

  @Test("A ping whose output cannot be written ends at once, with 74")
  func fullPing() throws {
    let run = try shell(#""$RPROC" ping "$ECHO" --json 2>&1 >/dev/full"#)
    #expect(run.status == 74)
    #expect(!run.output.contains("did not appear"))
  }

  @Test("The end of the terminal stops the core cleanly")
  func hangUp() throws {
    let script =
      #"mkfifo "$D/f"; "$RPROC" run "$ECHO" --json --timeout 60 > "$D/f" & P=$!; "#
      + #"{ while read -r x; do case "$x" in *'"channel"'*created*) kill -HUP $P;; esac; "#
      + #"echo "$x"; done; } < "$D/f"; wait $P"#
    let scratch = try Scratch()
    let run = try shell("D='\(scratch.path)'; \(script)")
    #expect(run.status == 130)
    #expect(run.output.contains(#""event":"summary""#))
  }

  @Test("A reader that stands still does not keep a run from stopping")
  func stalledReader() throws {
    let rproc = try RprocProcess(
      "run", ShippedImage.echo.path, "--json", "--service", "rpmsg-echo=echo")
    let output = rproc.output.fileHandleForReading.fileDescriptor
    // Full when its size does not change any more: events come without end.
    var last: CInt = -1
    let deadline = Date().addingTimeInterval(20)
    while true {
      var count: CInt = 0
      #expect(ioctl(output, UInt(FIONREAD), &count) == 0)
      if count > 16_000 && count == last { break }
      try #require(Date() < deadline, "the pipe does not fill: \(count) bytes")
      last = count
      usleep(20_000)
    }
    #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
    #expect(rproc.wait() == 130)
  }
}
