import Boards
import Coredump
import FirmwareFiles
import Foundation
import Remoteproc
import Scheduling

/// Boots an image, shows what it does until something ends it, and stops it.
struct RunTask: SessionTask {
  private let options: RunOptions
  private let context: CommandContext
  private let image: LoadedImage
  private var printer: EventPrinter
  private var traceFile: TraceFile?
  private var recovery: RecoveryPolicy
  private var history = CrashHistory()
  /// When the processor starts again, and after which crash.
  private var restart: (time: MonotonicTime, crash: CrashEvent)?

  /// How long answers are waited for after the end of standard input.
  private static let linger = Duration.seconds(1)

  /// Why a run ended.
  private enum Ending: Equatable {
    case exited(UInt32)
    case crashed(CrashEvent)
    case timedOut
    case interrupted
    /// Nobody reads standard output any more.
    case unread
    /// Standard input has ended, and so have the answers to it.
    case finished
  }

  /// Makes the task of booting `image`.
  init(_ image: LoadedImage, _ options: RunOptions, _ context: CommandContext) {
    self.image = image
    self.options = options
    self.context = context
    recovery = options.recovery
    printer = EventPrinter(format: options.format, context: context)
  }

  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus {
    let log = session.hub.log
    if let (path, budget) = options.traceFile {
      traceFile = try TraceFile(path: path, budget: budget)
    }
    log.add(.firmware(image.event(board: options.board.name)))
    session.hub.tellOfBridges()
    do throws(Failure) {
      try session.start(image.firmware, path: image.file.path, options: options.boot)
    } catch {
      show(log.take())
      throw error
    }
    tell(session.processor.notices)
    let ending = follow(&session)
    let failure = session.stop()
    var summary = session.summary
    if options.expectedMessageCount > summary.messages {
      summary.lost = options.expectedMessageCount - summary.messages
    }
    log.add(.summary(summary))
    show(log.take())
    if let failure { throw failure }
    if let failure = traceFile?.report { throw failure }
    let status = status(after: ending)
    let isIncomplete = summary.lost > 0 && ending != .unread
    return status == .done && isIncomplete ? .remoteFailed : status
  }

  /// Prints events, and keeps trace lines.
  private mutating func show(_ records: [EventRecord]) {
    printer.print(records)
    guard let traceFile else { return }
    for record in records {
      switch record.event {
      case .trace(_, let text): traceFile.add(text)
      case .skipped(_, let byteCount): traceFile.add("... \(byteCount) bytes left out")
      case .lost(let count): traceFile.add("... \(count) events lost")
      default: break
      }
    }
  }

  private func tell(_ notices: [BootNotice]) {
    for notice in notices.prefix(20) {
      context.errors.line("rproc: note: \(SafeText.escaped("\(notice)", limit: 300))")
    }
  }

  private mutating func follow<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) -> Ending {
    let hub = session.hub
    let deadline = options.timeout.map { MonotonicTime.now.advanced(by: $0) }
    while true {
      let poll = MonotonicTime.now.advanced(by: hub.text.pollInterval)
      let records = hub.log.wait(
        until: [deadline, restart?.time, poll].compactMap(\.self).min() ?? poll)
      show(records)
      for record in records {
        switch record.event {
        case .exit(let code): return .exited(code)
        case .crash(let crash):
          guard willRecover(from: crash, &session) else { return .crashed(crash) }
        default: break
        }
      }
      if context.isInterrupted { return .interrupted }
      if context.isUnread || hub.isBridgeUnread { return .unread }
      if hub.isInputDone(for: Self.linger) { return .finished }
      if let deadline, MonotonicTime.now >= deadline { return .timedOut }
      if let restart, MonotonicTime.now >= restart.time {
        self.restart = nil
        do throws(Failure) { try session.recover() } catch {
          hub.log.add(.error(error))
          return .crashed(restart.crash)
        }
      }
      if records.isEmpty {
        hub.text.lookAndSettle()
        session.checkTable()
      }
    }
  }

  /// Takes over a crash; whether the processor is to start again, and when, goes to ``restart``.
  private mutating func willRecover<Platform: PlatformDriver & ~Copyable>(
    from crash: CrashEvent, _ session: inout Session<Platform>
  ) -> Bool {
    guard let report = session.hub.crash else { return false }
    session.noteCrash()
    dump(&session)
    history.add(report, at: .now)
    switch recovery.decision(after: history) {
    case .stay: return false
    case .giveUp(let crashes, let window):
      context.errors.line(
        "rproc: \(image.file.path.escapedPath): given up after \(crashes) crashes "
          + "within \(Decimals.fixed(window / .seconds(1), places: 0)) s")
      return false
    case .restart(let delay):
      if recovery.mode == .once { recovery.mode = .disabled }
      restart = (MonotonicTime.now.advanced(by: delay), crash)
      session.hub.log.add(
        .recovery(number: history.totalCount, afterSeconds: delay / .seconds(1)))
      return true
    }
  }

  private func dump<Platform: PlatformDriver & ~Copyable>(_ session: inout Session<Platform>) {
    var policy = options.coredump
    policy.options.facts = image.facts + [CoredumpFacts.Fact("board", options.board.name)]
    session.dump(policy)
  }

  private func status(after ending: Ending) -> CommandStatus {
    switch ending {
    case .exited(let code): return options.untilExit ? CommandStatus(firmwareCode: code) : .done
    case .timedOut:
      let seconds = (options.timeout ?? .zero) / .seconds(1)
      context.errors.line(
        "rproc: \(image.file.path.escapedPath): stopped after "
          + "\(Decimals.fixed(seconds, places: 3)) s (--timeout)")
      return .timedOut
    case .interrupted:
      context.errors.line("rproc: \(image.file.path.escapedPath): interrupted, stopped cleanly")
      return .interrupted
    case .unread, .finished: return .done
    case .crashed(let crash):
      context.report(crash, of: image.file.path)
      return .remoteFailed
    }
  }
}

extension String {
  /// A path as messages show it.
  var escapedPath: String { SafeText.escaped(self, limit: 400) }
}
