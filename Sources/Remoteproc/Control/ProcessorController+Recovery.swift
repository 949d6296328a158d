import Scheduling

// From a crash to the next start.
extension ProcessorController where Platform: ~Copyable {
  func handle(_ event: PlatformEvent, run: UInt64) {
    // What belongs to an earlier run says nothing about this one.
    guard isCurrent(run) else { return }
    switch event {
    case .crash(let report): reportCrash(report)
    case .exited(let code): tell(.exited(code: code))
    case .console, .stateWord: break
    }
  }

  /// Notes a crash, unless the processor does not run, and does what the policy says.
  public func reportCrash(_ report: CrashReport) {
    let from = processor.state
    guard processor.crash(report) else { return }
    crashHistory.add(report, at: .now)
    tell(.state(from: from, to: processor.state))
    checkTable()
    do throws(RemoteprocError) { try processor.quiesce() } catch {
      crashHistory.settle(.failed(error))
      return tell(.recoveryFailed(error))
    }
    dump()
    crashHandler(processor, report)
    decide()
  }

  private func decide() {
    guard let crash = crashHistory.newest else { return }
    switch options.recovery.decision(after: crashHistory) {
    case .stay: crashHistory.settle(.left)
    case .giveUp(let crashes, let window):
      crashHistory.settle(.gaveUp)
      tell(.gaveUp(crashes: crashes, within: window))
    case .restart(let delay):
      if options.recovery.mode == .once { options.recovery.mode = .disabled }
      tell(.recovering(number: crash.number, after: delay))
      guard delay > .zero else { return restart(crash.number) }
      Task {
        do { try await Task.sleep(for: delay) } catch { return }
        restart(crash.number)
      }
    }
  }

  /// Recovers from crash `number`, unless somebody has done something else meanwhile.
  private func restart(_ number: UInt64) {
    guard let crash = crashHistory.newest, crash.number == number, crash.outcome == .pending,
      case .crashed = processor.state
    else { return }
    do throws(RemoteprocError) { try recover() } catch {
      // Noted and told by `recover`.
    }
  }

  /// Starts a crashed processor again now.
  public func recover() throws(RemoteprocError) {
    let crash = crashHistory.newest
    do throws(RemoteprocError) {
      try change { (processor) throws(RemoteprocError) in try processor.recover() }
    } catch {
      if case .illegalTransition = error { throw error }
      crashHistory.settle(.failed(error))
      tell(.recoveryFailed(error))
      throw error
    }
    if let crash { crashHistory.settle(.recovered(after: MonotonicTime.now.since(crash.time))) }
  }

  /// Notes that a crash was not recovered from, as the processor was stopped.
  func settleCrash() {
    // With users left it stays crashed, and may still be recovered for them.
    if case .crashed = state { return }
    if crashHistory.newest?.outcome == .pending { crashHistory.settle(.left) }
  }
}
