import PlatformNull
import Remoteproc
import RprocCommands
import TestSupport
import Testing

// Images made for the rules themselves, each with what Linux does by them.
@Suite("Boots by the rules of Linux 6.1", .timeLimit(.minutes(5)))
struct LinuxVariantTests {
  private func check(_ variant: LinuxVariant) throws {
    let report = try variant.report()
    switch variant.expectation {
    case .faults: #expect(report.error != nil, "must be refused")
    case .refused(let errno, let bootAddress):
      #expect(report.errnoName == errno)
      #expect(report.bootAddress == bootAddress)
      #expect(report.state == "offline")
    case .runs(let expected): try check(report, variant, expected)
    }
  }

  private func check(
    _ report: BootReport, _ variant: LinuxVariant, _ expected: LinuxVariant.Running
  ) throws {
    #expect(report.error == nil)
    #expect(report.bootAddress == expected.bootAddress)
    #expect(report.state == "running")
    let carveouts = report.carveouts.map {
      "\($0.name) "
        + [$0.da, $0.pa ?? 0, $0.byteCount].map { String($0, radix: 16) }
        .joined(separator: " ")
    }
    #expect(carveouts == expected.carveouts)
    #expect(report.devices.map(\.status) == expected.status)
    #expect(
      Dictionary(uniqueKeysWithValues: report.kicks.map { ($0.id, $0.count) }) == expected.kicks)
    #expect(report.traces.map(\.text) == expected.traces)
    if report.error == nil, variant.image.elf.sections.isEmpty {
      #expect(report.table == (try variant.table(after: expected.changes)))
    }
    for (index, offset, bytes) in expected.bytes {
      let found = try #require(report.carveouts.count > index ? report.carveouts[index] : nil)
      #expect(memory(found, offset, bytes.count) == bytes)
    }
  }

  /// The bytes of `memory` by its lines that are not zero.
  private func memory(_ memory: BootReport.Memory, _ offset: Int, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(memory.byteCount))
    for line in memory.nonzero ?? [] {
      bytes.replaceSubrange(line.offset..<line.offset + line.bytes.count, with: line.bytes)
    }
    return Array(bytes[offset..<offset + count])
  }

  // Source: [LINUX-6.1] remoteproc: after a crash the same image is loaded and started again.
  @Test("After a crash and a recovery all is as before, and vring 0 was kicked once more")
  func recovery() throws {
    let variant = LinuxVariant(
      "two devices", VariantImage([VariantImage.vdev(), VariantImage.vdev(id: 99)]), .faults)
    var processor = RemoteProcessor(platform: try NullPlatform())
    let report = ReportRun.report(
      try variant.image.file(), on: &processor, options: BootOptions(profile: .linux),
      plan: ReportPlan(userCount: 2, crash: CrashReport(kind: .watchdog)),
      kicks: { $0.doorbell.all })
    let after = try #require(report.afterCrash.first)
    #expect(after.error == nil)
    #expect(after.state == "running")
    #expect(after.bootAddress == report.bootAddress)
    #expect(after.table == report.table)
    #expect(after.carveouts == report.carveouts)
    #expect(after.devices.map(\.status) == [7, 1])
    #expect(report.kicks.map(\.count) == [1])
    #expect(after.kicks.map(\.count) == [2])
    #expect(report.stateAfterStop == "offline")
    #expect(processor.platform.grantedByteCount == 0)
  }

  @Test("The file", arguments: LinuxVariant.files)
  func file(variant: LinuxVariant) throws { try check(variant) }

  @Test("Segments", arguments: LinuxVariant.segments)
  func segments(variant: LinuxVariant) throws { try check(variant) }

  @Test("Tables and entries", arguments: LinuxVariant.tables)
  func tables(variant: LinuxVariant) throws { try check(variant) }

  @Test("Memory with names", arguments: LinuxVariant.memories)
  func memories(variant: LinuxVariant) throws { try check(variant) }

  @Test("Virtio devices", arguments: LinuxVariant.devices)
  func devices(variant: LinuxVariant) throws { try check(variant) }

  @Test("Carveouts of virtio devices", arguments: LinuxVariant.carveoutsOfDevices)
  func carveoutsOfDevices(variant: LinuxVariant) throws { try check(variant) }

  @Test("Traces", arguments: LinuxVariant.traces)
  func traces(variant: LinuxVariant) throws { try check(variant) }
}
