import Remoteproc
import Scheduling
import TestSupport
import Testing
import WireTypes

/// A sub-device that writes down its calls, and fails where it is told to.
final class RecordingSubdevice: Subdevice {
  private struct State {
    var calls: [String] = []
    var isPrepared = false
    var isStarted = false
    var failsAt: String?
  }

  let name: String
  private let log: PlatformScript?
  private let state = Guarded(State())

  init(_ name: String, log: PlatformScript? = nil, failsAt: String? = nil) {
    self.name = name
    self.log = log
    state.withLock { $0.failsAt = failsAt }
  }

  var isPrepared: Bool { state.withLock { $0.isPrepared } }
  var isStarted: Bool { state.withLock { $0.isStarted } }

  private func note(_ call: String) throws(SubdeviceError) {
    log?.note("\(name) \(call)")
    if state.withLock({ $0.failsAt == call }) { throw .system(errno: 5) }
  }

  func prepare(_ resources: ProcessorResources) throws(SubdeviceError) {
    #expect(!isPrepared)
    try note("prepare")
    state.withLock { $0.isPrepared = true }
  }

  func start(_ resources: ProcessorResources) throws(SubdeviceError) {
    #expect(isPrepared && !isStarted)
    try note("start")
    state.withLock { $0.isStarted = true }
  }

  func stop(crashed: Bool) {
    #expect(isStarted)
    log?.note("\(name) stop\(crashed ? " crashed" : "")")
    state.withLock { $0.isStarted = false }
  }

  func unprepare() {
    #expect(isPrepared && !isStarted)
    log?.note("\(name) unprepare")
    state.withLock { $0.isPrepared = false }
  }
}

@Suite("Sub-devices")
struct SubdeviceTests {
  private func processor(
    failing: (name: String, call: String)? = nil
  ) throws -> RemoteProcessor<TestPlatform> {
    let platform = try TestPlatform()
    let script = platform.script
    var processor = RemoteProcessor(platform: platform)
    for name in ["a", "b"] {
      let call = failing?.name == name ? failing?.call : nil
      try processor.add(RecordingSubdevice(name, log: script, failsAt: call))
    }
    return processor
  }

  @Test("They follow the processor's life in order and end in reverse")
  func order() throws {
    var processor = try self.processor()
    try processor.boot(try TestFirmware().build())
    try processor.shutdown()
    #expect(
      processor.platform.script.calls == [
        "prepare", "allocate fw", "a prepare", "b prepare", "start 0x80000000", "a start",
        "b start", "b stop", "a stop", "ask shutdown", "stop", "b unprepare", "a unprepare",
        "release 0x80000000", "unprepare",
      ])
  }

  @Test("A crash is told to them, and recovery starts them again")
  func crash() throws {
    var processor = try self.processor()
    try processor.boot(try TestFirmware().build())
    processor.platform.script.forgetCalls()
    processor.crash(CrashReport(kind: .busFault))
    try processor.recover()
    #expect(
      processor.platform.script.calls == [
        "b stop crashed", "a stop crashed", "stop", "b unprepare", "a unprepare",
        "release 0x80000000", "unprepare", "prepare", "allocate fw", "a prepare", "b prepare",
        "start 0x80000000", "a start", "b start",
      ])
    try processor.shutdown()
  }

  @Test(
    "One that fails makes the boot fail; those before it are undone, it is not",
    arguments: ["prepare", "start"], ["a", "b"])
  func failure(call: String, name: String) throws {
    var processor = try self.processor(failing: (name, call))
    let error = bootError(of: &processor, try TestFirmware().build())
    #expect(error == .subdevice(name, .system(errno: 5)))
    #expect(error?.errnoName == "EIO")
    expectClean(processor)
    let calls = processor.platform.script.calls
    #expect(calls.contains("stop") == (call == "start"))
    #expect(!calls.contains("\(name) \(call == "start" ? "stop" : "unprepare")"))
    #expect(calls.contains("a unprepare") == (call == "start" || name == "b"))
  }

  @Test("None can be added while something is booted")
  func late() throws {
    var processor = try self.processor()
    try processor.boot(try TestFirmware().build())
    var refusal: RemoteprocError?
    do throws(RemoteprocError) { try processor.add(RecordingSubdevice("c")) } catch {
      refusal = error
    }
    #expect(refusal == .illegalTransition(.boot, from: .running))
    try processor.shutdown()
  }
}
