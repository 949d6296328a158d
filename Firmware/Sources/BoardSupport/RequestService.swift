import CBoard

/// Does what the host asks for: to suspend, to resume, to shut down.
public enum RequestService {
  /// What becomes of requests.
  public enum Mode: Sendable {
    /// Each is done and acknowledged.
    case obey
    /// Each is refused.
    case refuse
    /// None is ever answered, though the host is told that we listen.
    case ignore
  }

  // SAFETY: one core without interrupt handlers.
  nonisolated(unsafe) private static var chosen = Mode.obey

  /// How requests are taken; ``Mode/obey`` unless firmware sets something else.
  public static var mode: Mode {
    get { unsafe chosen }
    set { unsafe chosen = newValue }
  }

  /// Does what the host asks for at this moment, if anything; true when it kicked meanwhile.
  static func serve(_ wait: Core.Wait) -> Bool {
    let doorbell = DoorbellDevice()
    let request = doorbell.request
    if mode == .ignore {
      // A request that nobody answers must not keep the line up.
      doorbell.enableInterrupt(forRequests: request == nil)
      return false
    }
    guard let request else { return false }
    if mode == .refuse {
      Trace.line("request \(request.rawValue) refused")
      doorbell.refuse(request)
      return false
    }
    switch request {
    case .resume:
      // Nothing to wake up from.
      doorbell.acknowledge(.resume)
      return false
    case .suspend: return standStill(wait)
    case .shutdown: shutDown()
    }
  }

  /// Serves nothing until the host lets us go on; true when it kicked meanwhile.
  private static func standStill(_ wait: Core.Wait) -> Bool {
    let doorbell = DoorbellDevice()
    doorbell.disarmWatchdog()
    Trace.line("suspended")
    doorbell.acknowledge(.suspend)
    var kicks: UInt32 = 0
    while true {
      kicks |= doorbell.takePending()
      switch doorbell.request {
      case .suspend: doorbell.acknowledge(.suspend)
      case .resume:
        Trace.line("resumed")
        doorbell.acknowledge(.resume)
        return kicks != 0
      case .shutdown: shutDown()
      case nil: Core.sleep(wait)
      }
    }
  }

  /// Tells the host that nothing more will happen, and sleeps until it stops the core.
  private static func shutDown() -> Never {
    let doorbell = DoorbellDevice()
    doorbell.disarmWatchdog()
    doorbell.disableInterrupt()
    Trace.line("shut down")
    doorbell.acknowledge(.shutdown)
    while true { board_wait_for_interrupt() }
  }
}
