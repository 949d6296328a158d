public import Scheduling
import Synchronization
public import WireTypes

// What the host asks of firmware, and what it does to a core without asking.
extension SimulatedChip {
  /// Asks the firmware for `request`, and waits for its answer until `deadline`.
  ///
  /// When this returns the request is answered or taken back. Never waits for a core that does not
  /// execute, and no longer than until `deadline`.
  ///
  /// - Precondition: the chip runs on a pool; for a stepped chip there is ``post(_:)``.
  public func request(_ request: HostRequest, until deadline: MonotonicTime) -> HostRequestAnswer {
    precondition(job != nil, "nobody would run a stepped chip meanwhile")
    if let refusal = show(request) { return refusal }
    let answer = parts.doorbell.waitForAnswer(until: deadline)
    parts.doorbell.giveMailboxBack()
    return answer
  }

  /// Shows `request` to the firmware and does not wait; ``takeAnswer()`` follows.
  ///
  /// Returns ``HostRequestAnswer/stopped``, ``HostRequestAnswer/notListening`` or
  /// ``HostRequestAnswer/busy`` when nobody would answer; then there is nothing to take.
  public func post(_ request: HostRequest) -> HostRequestAnswer? { show(request) }

  /// The answer to the request of ``post(_:)``; without one the request is taken back.
  ///
  /// - Precondition: each call follows a ``post(_:)`` that returned `nil`.
  public func takeAnswer() -> HostRequestAnswer {
    defer { parts.doorbell.giveMailboxBack() }
    return parts.doorbell.requestOutcome ?? .timedOut
  }

  private func show(_ request: HostRequest) -> HostRequestAnswer? {
    guard parts.doorbell.takeMailbox() else { return .busy }
    // Under the core's lock, so that a core that ends either is seen here or sees the request.
    let refusal = runner.withCore { core -> HostRequestAnswer? in
      guard core.mayExecute else { return .stopped }
      guard core.doorbell.listensForRequests else { return .notListening }
      core.doorbell.post(request)
      return nil
    }
    job?.schedule()
    if refusal != nil { parts.doorbell.giveMailboxBack() }
    return refusal
  }

  /// Lets the core stand still; when this returns it reads and writes memory no more.
  ///
  /// Registers and memory stay, kicks wait, the watchdog pauses and `mtime` goes on. Without
  /// effect on a core that is suspended already.
  ///
  /// - Throws: ``ChipError/notRunning``.
  public func suspend() throws(ChipError) {
    defer { job?.schedule() }
    try runner.withCore { core throws(ChipError) in
      guard core.phase == .running else { throw .notRunning }
      core.isSuspended = true
    }
  }

  /// Lets a suspended core go on where it stood; without effect on one that was not suspended.
  ///
  /// - Throws: ``ChipError/notRunning``.
  public func resume() throws(ChipError) {
    defer { job?.schedule() }
    try runner.withCore { core throws(ChipError) in
      guard core.phase == .running else { throw .notRunning }
      core.isSuspended = false
    }
  }

  /// What the core does.
  public enum Activity: Equatable, Sendable {
    /// In reset, before the first start or after a stop.
    case stopped
    /// Executes, or sleeps until it has something to do.
    case running
    /// Stands still until ``SimulatedChip/resume()``.
    case suspended
    /// Crashed, and about to start by itself.
    case restarting
    /// Crashed or exited.
    case ended
  }

  /// What the core does at this moment; a running core is interrupted for it.
  public var activity: Activity {
    let activity = runner.withCore { core -> Activity in
      switch core.phase {
      case .stopped: .stopped
      case .running: core.isSuspended ? .suspended : .running
      case .restarting: .restarting
      case .ended: .ended
      }
    }
    job?.schedule()
    return activity
  }

  /// Where the firmware that runs has its resource table, as it or its boot loader said; the range
  /// may lie anywhere.
  public var loadedTable: AddressRange<DeviceAddress>? { parts.doorbell.loadedTable }

  /// Says where the table of the firmware lies, as a boot loader does for the host that comes later.
  public func setLoadedTable(_ range: AddressRange<DeviceAddress>) {
    parts.doorbell.setLoadedTable(range)
  }

  /// Times the core started by itself since the chip was made.
  public var restartCount: UInt64 { parts.counters.restarts.load(ordering: .relaxed) }

  /// Waits until a core that crashed has started by itself; false if it does not until `deadline`,
  /// or never will.
  public func waitForRestart(until deadline: MonotonicTime) -> Bool {
    while true {
      // ORDERING: read before the look at the core, so that a later change is not slept through.
      let seen = parts.counters.changes.value.load(ordering: .sequentiallyConsistent)
      switch activity {
      case .running, .suspended: return true
      case .stopped, .ended: return false
      case .restarting: break
      }
      guard MonotonicTime.now < deadline else { return false }
      parts.counters.changes.wait(while: seen, until: deadline)
    }
  }
}
