import PlatformNull
import Remoteproc
import SharedMemory
import TestSupport
import Testing
import WireTypes

/// One thing that an owner does to a processor.
enum LifecycleStep: CaseIterable {
  case boot, shutdown, attach, detach, suspend, resume, crash, recover, delete

  /// Does it; the error if it was refused.
  func perform(
    on processor: inout RemoteProcessor<TestPlatform>, _ image: some FirmwareFormat
  ) -> RemoteprocError? {
    do throws(RemoteprocError) {
      switch self {
      case .boot: try processor.boot(image)
      case .shutdown: try processor.shutdown()
      case .attach: try processor.attach()
      case .detach: try processor.detach()
      case .suspend: try processor.suspend()
      case .resume: try processor.resume()
      case .crash: return processor.crash(LifecycleTests.report) ? nil : .noFirmware
      case .recover: try processor.recover()
      case .delete: try processor.delete()
      }
      return nil
    } catch { return error }
  }

  /// What a refusal names.
  var transition: RemoteprocError.Transition? {
    switch self {
    case .boot: .boot
    case .shutdown: .shutdown
    case .attach: .attach
    case .detach: .detach
    case .suspend: .suspend
    case .resume: .resume
    case .recover: .recover
    case .delete: .delete
    case .crash: nil
    }
  }
}

@Suite("Life cycle")
struct LifecycleTests {
  static let report = CrashReport(kind: .watchdog)

  /// A processor in `state`, by the shortest legal way.
  private static func processor(
    in state: ProcessorState, _ image: some FirmwareFormat
  ) throws -> RemoteProcessor<TestPlatform> {
    var platform = try TestPlatform()
    platform.capabilities = [.suspend]
    if state == .detached || state == .attached {
      try platform.preload(table: TestFirmware([TestFirmware.rpmsg()]).table())
    }
    var processor = RemoteProcessor(platform: platform)
    switch state {
    case .offline, .detached: break
    case .running: try processor.boot(image)
    case .suspended:
      try processor.boot(image)
      try processor.suspend()
    case .crashed:
      try processor.boot(image)
      processor.crash(report)
    case .deleted: try processor.delete()
    case .attached: try processor.attach()
    }
    return processor
  }

  static let states: [ProcessorState] = [
    .offline, .suspended, .running, .crashed(report), .deleted, .attached, .detached,
  ]

  /// Where each legal step leads; what is not here is refused.
  private static func target(
    of step: LifecycleStep, from state: ProcessorState
  ) -> ProcessorState? {
    switch (state, step) {
    case (.offline, .boot), (.running, .boot), (.crashed, .recover), (.suspended, .resume):
      .running
    case (.running, .shutdown), (.suspended, .shutdown), (.crashed, .shutdown),
      (.attached, .shutdown):
      .offline
    // One that runs only gets one more user, whoever started it.
    case (.detached, .attach), (.attached, .attach), (.attached, .boot): .attached
    case (.attached, .detach): .detached
    case (.running, .suspend), (.attached, .suspend): .suspended
    case (.running, .crash), (.suspended, .crash), (.attached, .crash): .crashed(report)
    case (.offline, .delete), (.detached, .delete): .deleted
    default: nil
    }
  }

  @Test("Every legal edge leads where it should, every other is refused with both ends named")
  func edges() throws {
    let image = try TestFirmware([TestFirmware.rpmsg()]).build()
    for state in Self.states {
      for step in LifecycleStep.allCases {
        var processor = try Self.processor(in: state, image)
        #expect(processor.state == state)
        let error = step.perform(on: &processor, image)
        if let target = Self.target(of: step, from: state) {
          #expect(error == nil, "\(step) from \(state)")
          #expect(processor.state == target, "\(step) from \(state)")
          continue
        }
        #expect(processor.state == state, "\(step) from \(state)")
        if let transition = step.transition {
          #expect(error == .illegalTransition(transition, from: state), "\(step) from \(state)")
        } else {
          #expect(error != nil)
        }
      }
    }
  }

  @Test("States have the numbers and the words of Linux")
  func numbers() {
    #expect(
      Self.states.sorted { $0.number < $1.number }.map(\.description) == [
        "offline", "suspended", "running", "crashed", "deleted", "attached", "detached",
      ])
    #expect(Self.states.map(\.number).sorted() == Array(0...6))
  }

  @Test("Random lives end clean: no memory, no sub-device, as many starts as stops")
  func randomLives() throws {
    let image = try TestFirmware([TestFirmware.rpmsg()]).build()
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let recorder = RecordingSubdevice("probe")
      var processor = try Self.processor(in: .offline, image)
      try processor.add(recorder)
      for _ in 0..<20 {
        let steps = LifecycleStep.allCases.filter { $0 != .delete }
        _ = steps.randomElement(using: &random)?.perform(on: &processor, image)
        #expect(recorder.isStarted == (processor.userCount > 0), "seed \(seed)")
      }
      while processor.state != .offline { try processor.shutdown() }
      expectClean(processor)
      let calls = processor.platform.script.calls
      #expect(calls.count { $0 == "stop" } == calls.count { $0.hasPrefix("start") })
      #expect(!recorder.isPrepared, "seed \(seed)")
    }
  }

  @Test("A crashed processor starts again with the bytes it ran and all its users")
  func recovery() throws {
    var processor = try Self.processor(
      in: .offline, try TestFirmware([TestFirmware.rpmsg()]).build())
    let image = try TestFirmware([TestFirmware.rpmsg()]).build()
    try processor.boot(image)
    try processor.boot(image)
    let window = try #require(processor.carveouts.first?.window)
    window.store(UInt8(0x77), at: 0x2000)
    processor.crash(Self.report)
    try processor.quiesce()
    #expect(window.loadUInt8(at: 0x2000) == 0x77, "memory stays until the recovery")
    let stops = processor.platform.script.calls.count { $0 == "stop" }
    try processor.recover()
    #expect(processor.state == .running)
    #expect(processor.userCount == 2)
    let fresh = try #require(processor.carveouts.first?.window)
    #expect(fresh.loadUInt8(at: 0x2000) == 0)
    #expect(fresh.loadUInt8(at: 0) == 0x13)
    let stopsAfter = processor.platform.script.calls.count { $0 == "stop" }
    #expect(stops == 1 && stopsAfter == 1, "stopped before")
    try processor.shutdown()
    try processor.shutdown()
    expectClean(processor)
  }

  @Test("Recovery with other firmware boots that")
  func recoveryWithOther() throws {
    let image = try TestFirmware().build()
    var processor = try Self.processor(in: .crashed(Self.report), image)
    var other = TestFirmware()
    other.image.entry = TestPlatform.base + 4
    try processor.recover(with: try other.build())
    #expect(processor.bootAddress == device(TestPlatform.base + 4))
  }

  @Test("A boot that fails during recovery leaves the processor offline and clean")
  func failingRecovery() throws {
    let image = try TestFirmware([TestFirmware.rpmsg()]).build()
    var processor = try Self.processor(in: .crashed(Self.report), image)
    // Fallible calls: stop, prepare, then the first allocation.
    processor.platform.script.fail(at: 2)
    let error = LifecycleStep.recover.perform(on: &processor, image)
    #expect(error == .platform(.system(.allocate, errno: 5)))
    expectClean(processor)
  }

  @Test("A processor that cannot be stopped for recovery stays crashed, and can be tried again")
  func unstoppable() throws {
    let image = try TestFirmware().build()
    var processor = try Self.processor(in: .crashed(Self.report), image)
    processor.platform.script.fail(at: 0)
    let error = LifecycleStep.recover.perform(on: &processor, image)
    #expect(error == .platform(.system(.stop, errno: 5)))
    #expect(processor.state == .crashed(Self.report))
    try processor.recover()
    #expect(processor.state == .running)
  }

  @Test("A platform that allows no recovery refuses it and can be stopped")
  func noRecovery() throws {
    let image = try TestFirmware().build()
    var processor = try Self.processor(in: .crashed(Self.report), image)
    processor.withPlatform { $0.capabilities = [.noRecovery] }
    let error = LifecycleStep.recover.perform(on: &processor, image)
    #expect(error == .platform(.notSupported(.recover)))
    try processor.shutdown()
    expectClean(processor)
  }

  @Test(
    "Suspend and resume need the firmware's word",
    arguments: [RemoteAnswer.refused, .timedOut, .gone, .notListening])
  func requests(answer: RemoteAnswer) throws {
    let image = try TestFirmware().build()
    var processor = try Self.processor(in: .running, image)
    processor.withPlatform { $0.answer = answer }
    let error = LifecycleStep.suspend.perform(on: &processor, image)
    #expect(error == .notAcknowledged(.suspend, answer))
    #expect(processor.state == .running)
    #expect(!processor.platform.script.calls.contains("suspend"))
    processor.withPlatform { $0.answer = .acknowledged }
    try processor.suspend()
    processor.withPlatform { $0.answer = answer }
    let late = LifecycleStep.resume.perform(on: &processor, image)
    #expect(late == .notAcknowledged(.resume, answer))
    #expect(processor.state == .running, "its clock runs")
    try processor.shutdown()
    #expect(processor.lastShutdownAnswer == answer, "stopped whatever it says")
    expectClean(processor)
  }

  @Test("A platform without sleep refuses to suspend")
  func noSuspend() throws {
    let image = try TestFirmware().build()
    var processor = try Self.processor(in: .running, image)
    processor.withPlatform { $0.capabilities = [] }
    let error = LifecycleStep.suspend.perform(on: &processor, image)
    #expect(error == .platform(.notSupported(.suspend)))
    #expect(processor.state == .running)
  }

  @Test("The panic hook answers in every state and changes none")
  func panic() throws {
    let image = try TestFirmware([TestFirmware.rpmsg()]).build()
    for state in Self.states {
      var processor = try Self.processor(in: state, image)
      let wait = processor.panic()
      #expect(wait == .milliseconds(3))
      #expect(processor.state == state)
    }
  }
}
