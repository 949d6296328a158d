import CBoard

/// The core the firmware runs on.
public enum Core {
  /// How firmware waits for the host.
  public enum Wait: Sendable {
    /// WFI, ended by the doorbell's interrupt line.
    case interrupt
    /// The doorbell's `IDLE` register; no interrupts.
    case polling
  }

  /// Gets ready to wait in the way of `wait`.
  static func prepare(for wait: Wait) {
    DoorbellDevice().enableInterrupt(forRequests: true)
    if wait == .interrupt { board_enable_external_wakeup() }
  }

  /// Sleeps until the host kicks, or not at all when it has kicked already; takes its kicks, and
  /// does what it asks for meanwhile.
  ///
  /// Interrupts stay masked: the doorbell's line ends the WFI and no handler runs. A kick between
  /// the look at the doorbell and the WFI keeps the line up, so none is slept through.
  static func waitForKick(_ wait: Wait) {
    let doorbell = DoorbellDevice()
    doorbell.disarmWatchdog()
    while true {
      let wasKicked = RequestService.serve(wait)
      if doorbell.takePending() != 0 || wasKicked { return }
      sleep(wait)
    }
  }

  #if BOARD_VIRT_RV32
  /// The same, but not beyond `time`, in microseconds of the ``Clock``.
  static func waitForKick(_ wait: Wait, until time: UInt64?) {
    guard let time else { return waitForKick(wait) }
    let doorbell = DoorbellDevice()
    doorbell.disarmWatchdog()
    Clock.setAlarm(time)
    while Clock.microseconds < time {
      let wasKicked = RequestService.serve(wait)
      if doorbell.takePending() != 0 || wasKicked { break }
      // A time that comes between the look at the clock and the WFI keeps its interrupt pending.
      sleep(wait)
    }
    Clock.setAlarm(nil)
  }
  #endif

  /// Sleeps until the doorbell has something.
  static func sleep(_ wait: Wait) {
    switch wait {
    case .interrupt: board_wait_for_interrupt()
    case .polling: DoorbellDevice().idle()
    }
  }

  /// Tells the host that the firmware has ended with `code`, and stays asleep.
  public static func exit(_ code: UInt32) -> Never {
    let doorbell = DoorbellDevice()
    doorbell.disarmWatchdog()
    doorbell.disableInterrupt()
    doorbell.report(.exited)
    doorbell.exit(code)
    while true { board_wait_for_interrupt() }
  }

  /// Reports a crash with `code`, and stays asleep.
  public static func fail(_ code: UInt16) -> Never {
    let doorbell = DoorbellDevice()
    doorbell.disableInterrupt()
    doorbell.reportFatal(code)
    while true { board_wait_for_interrupt() }
  }
}
