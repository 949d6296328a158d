import Scheduling

// Sleep with everything kept.
extension RemoteProcessor where Platform: ~Copyable {
  /// Asks the firmware to get ready, and stops the clock once it agreed.
  ///
  /// - Parameter timeout: how long the firmware may take to answer.
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless running or attached,
  ///   ``RemoteprocError/notAcknowledged(_:_:)`` or ``RemoteprocError/platform(_:)``, with the
  ///   processor as it was.
  public mutating func suspend(timeout: Duration = .seconds(1)) throws(RemoteprocError) {
    guard case .running(let session) = phase else {
      throw .illegalTransition(.suspend, from: state)
    }
    guard platform.capabilities.contains(.suspend) else {
      throw .platform(.notSupported(.suspend))
    }
    try ask(.suspend, timeout)
    do throws(PlatformError) { try platform.suspend() } catch { throw .platform(error) }
    phase = .suspended(session)
  }

  /// Lets the clock run again, and waits until the firmware says that it is back.
  ///
  /// - Parameter timeout: how long the firmware may take to answer.
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless suspended, or
  ///   ``RemoteprocError/platform(_:)``, with it still suspended;
  ///   ``RemoteprocError/notAcknowledged(_:_:)`` with the clock running and the state as before
  ///   the suspend.
  public mutating func resume(timeout: Duration = .seconds(1)) throws(RemoteprocError) {
    guard case .suspended(let session) = phase else {
      throw .illegalTransition(.resume, from: state)
    }
    do throws(PlatformError) { try platform.resume() } catch { throw .platform(error) }
    phase = .running(session)
    try ask(.resume, timeout)
  }

  private mutating func ask(
    _ request: RemoteRequest, _ timeout: Duration
  ) throws(RemoteprocError) {
    let answer = platform.ask(request, until: MonotonicTime.now.advanced(by: timeout))
    guard answer == .acknowledged else { throw .notAcknowledged(request, answer) }
  }
}
