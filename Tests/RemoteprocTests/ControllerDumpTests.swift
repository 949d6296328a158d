import Coredump
import Foundation
import Remoteproc
import Scheduling
import TestSupport
import Testing
import WireTypes

@Suite("Dumps by a controller", .timeLimit(.minutes(2)))
struct ControllerDumpTests {
  private static let crash = CrashReport(kind: .mmuFault, pc: device(4), address: device(8))

  private func controller(
    _ policy: CoredumpPolicy, _ pool: WorkerPool
  ) throws -> ProcessorController<TestPlatform> {
    ProcessorController(
      name: "dsp", platform: try TestPlatform(),
      inbox: NotificationDispatcher(pool: pool).makeInbox(), pool: pool,
      provider: FixedFirmware(try TestFirmware([TestFirmware.rpmsg()]).build()),
      options: ControlOptions(coredump: policy))
  }

  /// What is told of dumps and states after a crash, until the processor runs and the dump is told.
  private func crash(
    _ controller: ProcessorController<TestPlatform>
  ) async throws -> [ControlEvent] {
    try await controller.boot()
    let events = controller.events()
    await controller.reportCrash(Self.crash)
    var dumps = 0
    var runs = 0
    return await collect(events) { event in
      switch event {
      case .dumped, .dumpFailed: dumps += 1
      case .state(_, to: .running): runs += 1
      default: break
      }
      return dumps == 1 && runs == 1
    }
  }

  @Test("Inline: the dump is there before the processor starts again")
  func inline() async throws {
    let folder = try TemporaryFolder()
    let pool = WorkerPool(name: "control", threadCount: 2)
    let target = CoredumpTarget.folder(try CoredumpFolder(path: folder.path, prefix: "dsp"))
    let controller = try controller(CoredumpPolicy(mode: .inline, target: target), pool)
    let events = try await crash(controller)
    let dumped = try #require(events.firstIndex { if case .dumped = $0 { true } else { false } })
    let running = try #require(
      events.firstIndex { if case .state(_, to: .running) = $0 { true } else { false } })
    #expect(dumped < running)
    guard case .dumped(let report, let path?) = events[dumped] else { return }
    let reader = try CoredumpReader(path: path)
    #expect(reader.segments.count == report.segmentCount)
    #expect(reader.facts["crash"] == "mmufault")
    try await controller.shutdown()
  }

  @Test("Copied: the processor starts again, and the dump is written from the copy")
  func copied() async throws {
    let folder = try TemporaryFolder()
    let pool = WorkerPool(name: "control", threadCount: 2)
    let path = folder.path + "/dump"
    let controller = try controller(
      CoredumpPolicy(mode: .copied, target: .file(path: path)), pool)
    let events = try await crash(controller)
    #expect(events.contains { if case .dumped(_, path: path) = $0 { true } else { false } })
    #expect(try CoredumpReader(path: path).facts["state"] == "crashed")
    try await controller.shutdown()
  }

  @Test(
    "C08: a dump that fails is told, and recovery goes on",
    arguments: [CoredumpMode.inline, .copied])
  func fails(mode: CoredumpMode) async throws {
    let pool = WorkerPool(name: "control", threadCount: 2)
    let controller = try controller(
      CoredumpPolicy(mode: mode, target: .file(path: "/nowhere/at/all")), pool)
    let events = try await crash(controller)
    #expect(
      events.contains(
        .dumpFailed(.coredump(.system(.openFolder, errno: ENOENT, offset: nil)))))
    #expect(await controller.state == .running)
    try await controller.shutdown()
  }

  @Test("The mode can be changed between crashes; off dumps nothing")
  func mode() async throws {
    let folder = try TemporaryFolder()
    let pool = WorkerPool(name: "control", threadCount: 2)
    let target = CoredumpTarget.folder(try CoredumpFolder(path: folder.path, prefix: "dsp"))
    let controller = try controller(CoredumpPolicy(target: target), pool)
    try await controller.boot()
    await controller.reportCrash(Self.crash)
    #expect(await controller.coredump == .off)
    #expect(try folder.names().isEmpty)
    try await controller.write(Array("inline".utf8), to: .sysfs(.coredump))
    #expect(await controller.coredump == .inline)
    await controller.reportCrash(Self.crash)
    #expect(try folder.names().count == 1)
    try await controller.shutdown()
  }
}
