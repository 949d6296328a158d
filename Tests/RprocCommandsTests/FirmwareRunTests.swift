import Foundation
import RprocCommands
import Testing

@Suite("Commands with real firmware")
struct FirmwareRunTests {
  @Test("demo ends well, and tells what a newcomer wants to see")
  func demo() throws {
    let run = try CommandRun("demo")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lines.first?.hasPrefix("virt-rv32   sample-client.elf   ELF32 riscv   ") == true)
    for text in [
      "state     offline -> running", "channel   rpmsg-client-sample, remote 0x400",
      #"message   #1   "hello world!"   from 0x400"#,
      #"message   #100 "hello world!"   from 0x400"#, "goodbye!", "exit      code 0",
      "state     running -> offline",
    ] { #expect(run.output.contains(text), "no \(text)") }
    #expect(!run.output.contains("#50"))
    #expect(run.lines.last?.hasPrefix("100 messages answered, 0 lost   round trip p50 ") == true)
    #expect(run.lines.last?.hasSuffix(" MIPS") == true)
    #expect(run.errors.isEmpty)
  }

  @Test("demo --json gives every event with its fields, in the order of time")
  func demoJSON() throws {
    let run = try CommandRun("demo", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let objects = try run.objects()
    let times = objects.compactMap { $0["t"] as? Double }
    #expect(times.count == objects.count)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    let messages = objects.filter { $0["event"] as? String == "message" }
    #expect(messages.filter { $0["direction"] as? String == "received" }.count == 100)
    #expect(messages.allSatisfy { $0["channel"] as? String == "rpmsg-client-sample" })
    #expect(messages.allSatisfy { $0["len"] as? Int == 12 })
    let summary = try #require(objects.last)
    #expect(summary["event"] as? String == "summary")
    #expect(summary["messages"] as? Int == 100)
    #expect(summary["bytes"] as? Int == 1200)
    #expect(summary["lost"] as? Int == 0)
    #expect(try #require(summary["p50_ns"] as? Int) > 0)
    #expect(try #require(summary["instructions"] as? Int) > 10_000)
  }

  @Test("A table of version 0 boots and talks; read as version 1 it is refused")
  func tableVersionZero() throws {
    let path = ShippedImage.echoV0.path
    for arguments in [[], ["--table-version", "0"]] {
      let run = try CommandRun(arguments: ["ping", path, "--count", "200"] + arguments)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("200"))
    }
    for command in [["ping", path], ["run", path, "--report"]] {
      let run = try CommandRun(arguments: command + ["--table-version", "1"])
      #expect(run.status == 65)
      #expect(run.errors.contains("resource table version 0"))
    }
  }

  @Test("run --json --timeout prints the events of the contract, and ends with 75")
  func runTimeout() throws {
    let run = try CommandRun(
      "run", ShippedImage.echo.path, "--json", "--timeout", "0.5")
    #expect(run.status == 75)
    let objects = try run.objects()
    let kinds = Set(objects.compactMap { $0["event"] as? String })
    #expect(kinds.isSuperset(of: ["state", "firmware", "resource", "channel", "trace", "summary"]))
    let states = objects.filter { $0["event"] as? String == "state" }
    #expect(states.map { $0["to"] as? String } == ["running", "offline"])
    let firmware = try #require(objects.first)
    #expect(firmware["format"] as? String == "ELF32")
    #expect(firmware["entry"] as? String == "0x80000000")
    #expect((firmware["sha256"] as? String)?.count == 64)
    #expect(run.errors.contains("stopped after 0.500 s"))
  }

  @Test(
    "Each crash is told with kind, pc and the last trace lines, and ends with 70",
    arguments: [
      ("wild", "busfault"), ("illegal", "illegal-instruction"), ("fatal", "fatal-error 0xc0de"),
      ("loop", "watchdog"),
    ])
  func crash(text: String, kind: String) throws {
    let run = try CommandRun(
      "run", ShippedImage.crash.path, "--json", "--timeout", "60", "--send",
      "rpmsg-crash=\(text)")
    #expect(run.status == 70, "\(run.errors)")
    let objects = try run.objects()
    let crash = try #require(objects.first { $0["event"] as? String == "crash" })
    #expect(crash["kind"] as? String == kind)
    #expect((crash["pc"] as? String)?.hasPrefix("0x8000") == true)
    #expect((crash["symbol"] as? String)?.isEmpty == false)
    let trace = try #require(crash["trace"] as? [String])
    #expect(trace.contains { $0.hasPrefix("crash: ") })
    #expect(run.errors.contains("crashed: \(kind)   pc 0x8000"))
    #expect(run.errors.contains("last trace lines:\nrproc:   crash: waiting for the host"))
    let states = objects.filter { $0["event"] as? String == "state" }
    #expect(states.map { $0["to"] as? String } == ["running", "crashed", "offline"])
  }

  @Test(
    "ping loses nothing, interrupts or polling",
    arguments: [(ShippedImage.echo, 1), (.echo, 32), (.echoPoll, 1)])
  func ping(image: ShippedImage, window: Int) throws {
    let run = try CommandRun(
      "ping", image.path, "--count", "2000", "--size", "64", "--window", "\(window)", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let summary = try #require(try run.objects().last)
    #expect(summary["messages"] as? Int == 2000)
    #expect(summary["bytes"] as? Int == 128_000)
    #expect(summary["lost"] as? Int == 0)
    #expect(summary["wrong"] as? Int == 0)
    #expect(try #require(summary["rate"] as? Double) > 0)
    let percentiles = ["p50_ns", "p90_ns", "p99_ns", "max_ns"].compactMap { summary[$0] as? Int }
    #expect(percentiles.count == 4)
    #expect(percentiles == percentiles.sorted())
  }

  @Test("ping of firmware without that channel ends with 75")
  func pingWithoutChannel() throws {
    let run = try CommandRun("ping", ShippedImage.crash.path, "--timeout", "0.2")
    #expect(run.status == 75)
    #expect(run.errors.contains("channel rpmsg-echo did not appear within 0.2 s"))
  }

  @Test("ping with messages that no buffer carries is a usage error")
  func pingTooLong() throws {
    let run = try CommandRun("ping", ShippedImage.echo.path, "--size", "497")
    #expect(run.status == 64)
    #expect(run.errors.contains("497"))
    #expect(try CommandRun("ping", ShippedImage.echo.path, "--size", "496").status == 0)
  }

  @Test("--send says more than there are buffers for")
  func sendMany() throws {
    let sends = (0..<300).flatMap { ["--send", "rpmsg-echo=\($0)"] }
    let run = try CommandRun(
      arguments: ["run", ShippedImage.echo.path, "--json", "--timeout", "2"] + sends)
    let objects = try run.objects()
    let answers = objects.filter { $0["direction"] as? String == "received" }
    #expect(answers.compactMap { $0["text"] as? String } == (0..<300).map(String.init))
    #expect(!objects.contains { $0["event"] as? String == "error" })
  }

  @Test("--send says something, and shows what comes back")
  func send() throws {
    let run = try CommandRun(
      "run", ShippedImage.echo.path, "--json", "--timeout", "0.5", "--send", "rpmsg-echo=one",
      "--send", "rpmsg-echo=t=w\u{1b}o")
    let messages = try run.objects().filter { $0["event"] as? String == "message" }
    let received = messages.filter { $0["direction"] as? String == "received" }
    #expect(received.map { $0["text"] as? String } == ["one", "t=w\u{1b}o"])
  }

  @Test("--service chooses who serves a channel")
  func service() throws {
    let run = try CommandRun(
      "run", ShippedImage.sampleClient.path, "--json", "--until-exit", "--timeout", "30",
      "--service", "rpmsg-client-sample=sample")
    #expect(run.status == 0, "\(run.errors)")
    let none = try CommandRun(
      "run", ShippedImage.sampleClient.path, "--json", "--timeout", "0.3", "--service", "x=echo")
    #expect(none.status == 75)
    #expect(!none.output.contains(#""event":"message""#))
    let printed = try CommandRun(
      "run", ShippedImage.echo.path, "--json", "--timeout", "0.3", "--service",
      "rpmsg-echo=print")
    #expect(printed.output.contains(#""len":0,"direction":"received","text":"""#))
  }

  @Test("--trace leaves only the firmware's log on standard output")
  func plainTrace() throws {
    let run = try CommandRun(
      "run", ShippedImage.sampleClient.path, "--trace", "--timeout", "30")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lines.first == "sample client: waiting for the host")
    #expect(run.lines.last == "sample client: 100 messages answered, goodbye!")
    #expect(run.errors.contains("running -> offline"))
  }

  @Test("Firmware that never sets up its device ends with 75")
  func idle() throws {
    let scratch = try Scratch()
    let path = try scratch.file("idle.elf", SmallImage(code: SmallImage.idleCode).bytes)
    let run = try CommandRun("run", path, "--timeout", "0.1")
    #expect(run.status == 75, "\(run.errors)")
  }

  @Test("The report is one JSON object, for what runs and for what is refused")
  func report() throws {
    let scratch = try Scratch()
    let good = try scratch.file("good.elf", SmallImage().bytes)
    let run = try CommandRun("run", good, "--report", "--board", "null", "--compat", "linux")
    #expect(run.status == 0)
    let report = try #require(try run.objects().first)
    #expect(report["outcome"] as? String == "running")
    #expect(report["stateAfterStop"] as? String == "offline")
    #expect((report["kicks"] as? [String: Int]) == ["0": 1])
    #expect(((report["vdevs"] as? [[String: Any]])?.first?["status"] as? Int) == 7)
    let bad = try scratch.file("bad.elf", SmallImage(table: [9, 9, 9]).bytes)
    let refused = try CommandRun("run", bad, "--report", "--board", "null", "--json")
    #expect(refused.status == 65)
    #expect(try refused.objects().first?["outcome"] as? String == "rejected")
    #expect(refused.lines.count == 1)
  }

  @Test("--recovery once starts again after the first crash, and ends with 70 after the second")
  func recoveryOnce() throws {
    let run = try CommandRun(
      "run", ShippedImage.crash.path, "--json", "--timeout", "60", "--recovery", "once", "--send",
      "rpmsg-crash=wild")
    #expect(run.status == 70, "\(run.errors)")
    let objects = try run.objects()
    let states = objects.filter { $0["event"] as? String == "state" }.map { $0["to"] as? String }
    #expect(states == ["running", "crashed", "running", "crashed", "offline"])
    let recoveries = objects.filter { $0["event"] as? String == "recovery" }
    #expect(recoveries.map { $0["number"] as? Int } == [1])
    let crashes = objects.filter { $0["event"] as? String == "crash" }
    #expect(crashes.count == 2)
    // The second crash is told with the text of its own run only.
    #expect((crashes.last?["trace"] as? [String])?.count == 5)
  }

  @Test("--recovery on goes on until the time is over")
  func recoveryOn() throws {
    let run = try CommandRun(
      "run", ShippedImage.crash.path, "--timeout", "1", "--recovery", "on", "--send",
      "rpmsg-crash=fatal")
    #expect(run.status == 75, "\(run.errors)")
    #expect(run.output.contains("recovery  of crash 1 at once"))
    #expect(run.output.contains("state     crashed -> running"))
  }
}
