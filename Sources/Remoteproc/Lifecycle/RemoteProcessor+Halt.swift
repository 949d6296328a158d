import Scheduling
import WireTypes

// The end of a run: sub-devices first, then the firmware's own word, then the hardware.
extension RemoteProcessor where Platform: ~Copyable {
  /// Stops what is not stopped yet; memory stays.
  ///
  /// The firmware may take `gracePeriod` to finish; `nil` does not ask it.
  mutating func halt(
    _ session: inout BootSession, gracePeriod: Duration?
  ) throws(RemoteprocError) {
    let wasCrash = if case .crashed = phase { true } else { false }
    stopSubdevices(&session, crashed: wasCrash)
    if session.isStarted {
      for device in session.devices { device.reset() }
      if let gracePeriod {
        let deadline = MonotonicTime.now.advanced(by: gracePeriod)
        lastShutdownAnswer = platform.ask(.shutdown, until: deadline)
      }
      do throws(PlatformError) { try platform.stop() } catch {
        keep(session)
        throw .platform(error)
      }
      session.isStarted = false
    }
    unprepareSubdevices(&session)
    keep(session)
  }

  /// Puts a changed session back into the phase.
  func changed(_ phase: Phase, _ session: BootSession) -> Phase {
    switch phase {
    case .offline, .detached, .deleted: phase
    case .running: .running(session)
    case .suspended: .suspended(session)
    case .crashed(_, let report): .crashed(session, report)
    }
  }

  mutating func keep(_ session: BootSession) { phase = changed(phase, session) }
}
