import ELF
import PlatformNull
import Remoteproc
import RprocCommands
import Testing

@Suite("Boots like Linux 6.1", .enabled(if: LinuxReference.folder != nil, "no conformance folder"))
struct LinuxConformanceTests {
  /// Images that agree today; a change that lowers the number is a regression.
  private static let floor = 92

  private func boot(_ bytes: [UInt8], like linux: LinuxResult) throws -> BootReport {
    let vendorAnswer: VendorAnswer =
      switch linux.option("vendor_ret") {
      case nil: .ignored
      case 0?: .handled
      case let code?: code < 0 ? .refused(errno: -code) : .ignored
      }
    let platform = try NullPlatform(
      startErrno: linux.option("start_ret").flatMap { $0 < 0 ? -$0 : nil },
      vendorAnswer: vendorAnswer)
    var processor = RemoteProcessor(platform: platform)
    let options = BootOptions(
      profile: .linux, tableIsOptional: linux.option("rsc_optional") == 1)
    let report = ReportRun.report(bytes, on: &processor, options: options) { platform in
      platform.doorbell.all
    }
    #expect(processor.platform.grantedByteCount == 0, "\(linux.name) left memory behind")
    let calls = processor.platform.calls
    #expect(calls.prepare == calls.unprepare, "\(linux.name) left the platform prepared")
    return report
  }

  @Test("Every image that is there comes out as on Linux, or is listed with the reason")
  func images() throws {
    var agreeing = 0
    var skipped = 0
    let results = try LinuxReference.results()
    let names = Set(results.map(\.name))
    for linux in results {
      guard let bytes = LinuxReference.image(linux.name) else {
        // No such file is the command line's business, and tested there.
        #expect(linux.errno == "ENOENT", "\(linux.name)")
        skipped += 1
        continue
      }
      let report = try boot(bytes, like: linux)
      if linux.outcome == "kernel-crash" {
        #expect(report.error != nil, "\(linux.name): \(linux.about)")
      }
      // Linux read past the end of these, and what lay there happened to do no harm.
      if names.contains(linux.name.replacing(".elf", with: "-page.elf")) {
        #expect(report.error != nil, "\(linux.name): \(linux.about)")
        skipped += 1
        continue
      }
      let lines = ReportDifference.lines(report, linux)
      if lines.isEmpty { agreeing += 1 }
      for line in lines { print("\(linux.name) (\(linux.about)): \(line)") }
      if !lines.isEmpty, let error = report.error { print("  \(error)") }
    }
    print("conformance with Linux 6.1: \(agreeing) images agree, \(skipped) say nothing")
    #expect(agreeing >= Self.floor)
  }
}
