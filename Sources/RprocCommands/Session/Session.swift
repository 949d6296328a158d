import Remoteproc
import RemoteprocVirtio
import Scheduling
import SimulatedSoC
import WireTypes

/// One boot of one processor, from start to stop, on the thread that owns it.
///
/// The processor is a value with this one owner; other threads reach only the ``SessionHub``.
struct Session<Platform: PlatformDriver & ~Copyable>: ~Copyable {
  /// The processor.
  var processor: RemoteProcessor<Platform>
  /// What other threads add to.
  let hub: SessionHub
  private let inbox: ProcessorInbox
  private let chip: SimulatedChip?
  private let kicks: () -> [NotifyID: UInt64]
  private var token: HandlerToken?
  private var startTime = MonotonicTime.now

  /// Makes a session of a processor that is offline.
  ///
  /// - Parameters:
  ///   - platform: what reaches the processor; it reports to `inbox`.
  ///   - inbox: what the platform reports to.
  ///   - hub: gets what happens.
  ///   - chip: counts instructions, if the processor is simulated.
  ///   - kicks: how often each notify id was kicked, if the platform counts that.
  init(
    platform: consuming Platform, inbox: ProcessorInbox, hub: SessionHub, chip: SimulatedChip?,
    kicks: @escaping () -> [NotifyID: UInt64]
  ) {
    processor = RemoteProcessor(platform: platform)
    _ = hub.exchangeState(processor.state.description)
    self.hub = hub
    self.inbox = inbox
    self.chip = chip
    self.kicks = kicks
  }

  /// Boots `bytes` for a report, and stops again.
  mutating func report(
    _ bytes: [UInt8], reading: FirmwareImage.Options, options: BootOptions
  ) -> BootReport {
    let kicks = kicks
    return ReportRun.report(bytes, reading: reading, on: &processor, options: options) { _ in
      kicks()
    }
  }

  /// Boots `firmware`, or attaches to what runs already, binds buses to its devices, and follows
  /// what it writes.
  ///
  /// - Throws: ``Failure``, with everything undone.
  mutating func start(
    _ firmware: FirmwareImage, path: String, options: BootOptions
  ) throws(Failure) {
    startTime = .now
    let hub = hub
    // Before the buses: what the firmware wrote before it kicked is shown before what the kick
    // announces.
    token = inbox.addHandler { _ in hub.text.lookOften() }
    do throws(RemoteprocError) {
      try processor.add(SessionFollower(hub: hub, inbox: inbox))
      try processor.add(hub.messages)
      if processor.state == .detached {
        hub.expectAttach()
        try processor.attach(options: options)
      } else {
        try processor.boot(firmware, options: options)
      }
    } catch {
      _ = stop()
      throw Failure(boot: error, path: path)
    }
    hub.noteBoot(at: processor.bootAddress, linkedTo: firmware.bootAddress)
    listen()
  }

  /// Only when all is up, so that what the remote did first comes after what it was started with.
  private func listen() { inbox.setEventHandler { [hub] event in hub.handle(event) } }

  /// Stops the processor and gives back all it had; the error of the stop, if it failed.
  mutating func stop() -> Failure? {
    if let token { inbox.removeHandler(token) }
    inbox.setEventHandler(nil)
    checkTable()
    var failure: Failure?
    if processor.state != .offline, processor.state != .detached {
      do throws(RemoteprocError) { try processor.shutdown() } catch {
        failure = Failure(error, status: .remoteFailed)
      }
    }
    hub.noteState(processor.state.description)
    hub.messages.unregisterAll()
    return failure
  }

  /// Takes over a crash that the hub was told of into the state of the processor; what still moves
  /// is stopped, and memory stays.
  mutating func noteCrash() {
    guard let report = hub.crash, processor.crash(report) else { return }
    inbox.setEventHandler(nil)
    hub.noteState("crashed")
    checkTable()
    do throws(RemoteprocError) { try processor.quiesce() } catch {
      hub.log.add(.error(Failure(error, status: .remoteFailed)))
    }
  }

  /// Tells if the remote has changed what is not its to change in the resource table.
  func checkTable() { hub.note(processor.table?.tampering()) }

  /// Writes the memory of the crashed processor, if `policy` says so, and tells what came of it.
  func dump(_ policy: CoredumpPolicy) {
    switch processor.dump(policy) {
    case .written(let report, let path?): hub.log.add(.coredump(CoredumpEvent(report, path: path)))
    case .failed(let error):
      hub.log.add(.error(Failure(error, about: "core dump", status: .remoteFailed)))
    case nil, .captured, .written(_, path: nil): break
    }
  }

  /// Starts a crashed processor again.
  ///
  /// - Throws: ``Failure``, with the processor offline or still crashed.
  mutating func recover() throws(Failure) {
    hub.forgetCrash()
    if processor.platform.capabilities.contains(.attachOnRecovery) { hub.expectAttach() }
    do throws(RemoteprocError) { try processor.recover() } catch {
      throw Failure(error, about: "recovery", status: .remoteFailed)
    }
    listen()
  }

  /// Counters of the session and of the simulated core.
  var summary: SummaryEvent {
    var summary = hub.summary
    summary.seconds = MonotonicTime.now.since(startTime) / .seconds(1)
    if let statistics = chip?.statistics {
      summary.instructions = statistics.instructionCount
      summary.busySeconds = statistics.busyTime / .seconds(1)
    }
    return summary
  }
}
