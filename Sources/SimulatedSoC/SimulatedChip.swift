import CoreSupport
import ARMv7MCore
import RISCVCore
public import Scheduling
public import SharedMemory
import Synchronization
public import WireTypes

/// A chip that exists in this process only: one RISC-V or Cortex-M core, RAM shared with the host, and devices.
///
/// On a worker pool the core runs by itself from ``start(at:)`` on and costs no time while it
/// sleeps. A stepped chip runs only inside ``run(cycles:)``, on the caller's thread, the same way
/// every time. Any thread may call, but not from the ``ChipSink``'s closures.
public final class SimulatedChip: Sendable {
  /// Who runs the core.
  public enum Execution: Sendable {
    /// Threads of a pool, which the chip keeps alive, in real time.
    case pool(WorkerPool)
    /// The caller of ``SimulatedChip/run(cycles:)``, in time counted by instructions.
    ///
    /// A seed other than 0 lets each kick of the host reach the core up to 255 cycles late, by
    /// the random sequence of the seed.
    case stepped(seed: UInt64)

    var pool: WorkerPool? { if case .pool(let pool) = self { pool } else { nil } }
    var seed: UInt64 { if case .stepped(let seed) = self { seed } else { 0 } }
  }

  /// One region of RAM.
  public struct Memory: Sendable {
    /// Name of the region.
    public let name: String
    /// Where the core sees it by itself; `nil` for what only its IOMMU can show.
    public let range: AddressRange<DeviceAddress>?
    /// Where it lies on the bus.
    public let onBus: AddressRange<PhysicalAddress>
    /// The bytes, which the core reads and writes while it runs.
    public let window: SharedWindow
    /// The file behind it, which other processes can map.
    public let region: SharedRegion
  }

  /// The RAM, in the order of the configuration.
  public let memory: [Memory]

  let parts: ChipParts
  let runner: CoreRunner
  let job: Job?
  /// Kept, as its threads end when nobody holds it any more.
  private let pool: WorkerPool?
  private let frequencyInHertz: UInt64
  private let restartDelay: Duration?
  private let lateKicks: LateKicks
  let translated: AddressRange<DeviceAddress>?

  /// Makes a chip in reset, with zeroed RAM.
  ///
  /// - Throws: ``ChipError`` when the parts do not fit together or memory is not to be had.
  public init(
    _ configuration: ChipConfiguration, sink: ChipSink, execution: Execution
  ) throws(ChipError) {
    try configuration.check()
    memory = try configuration.makeMemory()
    frequencyInHertz = configuration.frequencyInHertz
    restartDelay = configuration.restartDelay
    translated = configuration.translated
    parts = ChipParts(configuration, sink: sink)
    let runner: CoreRunner
    do throws(RISCVCoreError) {
      let core = try Self.core(configuration.core, memory, translated, parts.lines)
      runner = CoreRunner(
        CoreState(
          core: core, parts: parts, clock: .cycles(frequencyInHertz: frequencyInHertz)))
    } catch {
      throw .core(error)
    }
    self.runner = runner
    lateKicks = LateKicks(seed: execution.seed)
    pool = execution.pool
    job = pool?.makeJob { runner.runSlice() }
  }

  private static func core(
    _ kind: ChipCoreKind, _ memory: [Memory], _ translated: AddressRange<DeviceAddress>?,
    _ lines: ChipLines
  ) throws(RISCVCoreError) -> ChipCore {
    let own = Self.ownWindows(memory)
    switch lines {
    case .arm(let lines):
      let windows = own.map { ($0.base, $0.window) }
      return ChipCore(try ARMv7MProcessor(model: kind.model, windows: windows, lines: lines))
    case .riscv(let lines):
      guard let translated else {
        return ChipCore(try RISCVHart(windows: own.map { ($0.base, $0.window) }, lines: lines))
      }
      var core = try RISCVHart(translated: translated, lines: lines)
      try core.setMemory(own)
      return ChipCore(core)
    }
  }

  /// What the core sees without its IOMMU.
  static func ownWindows(_ memory: [Memory]) -> [RISCVMemory] {
    memory.compactMap { memory in
      memory.range.map { RISCVMemory(base: $0.start, window: memory.window) }
    }
  }

  /// Whether the core is a Cortex-M.
  private var isARM: Bool {
    if case .arm = parts.lines { true } else { false }
  }

  deinit {
    stop()
    job?.cancel()
  }

  /// Takes the core and its devices out of reset; execution begins at `pc`.
  ///
  /// A Cortex-M takes its stack pointer and program counter from a vector table: the one at `pc`,
  /// when that is a multiple of 128, else the one at the start of the memory that `pc` lies in. RAM
  /// stays as it is.
  ///
  /// - Throws: ``ChipError/badStartAddress(_:)`` or ``ChipError/alreadyRunning``; a core that
  ///   crashed or exited can be started again.
  public func start(at pc: DeviceAddress) throws(ChipError) {
    // An odd address is one of Thumb code.
    guard pc.rawValue <= UInt32.max, isARM || pc.rawValue & 1 == 0 else {
      throw .badStartAddress(pc)
    }
    // Outside the core's lock, as it takes a while.
    let restart = restartDelay.map { RestartPlan(bootAddress: pc, delay: $0, memory: memory) }
    let clock: ChipClock =
      job == nil ? .cycles(frequencyInHertz: frequencyInHertz) : .monotonic
    // Also after a refusal: a slice of the running core may have given way to this call.
    defer { job?.schedule() }
    try runner.withCore { core throws(ChipError) in
      guard core.phase != .running else { throw .alreadyRunning }
      lateKicks.drop()
      core.restart = restart
      core.doorbell.setLoadedTable(nil)
      core.crashRegisters = nil
      core.start(at: pc, clock: clock)
    }
  }

  /// Puts the core back in reset; when it returns the core reads and writes memory no more.
  ///
  /// Without effect on a core in reset. RAM and counters keep their contents.
  public func stop() {
    runner.withCore { core in core.stop() }
  }

  /// Tells the core that the vring `id` has new buffers.
  ///
  /// Never blocks; kicks merge. Ids above 31 share bit 31 of `PENDING`. Without effect on a core in reset.
  public func kick(_ id: NotifyID) {
    let bit = DoorbellDevice.pendingBit(of: id)
    guard let job else { return lateKicks.add(bit) }
    parts.doorbell.receive(bit)
    job.schedule()
  }

  /// Counters since the last start.
  ///
  /// On a running core they are those of the last slice's end.
  public var statistics: ChipStatistics {
    parts.counters.snapshot(kicksFromHost: parts.doorbell.hostKickCount)
  }

  /// Registers of the core at this moment; a running core is interrupted for it.
  public var registers: ChipRegisters {
    let registers = runner.withCore { ChipRegisters($0.core) }
    job?.schedule()
    return registers
  }

  /// Registers of the core at its last crash, also when it has stopped or restarted since; `nil`
  /// when it did not crash after the last ``start(at:)``.
  ///
  /// After an exception that the firmware did not survive these are the registers of the program,
  /// not of the handler.
  public var crashRegisters: ChipRegisters? {
    let registers = runner.withCore { $0.crashRegisters }
    job?.schedule()
    return registers
  }

  /// Runs a stepped chip for at most `cycles` cycles.
  ///
  /// One instruction takes one cycle; a sleep until the timer takes as many as it lasts.
  ///
  /// - Precondition: the chip was made with ``Execution/stepped(seed:)``.
  public func run(cycles: UInt64) -> SteppedRun {
    precondition(job == nil, "a chip on a pool runs by itself")
    return runner.withCore { core in
      var run = SteppedRun(cycleCount: 0, end: .budgetSpent)
      if let (kicks, delay) = lateKicks.take() {
        run = core.runStepped(min(delay, cycles))
        core.doorbell.receive(kicks)
      }
      let rest = core.runStepped(cycles - run.cycleCount)
      return SteppedRun(cycleCount: run.cycleCount + rest.cycleCount, end: rest.end)
    }
  }
}

extension ChipCoreKind {
  /// The model of a Cortex-M.
  fileprivate var model: ARMv7MModel {
    switch self {
    case .cortexM4(hasFloat: true): .cortexM4F
    case .cortexM4(hasFloat: false): .cortexM4
    case .cortexM3, .rv32imac: .cortexM3
    }
  }
}
