import Foundation
import RprocCommands

/// The report that `rproc run --report --board null --compat linux` prints.
struct ReportOfCommand: Decodable {
  let outcome: String
  let errno: String
  let bootaddr: String
  let state: String
  let stateAfterStop: String

  /// Whether the command says of an image that is not there what Linux said.
  static func agrees(onMissing linux: LinuxResult) throws -> Bool {
    let path = NSTemporaryDirectory() + "rproc-conformance-\(UUID().uuidString)"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let output = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    let null = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/null"))
    let context = CommandContext(
      output: output.fileDescriptor, errors: null.fileDescriptor, environment: [:])
    let image = NSTemporaryDirectory() + linux.name
    _ = RprocTool.run(
      ["run", image, "--report", "--board", "null", "--compat", "linux"], context: context)
    let text = FileManager.default.contents(atPath: path) ?? Data()
    let report = try JSONDecoder().decode(Self.self, from: text)
    return report.outcome == linux.outcome && report.errno == linux.errno
      && report.bootaddr == linux.bootaddr && report.state == linux.state
      && report.stateAfterStop == linux.state_after
  }
}
