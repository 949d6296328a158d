import Boards
import ELF
import Foundation
import PlatformSimulator
import RPMsgBus
import Remoteproc
import Scheduling
import Synchronization
import WireTypes

/// An image on the simulated board `virt-rv32`, or `virt-cm4` for ARM, by the way every application takes.
final class RunningFirmware {
  private var processor: RemoteProcessor<SimulatorPlatform>
  private let inbox: ProcessorInbox
  let firmware: ELFFirmware
  private var token: HandlerToken?
  // Its threads end with it.
  private let pool: WorkerPool
  let log = RemoteLog()
  private(set) var bus: RPMsgHostBus?

  /// Takes a shipped image; boots nothing yet.
  convenience init(
    _ name: String, pool: WorkerPool = WorkerPool(name: "test", threadCount: 2)
  ) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/RprocCommands/Images/\(name).elf")
    try self.init(image: [UInt8](Data(contentsOf: path)), pool: pool)
  }

  /// Takes an image; boots nothing yet.
  init(
    image: [UInt8], pool: WorkerPool = WorkerPool(name: "test", threadCount: 2)
  ) throws {
    self.pool = pool
    firmware = try ELFFirmware(parsing: image)
    inbox = NotificationDispatcher(pool: pool).makeInbox()
    processor = RemoteProcessor(
      platform: try SimulatorPlatform(
        board: try Board.named(firmware.file.machine == .arm ? "virt-cm4" : "virt-rv32"),
        inbox: inbox,
        pool: pool))
    inbox.setEventHandler { [log] event in log.add(event) }
  }

  /// Boots, binds the bus with `drivers`, and passes notifications on.
  func boot(
    _ drivers: [any RPMsgServiceDriver] = [], profile: CompatibilityProfile = .default
  ) throws {
    try processor.boot(firmware, options: BootOptions(profile: profile))
    guard let device = processor.devices.first?.device else { throw IntegrationError.noDevice }
    let bus = try RPMsgHostBus(binding: device, doorbell: processor.doorbell) { [log] event in
      log.add(event)
    }
    for driver in drivers { bus.register(driver) }
    token = inbox.addHandler { id in _ = bus.notified(id) }
    self.bus = bus
  }

  /// Closes the bus and stops the processor.
  func shutdown() throws {
    bus?.close()
    if let token { inbox.removeHandler(token) }
    bus = nil
    try processor.shutdown()
  }

  /// The first channel of the firmware, waited for.
  func channel() throws -> RPMsgChannel {
    try log.wait { _ in !(bus?.channels.isEmpty ?? true) }
    guard let channel = bus?.channels.first else { throw IntegrationError.noDevice }
    return channel
  }

  /// The trace so far.
  var trace: String {
    String(decoding: processor.traces.first?.contents() ?? [], as: UTF8.self)
  }
}

/// Why a test could not go on.
enum IntegrationError: Error {
  case noDevice
  case timedOut(events: [PlatformEvent], bus: [RPMsgBusEvent])
}

/// What a remote processor and its bus told.
final class RemoteLog: Sendable {
  struct State: Sendable {
    var events: [PlatformEvent] = []
    var bus: [RPMsgBusEvent] = []
    var answerCount = 0

    var crash: CrashReport? {
      for case .crash(let report) in events { return report }
      return nil
    }
  }

  private let state = Guarded(State())
  private let changes = FutexWord()

  func add(_ event: PlatformEvent) { change { $0.events.append(event) } }
  func add(_ event: RPMsgBusEvent) { change { $0.bus.append(event) } }
  func countAnswer() { change { $0.answerCount += 1 } }

  /// The crash so far.
  var crash: CrashReport? { state.withLock { $0.crash } }

  private func change(_ body: (inout State) -> Void) {
    state.withLock(body)
    changes.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    changes.wake()
  }

  /// Blocks until `condition` holds; looks again after each change and each 10 ms.
  func wait(
    for limit: Duration = .seconds(20), until condition: (State) -> Bool
  ) throws {
    let deadline = MonotonicTime.now.advanced(by: limit)
    while true {
      let seen = changes.value.load(ordering: .sequentiallyConsistent)
      let now = state.withLock { $0 }
      if condition(now) { return }
      guard MonotonicTime.now < deadline else {
        throw IntegrationError.timedOut(events: now.events, bus: now.bus)
      }
      let next = MonotonicTime.now.advanced(by: .milliseconds(10))
      changes.wait(while: seen, until: min(deadline, next))
    }
  }
}
