import Boards
import Foundation
import PlatformSimulator
import RPMsg
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import Testing
import WireTypes

/// Sends one text on each channel `rpmsg-crash`, or `rpmsg-echo`, that appears.
private final class Provoker: RPMsgServiceDriver {
  let channelName: WireName
  private let text: String
  private let log: RemoteLog
  private let gone = Guarded(0)

  init(_ channel: String, text: String, log: RemoteLog) {
    channelName = WireName(channel)
    self.text = text
    self.log = log
  }

  var goneCount: Int { gone.withLock { $0 } }

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let endpoint = try channel.open { [log] _, _, _ in log.countAnswer() }
    try endpoint.trySend(Array(text.utf8).span.bytes)
  }

  func remove(_ channel: RPMsgChannel) { gone.withLock { $0 += 1 } }
}

/// A controller of a simulated board, and what it tells.
private struct Lives {
  let pool = WorkerPool(name: "remote", threadCount: 2)
  let control = WorkerPool(name: "control", threadCount: 1)
  let log = RemoteLog()
  let messages: RPMsgSubdevice
  let controller: ProcessorController<SimulatorPlatform>

  init(_ image: String, recovery: RecoveryPolicy) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/RprocCommands/Images/\(image).elf")
    let firmware = try ELFFirmware(parsing: [UInt8](Data(contentsOf: path)))
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    let platform = try SimulatorPlatform(
      board: try Board.named("virt-rv32"), inbox: inbox, pool: pool)
    messages = RPMsgSubdevice(inbox: inbox) { [log] event in log.add(event) }
    controller = ProcessorController(
      name: image, platform: platform, inbox: inbox, pool: control,
      provider: FixedFirmware(firmware), options: ControlOptions(recovery: recovery),
      eventHandler: { [log] event in log.add(event) })
  }

  func start() async throws {
    let messages = messages
    try await controller.withProcessor { (processor) throws(RemoteprocError) in
      try processor.add(messages)
    }
    try await controller.boot()
  }
}

@Suite("Lives of a simulated processor", .timeLimit(.minutes(5)))
struct ProcessorLivesTests {
  private static let recovery = RecoveryPolicy(backOff: .zero, limit: .max)

  @Test("Firmware that crashes again and again is started again each time, and talks each time")
  func crashLoop() async throws {
    let lives = try Lives("crash", recovery: Self.recovery)
    let provoker = Provoker("rpmsg-crash", text: "wild", log: lives.log)
    lives.messages.register(provoker)
    let events = lives.controller.events()
    try await lives.start()
    var recoveries = 0
    for await event in events {
      guard case .state(.crashed, .running) = event else { continue }
      recoveries += 1
      if recoveries == 20 { break }
    }
    try await lives.controller.shutdown()
    #expect(await lives.controller.state == .offline)
    let history = await lives.controller.crashHistory
    #expect(history.totalCount >= 20)
    #expect(history.records.allSatisfy { $0.report.kind == .busFault })
    #expect(provoker.goneCount >= 20, "each run's channel was told to be gone")
    #expect(lives.messages.buses.isEmpty)
  }

  @Test("Off, it stays crashed with its memory in place; by hand it starts again")
  func byHand() async throws {
    let lives = try Lives("crash", recovery: RecoveryPolicy(mode: .disabled))
    lives.messages.register(Provoker("rpmsg-crash", text: "illegal", log: lives.log))
    let events = lives.controller.events()
    try await lives.start()
    for await event in events {
      if case .state(_, .crashed) = event { break }
    }
    guard case .crashed(let report) = await lives.controller.state else {
      Issue.record("not crashed")
      return
    }
    #expect(report.kind == .illegalInstruction)
    let trace = await lives.controller.withProcessor { processor in
      String(decoding: processor.traces.first?.contents() ?? [], as: UTF8.self)
    }
    #expect(trace.contains("illegal"))
    try await lives.controller.recover()
    #expect(await lives.controller.state == .running)
    try await lives.controller.shutdown()
  }

  @Test("A watchdog that nobody feeds is a crash like another")
  func watchdog() async throws {
    let lives = try Lives("crash", recovery: RecoveryPolicy(mode: .once))
    lives.messages.register(Provoker("rpmsg-crash", text: "loop", log: lives.log))
    let events = lives.controller.events()
    try await lives.start()
    var crashes = 0
    for await event in events {
      if case .state(_, .crashed) = event { crashes += 1 }
      if crashes == 2 { break }
    }
    #expect(await lives.controller.crashHistory.newest?.report.kind == .watchdog)
    try await lives.controller.shutdown()
  }
}
