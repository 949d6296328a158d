import Coredump
import Foundation
import TestSupport
import Testing
import WireTypes

@Suite("Core dumps of rproc run")
struct CoredumpCommandTests {
  private func run(_ text: String, _ arguments: [String]) throws -> CommandRun {
    try CommandRun(
      arguments: [
        "run", ShippedImage.crash.path, "--json", "--timeout", "60", "--send",
        "rpmsg-crash=\(text)",
      ] + arguments)
  }

  private func event(_ name: String, _ run: CommandRun) throws -> [String: Any] {
    try #require(try run.objects().first { $0["event"] as? String == name }, "\(run.output)")
  }

  @Test(
    "A crash is written, told as an event, and ends with 70 as without",
    arguments: ["wild", "illegal", "fatal", "loop"])
  func crash(text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/crash.core"
    let run = try run(text, ["--coredump", path])
    #expect(run.status == 70, "\(run.errors)")
    let event = try event("coredump", run)
    #expect(event["path"] as? String == path)
    var status = stat()
    try #require(stat(path, &status) == 0)
    #expect(event["byteCount"] as? Int == Int(status.st_size))
    #expect(try #require(event["written"] as? Int) < 1 << 20)
    #expect(event["unreadable"] as? Int == 0)
    let reader = try CoredumpReader(path: path)
    #expect(event["segments"] as? Int == reader.segments.count)
    let crash = try self.event("crash", run)
    #expect(reader.facts["crash"] == crash["kind"] as? String)
    #expect(reader.facts["pc"] == crash["pc"] as? String)
    #expect(reader.facts["image"] == "crash.elf")
    #expect(reader.facts["board"] == "virt-rv32")
    #expect(reader.facts["sha256"]?.count == 64)
    // Registers of the program, not of its trap handler.
    #expect(reader.registers.first?.pc.description == crash["pc"] as? String)
    let trace = try #require(reader.traces.first)
    #expect(String(decoding: trace.text, as: UTF8.self).contains("crash: "))
    #expect(reader.memoryMap?.regions.reduce(0) { $0 + $1.segment.byteCount } == 16 << 20)
    #expect(reader.table?.bytes.first == 1)
  }

  @Test("A folder is made, and gets a dump with a name of ours for each crash")
  func folder() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/dumps/"
    for _ in 0..<2 { #expect(try run("fatal", ["--coredump", path]).status == 70) }
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    #expect(names.count == 2)
    #expect(names.allSatisfy { $0.hasPrefix("rproc-") && $0.hasSuffix(".core") })
  }

  @Test("Each recovery of a crash loop dumps first, and dumps are kept within the quota")
  func recovery() throws {
    let folder = try TemporaryFolder()
    let run = try run("fatal", ["--coredump", folder.path, "--recovery", "once"])
    #expect(run.status == 70, "\(run.errors)")
    let kinds = try run.objects().compactMap { $0["event"] as? String }
    #expect(kinds.filter { $0 == "coredump" }.count == 2)
    let dump = try #require(kinds.firstIndex(of: "coredump"))
    let crash = try #require(kinds.firstIndex(of: "crash"))
    let recovery = try #require(kinds.firstIndex(of: "recovery"))
    #expect(crash < dump && dump < recovery)
    #expect(try folder.names().count == 2)
  }

  @Test("Firmware that does not crash leaves no dump")
  func noCrash() throws {
    let folder = try TemporaryFolder()
    let run = try CommandRun(
      "run", ShippedImage.sampleClient.path, "--until-exit", "--timeout", "60", "--coredump",
      folder.path)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try folder.names().isEmpty)
  }

  @Test("A file that exists, and a folder that cannot be had, are told before anything boots")
  func refused() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/taken"
    try Data("keep".utf8).write(to: URL(fileURLWithPath: file))
    let taken = try run("fatal", ["--coredump", file])
    #expect(taken.status == 64)
    #expect(taken.errors.contains("the file exists"))
    #expect(try folder.bytes("taken") == Array("keep".utf8))
    let blocked = try run("fatal", ["--coredump", file + "/"])
    #expect(blocked.status == 64)
    #expect(!blocked.output.contains(#""event":"state""#))
    #expect(try run("fatal", ["--coredump-form", "zip"]).status == 64)
  }

  @Test(
    "C08: a disk that is really full is an error in the events, and recovery goes on",
    .enabled(if: TinyDisk.isPossible, "no right to mount a file system"))
  func fullDisk() throws {
    let disk = try #require(try TinyDisk(byteCount: 16 << 10))
    let run = try run("fatal", ["--coredump", disk.path, "--recovery", "once"])
    #expect(run.status == 70)
    let error = try event("error", run)
    #expect(error["kind"] as? String == "RemoteprocError.coredump")
    #expect((error["message"] as? String)?.contains("errno 28") == true, "\(error)")
    #expect(error["errno"] as? Int == 28)
    let kinds = try run.objects().compactMap { $0["event"] as? String }
    #expect(kinds.contains("recovery"))
    #expect(kinds.filter { $0 == "crash" }.count == 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
  }

  @Test("inspect shows what a dump says, in tables and as JSON")
  func inspect() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/crash.core"
    _ = try run("wild", ["--coredump", path])
    let text = try CommandRun("inspect", path)
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.lines.first == "crash.core   core dump, ELF32 riscv   entry 0x80000000")
    for part in [
      "FACTS", "REGISTERS", "TRACE", "crash: storing through",
      "MEMORY", "vdev0vring0", "RESOURCE TABLE", "rpmsg",
    ] { #expect(text.output.contains(part), "no \(part) in\n\(text.output)") }
    #expect(text.lines.contains { $0.split(separator: " ") == ["crash", "busfault"] })
    let json = try #require(try CommandRun("inspect", path, "--json").objects().first)
    #expect(json["type"] as? String == "core")
    let facts = try #require(json["facts"] as? [[String: String]])
    #expect(facts.contains(["key": "state", "value": "crashed"]))
    let registers = try #require(json["registers"] as? [[String: String]])
    #expect(registers.first?.count == 32)
    #expect((json["memory"] as? [[String: Any]])?.isEmpty == false)
    #expect((json["table"] as? [String: Any])?["version"] as? Int == 1)
    // What Linux writes has no notes.
    let plain = folder.path + "/plain.core"
    _ = try run("fatal", ["--coredump", plain, "--coredump-form", "linux"])
    let linux = try CommandRun("inspect", plain)
    #expect(linux.status == 0)
    #expect(linux.output.contains("MEMORY") && !linux.output.contains("FACTS"))
  }

  @Test("inspect of a dump whose notes lie is refused with the offset")
  func badDump() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/crash.core"
    _ = try run("fatal", ["--coredump", path])
    var bytes = try folder.bytes("crash.core")
    // The size of the first note.
    let start = Int(bytes[56]) | Int(bytes[57]) << 8
    bytes[start + 7] = 0xff
    let bad = folder.path + "/bad.core"
    try Data(bytes).write(to: URL(fileURLWithPath: bad))
    let run = try CommandRun("inspect", bad)
    #expect(run.status == 65)
    #expect(run.errors.contains("truncated"), "\(run.errors)")
  }
}
