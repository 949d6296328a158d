import ARMv7MCore
import RISCVCore
import Scheduling
import WireTypes

/// The core with all that only its own thread touches, and what keeps it going.
///
/// One owner at a time: the worker that runs a slice, or the host between slices.
struct CoreState: ~Copyable {
  enum Phase: Equatable {
    /// In reset.
    case stopped
    case running
    /// Crashed or exited; keeps its registers until it is started again.
    case ended
    /// Crashed; starts by itself at this time of its clock, in nanoseconds.
    case restarting(at: UInt64)
  }

  /// What a sleeping core waits for, besides an enabled interrupt.
  enum Sleep: Equatable {
    case awake
    /// `wfi`.
    case untilInterrupt
    /// `IDLE`.
    case untilPending
  }

  /// What became of a piece of execution.
  enum Outcome: Equatable {
    case budgetSpent
    /// Somebody asks for the core, or what was planned for this piece has changed.
    case attention
    case asleep
    case ended
    /// Too many events: go on later.
    case throttled
  }

  var core: ChipCore
  let lines: ChipLines
  let doorbell: DoorbellDevice
  let map: DeviceMap
  let hasTimer: Bool
  let sink: ChipSink
  let counters: ChipCounters

  var clock: ChipClock
  var clint = CLINTDevice()
  var sysTick = ARMv7MSysTick()
  let frequencyInHertz: UInt64
  /// Where the core starts, and where a Cortex-M looks for its vector table by default.
  let vectorRanges: [AddressRange<DeviceAddress>]
  var bootAddress = DeviceAddress(rawValue: 0)
  var watchdog = Watchdog()
  var console = ConsoleLine()
  var events = EventBudget()
  var phase = Phase.stopped
  /// Stands still, with all it has kept; only while it runs.
  var isSuspended = false
  /// What it starts from again after a crash; `nil`: nothing.
  var restart: RestartPlan?
  /// What the registers held at the crash; `nil` unless the last run ended in one.
  var crashRegisters: ChipRegisters?
  var sleep = Sleep.awake
  var sleepStart: UInt64 = 0
  /// Time in which the sink had the thread, in nanoseconds.
  var sinkTime: UInt64 = 0

  init(core: consuming ChipCore, parts: ChipParts, clock: ChipClock) {
    self.core = core
    lines = parts.lines
    doorbell = parts.doorbell
    map = parts.map
    hasTimer = parts.hasTimer
    frequencyInHertz = parts.frequencyInHertz
    vectorRanges = parts.vectorRanges
    sink = parts.sink
    counters = parts.counters
    self.clock = clock
  }

  /// Takes core and devices through reset; execution begins at `pc`.
  mutating func start(at pc: DeviceAddress, clock: ChipClock) {
    doorbell.reset()
    clint = CLINTDevice()
    sysTick = ARMv7MSysTick()
    lines.reset()
    counters.reset()
    watchdog = Watchdog()
    console = ConsoleLine()
    events = EventBudget()
    sleep = .awake
    self.clock = clock
    bootAddress = pc
    core.reset(pc: pc, vectors: vectors(of: pc))
    phase = .running
    isSuspended = false
  }

  /// Puts the core back in reset.
  mutating func stop() {
    flushConsole()
    phase = .stopped
    doorbell.giveUpRequest()
    counters.noteChange()
  }

  /// Whether the core may execute now.
  var mayExecute: Bool { phase == .running && !isSuspended }

  // MARK: Interrupts and sleep

  /// Brings the timer's line to where the clock says; other lines follow their devices at once.
  mutating func updateTimer(at now: UInt64) {
    if case .arm = lines {
      if sysTick.takeTick(at: cycles(at: now)) { lines.tick() }
      return
    }
    guard hasTimer else { return }
    lines.setTimer(clint.isTimerDue(at: now))
  }

  /// When the timer next does something; `nil` when it never does.
  func timerDueTime(at now: UInt64) -> UInt64? {
    if case .arm = lines { return sysTick.dueCycle().map { nanoseconds(ofCycle: $0) } }
    return hasTimer ? clint.dueTime(at: now) : nil
  }

  /// The vector table that a Cortex-M takes at `bootAddress`: there, when that is the address of a
  /// table, else at the start of the memory it lies in.
  private func vectors(of bootAddress: DeviceAddress) -> DeviceAddress {
    if bootAddress.rawValue & 0x7f == 0 { return bootAddress }
    let range = vectorRanges.first { $0.offset(of: bootAddress, byteCount: 1) != nil }
    return range?.start ?? bootAddress
  }

  /// Whether a sleeping core has a reason to go on.
  var isWakeable: Bool {
    if core.wakesFromWait { return true }
    return sleep == .untilPending && doorbell.endsIdle
  }

  /// When the timer wakes a sleeping core; `nil` when it never does.
  func timerWakeTime(at now: UInt64) -> UInt64? {
    if case .arm = lines { return timerDueTime(at: now) }
    let enabled = core.riscv?.core.controlRegister(Self.mie) ?? 0
    guard hasTimer, enabled >> RISCVInterrupt.timer.rawValue & 1 != 0 else { return nil }
    return clint.dueTime(at: now)
  }

  // The control register that enables interrupts. Source: [RISCV-PRIV] §3.1.9.
  private static let mie: UInt16 = 0x304

  mutating func fallAsleep(_ kind: Sleep) {
    sleep = kind
    sleepStart = clock.nanoseconds
    counters.add(1, to: counters.sleeps)
  }

  mutating func wakeUp(at now: UInt64) {
    sleep = .awake
    counters.add(now &- sleepStart, to: counters.asleepNanoseconds)
    watchdog.resume(at: now)
  }

  // MARK: Events

  mutating func send(_ event: ChipEvent) {
    events.spend(at: clock.nanoseconds)
    let before = clock.nanoseconds
    sink.happened(event)
    sinkTime &+= clock.nanoseconds &- before
  }

  mutating func flushConsole() {
    if let rest = console.take() { send(.console(rest)) }
  }

  mutating func end(_ event: ChipEvent) {
    flushConsole()
    phase = .ended
    doorbell.giveUpRequest()
    if case .crashed(let crash) = event {
      crashRegisters = ChipRegisters(core, at: crash)
      if let restart {
        phase = .restarting(at: clock.nanoseconds &+ restart.delayInNanoseconds)
      }
    }
    send(event)
  }
}

/// The parts of a chip that its core and its host share.
struct ChipParts: Sendable {
  let lines: ChipLines
  let frequencyInHertz: UInt64
  let vectorRanges: [AddressRange<DeviceAddress>]
  let doorbell: DoorbellDevice
  let map: DeviceMap
  let hasTimer: Bool
  let sink: ChipSink
  let counters: ChipCounters
}
