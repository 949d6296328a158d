import CLinux
import Glibc
import Remoteproc
import Scheduling

/// Waits for the other process: its kicks, what it prints, and its end.
///
/// One thread sleeps on all of these, and with a shared doorbell a second one on its word. Both put
/// what they find into the inbox.
final class PeerWatcher: Sendable {
  private let line: KickLine
  private let child: ChildProcess?
  private let inbox: ProcessorInbox
  private let waker: OwnedDescriptor
  private let isStopping = Guarded(false)
  private let jobs = Guarded<[Job]>([])

  /// Begins to wait, on two threads of `pool` at most.
  init(
    _ line: KickLine, child: ChildProcess?, inbox: ProcessorInbox, pool: WorkerPool
  ) throws(ProcessError) {
    self.line = line
    self.child = child
    self.inbox = inbox
    let number = rproc_eventfd()
    guard number >= 0 else { throw .system(.makeSocket, errno: errno) }
    waker = OwnedDescriptor(number)
    var jobs = [pool.makeJob { [weak self] in self?.watch() ?? .sleep }]
    if let shared = line.shared {
      jobs.append(pool.makeJob { [weak self] in self?.listen(to: shared) ?? .sleep })
    }
    for job in jobs { job.schedule() }
    self.jobs.withLock { $0 = jobs }
  }

  /// Ends the waiting; when it returns nothing more goes into the inbox.
  func stop() {
    isStopping.withLock { $0 = true }
    var one: UInt64 = 1
    // SAFETY: eight bytes of ours.
    _ = unsafe write(waker.number, &one, 8)
    line.shared?.wakeSelf()
    let jobs = jobs.withLock { jobs in
      defer { jobs = [] }
      return jobs
    }
    for job in jobs { job.cancel() }
  }

  private var mustStop: Bool { isStopping.withLock { $0 } }

  /// Sleeps on the socket, on the program's end and on what it prints, until it is over.
  private func watch() -> JobVerdict {
    let readable = Int16(POLLIN)
    var entries = [
      pollfd(fd: waker.number, events: readable, revents: 0),
      pollfd(fd: line.socket.number, events: readable, revents: 0),
      pollfd(fd: child?.descriptor ?? -1, events: readable, revents: 0),
      pollfd(fd: child?.output.number ?? -1, events: readable, revents: 0),
    ]
    while !mustStop {
      guard unsafe poll(&entries, nfds_t(entries.count), -1) >= 0 || errno == EINTR else { break }
      if entries[3].revents != 0, let child, child.passOutput(to: inbox) == .closed {
        entries[3].fd = -1
      }
      if entries[2].revents != 0, let end = child?.status() {
        report(end)
        break
      }
      guard entries[1].revents != 0 else { continue }
      switch line.socket.drain() {
      case .kicked: inbox.notify(nil)
      case .nothing: break
      case .closed:
        inbox.notify(nil)
        // The end of the program itself says more than the end of its socket.
        entries[1].fd = -1
        if child == nil {
          reportClosed()
          return .sleep
        }
      }
    }
    return .sleep
  }

  /// Sleeps on the shared word until it is over.
  private func listen(to shared: SharedDoorbell) -> JobVerdict {
    while !mustStop {
      let seen = shared.seen
      inbox.notify(nil)
      shared.sleep(while: seen, for: .seconds(1))
    }
    return .sleep
  }

  private func report(_ end: ProcessEnd) {
    // What it printed last comes before its end.
    if let child { child.passAllOutput(to: inbox) }
    inbox.notify(nil)
    switch end {
    case .exited(let code): inbox.report(.exited(code: UInt32(bitPattern: code)))
    case .killed(let signal): inbox.report(.crash(CrashReport(killedBy: signal)))
    }
  }

  private func reportClosed() {
    inbox.report(
      .crash(CrashReport(kind: .peerLost, detail: "the other process has closed its socket")))
  }
}

extension CrashReport {
  /// What the signal that ended a program says about it.
  init(killedBy signal: Int32) {
    let kind: CrashKind =
      switch signal {
      case SIGSEGV, SIGBUS: .busFault
      case SIGILL: .illegalInstruction
      case SIGTRAP: .breakpoint
      default: .fatalError(code: UInt16(clamping: signal))
      }
    self.init(kind: kind, detail: "the program was ended by signal \(signal)")
  }
}
