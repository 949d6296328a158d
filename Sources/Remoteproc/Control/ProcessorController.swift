public import Scheduling

/// The owner of one processor, for many users: the control plane.
///
/// An actor on threads of its own pool, as a boot or a stop may block for a while. Messages never
/// pass through it. It follows what the platform reports, recovers from crashes by its policy, and
/// tells those who listen.
public actor ProcessorController<Platform: PlatformDriver & ~Copyable>: ManagedProcessor {
  /// The name by which it is looked up.
  public nonisolated let name: String
  /// The name of the firmware that the next boot loads.
  public private(set) var firmwareName: String
  /// Crashes so far.
  public internal(set) var crashHistory = CrashHistory()
  var options: ControlOptions
  var processor: RemoteProcessor<Platform>
  let crashHandler: CrashHandler
  private let executor: PoolExecutor
  private let provider: any FirmwareProvider
  private let follower: InboxFollower
  let listeners = EventFanOut()
  /// Threads for boots, stops and the writing of dumps.
  let pool: WorkerPool

  /// Looks at a processor that has crashed and stands still, before its memory is made anew.
  ///
  /// A dump that the options ask for is made before. Called on the controller's thread.
  public typealias CrashHandler =
    @Sendable (borrowing RemoteProcessor<Platform>, CrashReport) -> Void

  /// Makes a controller of a processor that nobody else touches.
  ///
  /// - Parameters:
  ///   - name: how it is called.
  ///   - platform: what reaches the hardware; it reports to `inbox`.
  ///   - inbox: what the platform reports to; nobody else sets its event handler.
  ///   - pool: threads for boots and stops; not those that run a simulated core.
  ///   - provider: where firmware comes from.
  ///   - firmware: the name of the firmware; `rproc-<name>-fw` by default, as on Linux.
  ///   - options: how the processor is treated.
  ///   - eventHandler: gets all that the platform reports, on a thread of the dispatcher, crashes
  ///     included; must not block for long.
  ///   - crashHandler: looks at a crashed processor before it is recovered.
  public init(
    name: String, platform: consuming Platform, inbox: ProcessorInbox, pool: WorkerPool,
    provider: any FirmwareProvider, firmware: String? = nil,
    options: ControlOptions = ControlOptions(),
    eventHandler: @escaping @Sendable (PlatformEvent) -> Void = { _ in },
    crashHandler: @escaping CrashHandler = { _, _ in }
  ) {
    self.name = name
    self.options = options
    self.provider = provider
    self.crashHandler = crashHandler
    firmwareName = firmware ?? "rproc-\(name)-fw"
    self.pool = pool
    executor = PoolExecutor(pool: pool)
    let follower = InboxFollower(inbox)
    self.follower = follower
    var processor = RemoteProcessor(platform: platform)
    processor.subdevices.append(follower)
    self.processor = processor
    follower.setHandler { [weak self] event, run in
      eventHandler(event)
      switch event {
      case .crash, .exited:
        // Rare: at most one of them in a run.
        Task { [weak self] in await self?.handle(event, run: run) }
      case .console, .stateWord: break
      }
    }
  }

  /// The threads that run it.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    // SAFETY: the actor keeps its executor as long as it lives.
    unsafe executor.asUnownedSerialExecutor()
  }

  /// Where the processor is in its life.
  public var state: ProcessorState { processor.state }
  /// Boots and attaches that wait for their shutdown or detach.
  public var userCount: UInt32 { processor.userCount }

  /// What is done about crashes; the next one is judged by it.
  public var recovery: RecoveryPolicy {
    get { options.recovery }
    set { options.recovery = newValue }
  }

  /// What is done about the memory of a processor that crashed.
  public var coredump: CoredumpMode {
    get { options.coredump.mode }
    set { options.coredump.mode = newValue }
  }

  /// All that happens from now on.
  public nonisolated func events() -> AsyncStream<ControlEvent> { listeners.makeStream() }

  /// Tells all who follow.
  public func tell(_ event: ControlEvent) { listeners.send(event) }

  /// Calls `body` with the processor; it must not wait for other users of this controller.
  public func withProcessor<Result: Sendable, Failure: Error>(
    _ body: @Sendable (inout RemoteProcessor<Platform>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(&processor)
  }

  /// Changes the state of the processor by `body`, and tells.
  func change<Result>(
    _ body: (inout RemoteProcessor<Platform>) throws(RemoteprocError) -> Result
  ) throws(RemoteprocError) -> Result {
    let from = processor.state
    defer {
      let to = processor.state
      if from != to { tell(.state(from: from, to: to)) }
    }
    return try body(&processor)
  }

  /// Whether an event belongs to the run that goes on now.
  func isCurrent(_ run: UInt64) -> Bool { run == follower.run }

  func loadFirmware() throws(RemoteprocError) -> any FirmwareFormat {
    try provider.firmware(named: firmwareName)
  }

  /// Chooses the firmware of the next boot; a trailing newline is no part of the name.
  public func setFirmware(_ name: String) throws(RemoteprocError) {
    guard case .offline = state else { throw .illegalTransition(.changeFirmware, from: state) }
    let first = name.split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
    guard !first.isEmpty else { throw .emptyFirmwareName }
    firmwareName = String(first)
  }
}
