import Foundation
import Glibc
import RprocCommands
import Testing

@Suite("rproc run --report")
struct ReportTests {
  @Test("An image that is not there has a report as well, and ends with 66")
  func missing() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/none.elf"
    let run = try CommandRun(
      "run", path, "--report", "--board", "null", "--compat", "linux")
    #expect(run.status == 66)
    #expect(run.errors.contains("No such file"))
    let report = try #require(try run.objects().first)
    #expect(run.lines.count == 1)
    #expect(report["outcome"] as? String == "rejected")
    #expect(report["errno"] as? String == "ENOENT")
    #expect(report["bootaddr"] as? String == "0x0")
    #expect(report["state"] as? String == "offline")
    let error = try #require(report["error"] as? [String: Any])
    #expect(error["case"] as? String == "RemoteprocError.firmware")
  }

  @Test("An error is told by the name of its case, also one that carries nothing")
  func caseNames() throws {
    let scratch = try Scratch()
    var bytes = SmallImage().bytes
    let name = Array(".resource_table".utf8)
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
    bytes[start] = UInt8(ascii: "_")
    let path = try scratch.file("bare.elf", bytes)
    let run = try CommandRun("run", path, "--report", "--board", "null")
    #expect(run.status == 65)
    let report = try #require(try run.objects().first)
    let error = try #require(report["error"] as? [String: Any])
    #expect(error["case"] as? String == "RemoteprocError.noResourceTable")
    #expect(report["errno"] as? String == "EINVAL")
  }
}
