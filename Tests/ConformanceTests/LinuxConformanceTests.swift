import ELF
import PlatformNull
import Remoteproc
import RprocCommands
import Testing

@Suite("Boots like Linux 6.1", .enabled(if: LinuxReference.folder != nil, "no conformance folder"))
struct LinuxConformanceTests {
  /// Images that agree today; a change that lowers the number is a regression.
  private static let floor = 93

  /// Boots an image like the run that Linux was observed in; returns the report and lines about
  /// calls of the driver, counters and dumps that differ.
  private func boot(
    _ bytes: [UInt8], like linux: LinuxResult
  ) throws -> (report: BootReport, lines: [String]) {
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
    let kinds: [CrashKind] = [.mmuFault, .watchdog, .fatalError(code: 0)]
    let plan = ReportPlan(
      userCount: linux.option("twice") == 1 ? 2 : 1,
      crash: linux.option("crash").map { CrashReport(kind: kinds[Int($0) % kinds.count]) })
    var dump: [UInt8]?
    let report = ReportRun.report(
      bytes, on: &processor, options: options, plan: plan, kicks: { $0.doorbell.all },
      atCrash: { dump = LinuxDump.bytes(of: $0, image: bytes) })
    #expect(processor.platform.grantedByteCount == 0, "\(linux.name) left memory behind")
    let calls = processor.platform.calls
    #expect(calls.prepare == calls.unprepare, "\(linux.name) left the platform prepared")
    var lines: [String] = []
    if plan.crash == nil, let after = linux.ops_after, linux.outcome != "kernel-crash" {
      let ours =
        "prepare \(calls.prepare) start \(calls.start) stop \(calls.stop) "
        + "unprepare \(calls.unprepare)"
      if !after.hasPrefix(ours) { lines.append("calls: \(ours), on Linux \(after)") }
    }
    if let wanted = linux.crash?.coredump, wanted != dump.map(Hex.digits) {
      lines.append("dump: \(dump.map(Hex.digits) ?? "none"), on Linux \(wanted)")
    }
    return (report, lines)
  }

  @Test("Every image that is there comes out as on Linux, or is listed with the reason")
  func images() throws {
    var agreeing = 0
    var skipped = 0
    let results = try LinuxReference.results()
    let names = Set(results.map(\.name))
    for linux in results {
      guard let bytes = LinuxReference.image(linux.name) else {
        // No such file: only the command knows what that is.
        if try ReportOfCommand.agrees(onMissing: linux) { agreeing += 1 }
        continue
      }
      let (report, more) = try boot(bytes, like: linux)
      if linux.outcome == "kernel-crash" {
        #expect(report.error != nil, "\(linux.name): \(linux.about)")
      }
      // Linux read past the end of these, and what lay there happened to do no harm.
      if names.contains(linux.name.replacing(".elf", with: "-page.elf")) {
        #expect(report.error != nil, "\(linux.name): \(linux.about)")
        skipped += 1
        continue
      }
      var lines = ReportDifference.lines(report, linux) + more
      if let recovered = linux.recovered, var after = report.afterCrash.first {
        after.stateAfterStop = "offline"
        lines += ReportDifference.lines(after, recovered).map { "after the crash: \($0)" }
      }
      if lines.isEmpty { agreeing += 1 }
      for line in lines { print("\(linux.name) (\(linux.about)): \(line)") }
      if !lines.isEmpty, let error = report.error { print("  \(error)") }
    }
    print("conformance with Linux 6.1: \(agreeing) images agree, \(skipped) say nothing")
    #expect(agreeing >= Self.floor)
  }
}
