import WireTypes

// Boot and shutdown, with the count of users.
extension RemoteProcessor where Platform: ~Copyable {
  /// How long firmware may take to finish when it is asked to shut down.
  public static var standardGracePeriod: Duration { .milliseconds(500) }

  /// Loads and starts firmware; a processor that runs only gets one more user.
  ///
  /// - Throws: ``RemoteprocError``, with the processor as it was.
  public mutating func boot(
    _ image: some FirmwareFormat, options: BootOptions = BootOptions()
  ) throws(RemoteprocError) {
    switch phase {
    case .offline: break
    case .running(let session): return try addUser(to: session)
    case .detached, .deleted, .suspended, .crashed:
      throw .illegalTransition(.boot, from: state)
    }
    bootAddress = nil
    var session = BootSession(options: options, image: image)
    do throws(RemoteprocError) { try bringUp(image, &session) } catch {
      tearDown(&session)
      throw error
    }
    phase = .running(session)
  }

  /// Adds a user to a processor that is up.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless it is running or attached.
  mutating func join() throws(RemoteprocError) {
    guard case .running(let session) = phase else {
      throw .illegalTransition(.boot, from: state)
    }
    try addUser(to: session)
  }

  mutating func addUser(to session: BootSession) throws(RemoteprocError) {
    guard session.userCount < .max else { throw .tooManyUsers(session.userCount) }
    var session = session
    session.userCount += 1
    phase = .running(session)
  }

  /// Ends one use; the last one stops the processor and gives back all it had.
  ///
  /// Firmware that listens for requests is asked to finish first, unless it crashed or is
  /// suspended.
  ///
  /// - Parameter gracePeriod: how long firmware may take to finish before it is stopped anyway.
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` when nothing is booted or attached,
  ///   or ``RemoteprocError/platform(_:)`` when it does not stop; it then is as it was, with its
  ///   virtio devices reset and its sub-devices stopped.
  public mutating func shutdown(
    gracePeriod: Duration = standardGracePeriod
  ) throws(RemoteprocError) {
    switch phase {
    case .offline, .detached, .deleted: throw .illegalTransition(.shutdown, from: state)
    case .running(var session) where session.userCount > 1,
      .suspended(var session) where session.userCount > 1,
      .crashed(var session, _) where session.userCount > 1:
      session.userCount -= 1
      keep(session)
    case .running(let session): try end(session, gracePeriod: gracePeriod)
    case .suspended(let session), .crashed(let session, _): try end(session, gracePeriod: nil)
    }
  }

  /// Stops the processor and gives everything back.
  private mutating func end(
    _ session: BootSession, gracePeriod: Duration?
  ) throws(RemoteprocError) {
    var session = session
    try halt(&session, gracePeriod: gracePeriod)
    tearDown(&session)
    phase = .offline
  }

  /// Removes a processor that nobody uses for good.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` while something is booted or
  ///   attached.
  public mutating func delete() throws(RemoteprocError) {
    switch phase {
    case .offline, .detached: phase = .deleted
    case .deleted, .running, .suspended, .crashed:
      throw .illegalTransition(.delete, from: state)
    }
  }
}
