// From a crash to the next start.
extension RemoteProcessor where Platform: ~Copyable {
  /// Notes that the processor crashed; returns `false`, and changes nothing, unless it was running,
  /// attached or suspended.
  ///
  /// Its memory stays as it is until ``shutdown(gracePeriod:)`` or ``recover(with:)``.
  @discardableResult
  public mutating func crash(_ report: CrashReport) -> Bool {
    switch phase {
    case .running(var session), .suspended(var session):
      // Now, as the stop may put the core into reset.
      session.crashRegisters = platform.registers(at: report)
      phase = .crashed(session, report)
      return true
    case .offline, .detached, .deleted, .crashed: return false
    }
  }

  /// Stops what still moves on a crashed processor, so that its memory can be looked at.
  ///
  /// These are its sub-devices and, unless it restarts by itself, the core. A second call does
  /// nothing.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless it crashed, or
  ///   ``RemoteprocError/platform(_:)`` when it does not stop.
  public mutating func quiesce() throws(RemoteprocError) {
    guard case .crashed(var session, _) = phase else {
      throw .illegalTransition(.recover, from: state)
    }
    guard platform.capabilities.contains(.attachOnRecovery) else {
      return try halt(&session, gracePeriod: nil)
    }
    stopSubdevices(&session, crashed: true)
    unprepareSubdevices(&session)
    keep(session)
  }

  /// Starts a crashed processor again, for all its users: with the firmware it ran, or with other.
  ///
  /// All that came from the last run is given back first, and everything is made anew. A processor
  /// that restarts by itself is attached to again.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless it crashed;
  ///   ``RemoteprocError/platform(_:)`` with it still crashed when it cannot be stopped or the
  ///   platform allows no recovery; ``RemoteprocError/noFirmware``, with it still crashed, when it
  ///   was attached to and no firmware is given; any error of a boot, with it offline, or of an
  ///   attach, with it detached.
  public mutating func recover(with other: (any FirmwareFormat)? = nil) throws(RemoteprocError) {
    guard case .crashed(let crashed, _) = phase else {
      throw .illegalTransition(.recover, from: state)
    }
    guard !platform.capabilities.contains(.noRecovery) else {
      throw .platform(.notSupported(.recover))
    }
    let attaches = platform.capabilities.contains(.attachOnRecovery)
    let image = other ?? crashed.image
    if image == nil, !attaches { throw .noFirmware }
    try quiesce()
    guard case .crashed(var old, _) = phase else { return }
    // What restarts by itself must not be stopped on the way.
    if attaches { old.isStarted = false }
    tearDown(&old)
    phase = attaches ? .detached : .offline
    if let image, !attaches {
      try boot(image, options: old.options)
    } else {
      try attach(options: old.options)
    }
    guard case .running(var session) = phase else { return }
    session.userCount = old.userCount
    phase = .running(session)
  }

  /// Tells the hardware that the host is about to die; legal in every state.
  ///
  /// Returns how long the host should still wait for the remote to finish.
  public mutating func panic() -> Duration { platform.panic() }
}
