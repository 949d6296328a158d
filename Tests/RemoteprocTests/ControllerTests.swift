import Foundation
import Remoteproc
import Scheduling
import TestSupport
import Testing
import Virtio
import WireTypes

/// Firmware by name, counted.
final class TestProvider: FirmwareProvider {
  private let state = Guarded<(images: [String: ELFFirmware], loads: Int)>((images: [:], loads: 0))

  init(_ images: [String: ELFFirmware]) { state.withLock { $0.images = images } }

  var loadCount: Int { state.withLock { $0.loads } }

  func firmware(named name: String) throws(RemoteprocError) -> any FirmwareFormat {
    let image = state.withLock { state in
      state.loads += 1
      return state.images[name]
    }
    guard let image else { throw .firmware(name: name, errno: 2) }
    return image
  }
}

/// A controller on a ``TestPlatform``, and the ends that a test holds.
struct ControllerBench {
  let pool = WorkerPool(name: "control", threadCount: 2)
  let inbox: ProcessorInbox
  let script: PlatformScript
  let provider: TestProvider
  let controller: ProcessorController<TestPlatform>
  let states: CrashStates

  init(
    name: String = "dsp", recovery: RecoveryPolicy = RecoveryPolicy(), autoBoot: Bool = false,
    _ change: (inout TestPlatform) -> Void = { _ in }
  ) throws {
    var platform = try TestPlatform()
    change(&platform)
    script = platform.script
    inbox = NotificationDispatcher(pool: pool).makeInbox()
    provider = TestProvider([
      "rproc-\(name)-fw": try TestFirmware([TestFirmware.rpmsg()]).build(),
      "other": try TestFirmware([TestFirmware.rpmsg(id: 3), TestFirmware.rpmsg()]).build(),
    ])
    let crashes = CrashStates()
    states = crashes
    controller = ProcessorController(
      name: name, platform: platform, inbox: inbox, pool: pool, provider: provider,
      options: ControlOptions(recovery: recovery, bootsAutomatically: autoBoot),
      crashHandler: { processor, _ in crashes.add(processor.state) })
  }

  /// The states in which the crash handler saw the processor.
  final class CrashStates: Sendable {
    private let states = Guarded<[ProcessorState]>([])
    func add(_ state: ProcessorState) { states.withLock { $0.append(state) } }
    var all: [ProcessorState] { states.withLock { $0 } }
  }
}

/// Reads events until one that `isLast` accepts.
func collect(
  _ events: AsyncStream<ControlEvent>, until isLast: (ControlEvent) -> Bool
) async -> [ControlEvent] {
  var seen: [ControlEvent] = []
  for await event in events {
    seen.append(event)
    if isLast(event) { break }
  }
  return seen
}

@Suite("Control of a processor", .timeLimit(.minutes(2)))
struct ControllerTests {
  static let crash = CrashReport(kind: .busFault, pc: device(4), address: device(8))

  private func error<Result>(
    _ body: () async throws(RemoteprocError) -> Result
  ) async -> RemoteprocError? {
    do throws(RemoteprocError) {
      _ = try await body()
      return nil
    } catch { return error }
  }

  @Test("Boots and shutdowns are counted; a redundant shutdown is an error")
  func power() async throws {
    let bench = try ControllerBench()
    try await bench.controller.boot()
    try await bench.controller.boot()
    #expect(bench.provider.loadCount == 1, "only the first boot loads")
    #expect(await bench.controller.userCount == 2)
    try await bench.controller.shutdown()
    #expect(await bench.controller.state == .running)
    try await bench.controller.shutdown()
    #expect(await bench.controller.state == .offline)
    let refusal = await error { () async throws(RemoteprocError) in
      try await bench.controller.shutdown()
    }
    #expect(refusal == .illegalTransition(.shutdown, from: .offline))
  }

  @Test("Firmware is changed only while offline; a newline is no part of its name")
  func firmware() async throws {
    let bench = try ControllerBench()
    #expect(await bench.controller.firmwareName == "rproc-dsp-fw")
    try await bench.controller.setFirmware("other\n")
    #expect(await bench.controller.firmwareName == "other")
    let empty = await error { () async throws(RemoteprocError) in
      try await bench.controller.setFirmware("\n")
    }
    #expect(empty == .emptyFirmwareName)
    #expect(empty?.errnoName == "EINVAL")
    try await bench.controller.boot()
    let busy = await error { () async throws(RemoteprocError) in
      try await bench.controller.setFirmware("more")
    }
    #expect(busy == .illegalTransition(.changeFirmware, from: .running))
    #expect(busy?.errnoName == "EBUSY")
    try await bench.controller.shutdown()
    try await bench.controller.setFirmware("missing")
    let missing = await error { () async throws(RemoteprocError) in
      try await bench.controller.boot()
    }
    #expect(missing == .firmware(name: "missing", errno: 2))
    #expect(missing?.errnoName == "ENOENT")
    #expect(await bench.controller.state == .offline)
  }

  @Test("A crash that the platform reports is looked at standing still, and recovered from")
  func recovery() async throws {
    let bench = try ControllerBench()
    let events = bench.controller.events()
    try await bench.controller.boot()
    try await bench.controller.boot()
    bench.inbox.report(.crash(Self.crash))
    let seen = await collect(events) { $0 == .state(from: .crashed(Self.crash), to: .running) }
    #expect(
      seen == [
        .state(from: .offline, to: .running),
        .state(from: .running, to: .crashed(Self.crash)),
        .recovering(number: 1, after: .zero),
        .state(from: .crashed(Self.crash), to: .running),
      ])
    #expect(bench.states.all == [.crashed(Self.crash)])
    #expect(await bench.controller.userCount == 2)
    #expect(bench.provider.loadCount == 1, "recovery boots the bytes it booted before")
    let history = await bench.controller.crashHistory
    #expect(history.totalCount == 1)
    guard case .recovered = history.newest?.outcome else {
      Issue.record("outcome \(String(describing: history.newest?.outcome))")
      return
    }
  }

  @Test("With recovery off it stays crashed, can be recovered by hand, and can be stopped")
  func recoveryOff() async throws {
    let bench = try ControllerBench(recovery: RecoveryPolicy(mode: .disabled))
    try await bench.controller.boot()
    await bench.controller.reportCrash(Self.crash)
    #expect(await bench.controller.state == .crashed(Self.crash))
    #expect(await bench.controller.crashHistory.newest?.outcome == .left)
    try await bench.controller.recover()
    #expect(await bench.controller.state == .running)
    await bench.controller.reportCrash(Self.crash)
    try await bench.controller.shutdown()
    #expect(await bench.controller.state == .offline)
    let refusal = await error { () async throws(RemoteprocError) in
      try await bench.controller.recover()
    }
    #expect(refusal == .illegalTransition(.recover, from: .offline))
  }

  @Test("Once means the next crash only")
  func once() async throws {
    let bench = try ControllerBench(recovery: RecoveryPolicy(mode: .once))
    try await bench.controller.boot()
    await bench.controller.reportCrash(Self.crash)
    #expect(await bench.controller.state == .running)
    #expect(await bench.controller.recovery.mode == .disabled)
    await bench.controller.reportCrash(Self.crash)
    #expect(await bench.controller.state == .crashed(Self.crash))
  }

  @Test("A crash loop is given up, and a stop or a boot afterwards works")
  func crashLoop() async throws {
    let bench = try ControllerBench(
      recovery: RecoveryPolicy(backOff: .milliseconds(1), limit: 3))
    let events = bench.controller.events()
    try await bench.controller.boot()
    var recoveries = 0
    for _ in 0..<4 {
      await bench.controller.reportCrash(Self.crash)
      let seen = await collect(events) { event in
        switch event {
        case .state(_, to: .running), .gaveUp: true
        default: false
        }
      }
      recoveries += seen.count { if case .recovering = $0 { true } else { false } }
      if seen.contains(.state(from: .offline, to: .running)) {
        // The first look only saw the boot; look again for the recovery.
        _ = await collect(events) { $0 == .state(from: .crashed(Self.crash), to: .running) }
      }
    }
    #expect(await bench.controller.state == .crashed(Self.crash))
    #expect(await bench.controller.crashHistory.newest?.outcome == .gaveUp)
    #expect(recoveries >= 2)
    try await bench.controller.shutdown()
    try await bench.controller.boot()
    #expect(await bench.controller.state == .running)
  }

  @Test("A recovery that fails leaves it offline, noted and told")
  func failingRecovery() async throws {
    let bench = try ControllerBench()
    try await bench.controller.boot()
    let events = bench.controller.events()
    // stop, prepare, first allocation
    bench.script.fail(at: 2)
    await bench.controller.reportCrash(Self.crash)
    let error = RemoteprocError.platform(.system(.allocate, errno: 5))
    let seen = await collect(events) { $0 == .recoveryFailed(error) }
    #expect(seen.contains(.recoveryFailed(error)))
    #expect(await bench.controller.state == .offline)
    #expect(await bench.controller.crashHistory.newest?.outcome == .failed(error))
  }

  @Test("A stop during the wait before a restart wins")
  func stopDuringBackOff() async throws {
    let bench = try ControllerBench(
      recovery: RecoveryPolicy(backOff: .milliseconds(30), limit: 100))
    try await bench.controller.boot()
    await bench.controller.reportCrash(Self.crash)
    await bench.controller.reportCrash(Self.crash)
    #expect(await bench.controller.state == .crashed(Self.crash))
    try await bench.controller.shutdown()
    try await bench.controller.boot()
    let starts = bench.script.calls.count { $0.hasPrefix("start") }
    // The wait passes while a third crash of the new run is recovered from.
    let events = bench.controller.events()
    await bench.controller.reportCrash(Self.crash)
    _ = await collect(events) { $0 == .state(from: .crashed(Self.crash), to: .running) }
    #expect(bench.script.calls.count { $0.hasPrefix("start") } == starts + 1)
  }

  @Test("A user who leaves during the wait does not end the recovery of the others")
  func leaveDuringBackOff() async throws {
    let bench = try ControllerBench(
      recovery: RecoveryPolicy(backOff: .milliseconds(200), limit: 100))
    try await bench.controller.boot()
    try await bench.controller.boot()
    await bench.controller.reportCrash(Self.crash)
    let events = bench.controller.events()
    await bench.controller.reportCrash(Self.crash)
    try await bench.controller.shutdown()
    let back = ControlEvent.state(from: .crashed(Self.crash), to: .running)
    let seen = await collect(events) { $0 == back }
    #expect(seen.last == back)
    #expect(await bench.controller.userCount == 1)
  }

  @Test("An event of an earlier run is no crash of this one")
  func staleEvents() async throws {
    let bench = try ControllerBench()
    bench.inbox.report(.crash(Self.crash))
    try await bench.controller.boot()
    bench.inbox.report(.exited(code: 3))
    let events = bench.controller.events()
    try await bench.controller.shutdown()
    try await bench.controller.boot()
    try await bench.controller.shutdown()
    #expect(await bench.controller.crashHistory.totalCount == 0)
    _ = events
  }

  @Test("A processor that runs already is attached to by a boot, and left by a detach")
  func attach() async throws {
    let table = try TestFirmware([TestFirmware.rpmsg()]).table()
    var failure: (any Error)?
    let bench = try ControllerBench { platform in
      do { try platform.preload(table: table) } catch { failure = error }
    }
    #expect(failure == nil)
    #expect(await bench.controller.state == .detached)
    try await bench.controller.boot()
    #expect(await bench.controller.state == .attached)
    #expect(bench.provider.loadCount == 0)
    try await bench.controller.detach()
    #expect(await bench.controller.state == .detached)
  }

  @Test("The last of a thousand events finds the stack as deep as the first")
  func stackDepth() async throws {
    let pool = WorkerPool(name: "one", threadCount: 1)
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    let depths = Depths()
    let controller = ProcessorController(
      name: "deep", platform: try TestPlatform(), inbox: inbox,
      pool: WorkerPool(name: "control", threadCount: 1),
      provider: FixedFirmware(try TestFirmware().build()),
      eventHandler: { _ in depths.note() })
    try await controller.boot()
    for count in 1...1000 {
      inbox.report(.stateWord(1))
      #expect(depths.wait(for: count))
    }
    try await controller.shutdown()
    let all = depths.all
    let (first, last) = (try #require(all.first), try #require(all.last))
    #expect((2..<64).contains(first) && last < first + 8, "\(first) frames, then \(last)")
  }

  /// How many frames the stack had at each call.
  private final class Depths: Sendable {
    private let list = Guarded<[Int]>([])

    var all: [Int] { list.withLock { $0 } }

    func note() {
      let count = Thread.callStackReturnAddresses.count
      list.withLock { $0.append(count) }
    }

    func wait(for count: Int) -> Bool {
      let deadline = MonotonicTime.now.advanced(by: .seconds(20))
      while MonotonicTime.now < deadline {
        if list.withLock({ $0.count }) >= count { return true }
      }
      return false
    }
  }

  @Test("Suspend, resume and panic pass through")
  func sleep() async throws {
    let bench = try ControllerBench { $0.capabilities = [.suspend] }
    try await bench.controller.boot()
    try await bench.controller.suspend()
    #expect(await bench.controller.state == .suspended)
    try await bench.controller.resume()
    #expect(await bench.controller.state == .running)
    #expect(await bench.controller.panic() == .milliseconds(3))
  }

  @Test("A07 start, stop, recover and crash from 64 tasks: one outcome each, and a clean end")
  func manyTasks() async throws {
    let bench = try ControllerBench(recovery: RecoveryPolicy(backOff: .zero, limit: .max))
    await withTaskGroup(of: Int.self) { group in
      for task in 0..<64 {
        group.addTask {
          var uses = 0
          for step in 0..<20 {
            do throws(RemoteprocError) {
              switch (task + step) % 4 {
              case 0:
                try await bench.controller.boot()
                uses += 1
              case 1 where uses > 0:
                try await bench.controller.shutdown()
                uses -= 1
              case 2: try await bench.controller.recover()
              default: await bench.controller.reportCrash(Self.crash)
              }
            } catch {
              // Each refusal is an outcome.
            }
          }
          return uses
        }
      }
      for await _ in group {}
    }
    try await bench.controller.remove()
    #expect(await bench.controller.state == .deleted)
    let calls = bench.script.calls
    #expect(calls.count { $0 == "stop" } == calls.count { $0.hasPrefix("start") })
    #expect(
      calls.count { $0.hasPrefix("allocate") } == calls.count { $0.hasPrefix("release") })
  }
}
