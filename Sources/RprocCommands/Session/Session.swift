import RPMsgBus
import Remoteproc
import Scheduling
import SimulatedSoC
import Virtio
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
  private var handlers: [HandlerToken] = []
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
    self.hub = hub
    self.inbox = inbox
    self.chip = chip
    self.kicks = kicks
  }

  /// Boots `bytes` for a report, and stops again.
  mutating func report(_ bytes: [UInt8], options: BootOptions) -> BootReport {
    let kicks = kicks
    return ReportRun.report(bytes, on: &processor, options: options) { _ in kicks() }
  }

  /// Boots `firmware`, binds buses to its devices, and follows what it writes.
  ///
  /// - Throws: ``Failure``, with everything undone.
  mutating func start(
    _ firmware: ELFFirmware, path: String, profile: CompatibilityProfile
  ) throws(Failure) {
    startTime = .now
    do throws(RemoteprocError) {
      try processor.boot(firmware, options: BootOptions(profile: profile))
    } catch {
      throw Failure(boot: error, path: path)
    }
    ResourceEvents.log(
      carveouts: processor.carveouts, traces: processor.traces, devices: processor.devices,
      to: hub.log)
    hub.log.add(.state(from: "offline", to: "running"))
    hub.text.follow(processor.traces)
    do throws(RPMsgBusError) {
      for device in processor.devices where device.isForDriver && device.id == .rpmsg {
        try bind(device)
      }
    } catch {
      // The failure of the bus says more than one of the stop that follows it.
      _ = stop()
      throw Failure(error, about: path, status: .refused)
    }
    // Only now, so that what the remote did first comes after what it was started with.
    inbox.setEventHandler { [hub] event in hub.handle(event) }
  }

  private mutating func bind(_ device: Vdev) throws(RPMsgBusError) {
    let bus = try RPMsgHostBus(
      binding: device.device, doorbell: processor.doorbell,
      eventHandler: { [hub] event in hub.handle(event) })
    hub.adopt(bus)
    let token = inbox.addHandler { [hub, weak inbox] id in
      // What the firmware wrote before it kicked is shown before what the kick announces.
      hub.text.lookOften()
      if bus.notified(id) { inbox?.notify(id) }
    }
    handlers.append(token)
  }

  /// Stops the processor and gives back all it had; the error of the stop, if it failed.
  mutating func stop() -> Failure? {
    let from = processor.state
    for token in handlers { inbox.removeHandler(token) }
    handlers = []
    hub.closeBuses()
    inbox.setEventHandler(nil)
    guard from != .offline else { return nil }
    var failure: Failure?
    do throws(RemoteprocError) { try processor.shutdown() } catch {
      failure = Failure(error, status: .remoteFailed)
    }
    hub.text.lookForTheLastTime()
    hub.text.release()
    hub.releaseBuses()
    hub.log.add(.state(from: from.description, to: processor.state.description))
    return failure
  }

  /// Takes over a crash that the hub was told of into the state of the processor.
  mutating func noteCrash() {
    guard let report = hub.crash, processor.crash(report) else { return }
    hub.log.add(.state(from: "running", to: "crashed"))
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
