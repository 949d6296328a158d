public import RPMsg
public import SharedMemory
public import WireTypes

extension ProcessRemote {
  /// What ``serve(_:handle:)`` ended with.
  public enum ServeEnd: Equatable, Sendable {
    /// The host has reset the device or closed the connection.
    case hostGone
    /// The handler has asked for the end.
    case finished
  }

  /// Announces `services` to the host and hands what arrives to `handle`, until the host is gone or
  /// `handle` has said that it is enough.
  ///
  /// - Parameters:
  ///   - services: names of endpoints, at dynamic addresses.
  ///   - isOver: asked now and then, at least each 100 ms while nothing comes; the service ends
  ///     when it says so.
  ///   - handle: as for `RPMsgRemote.poll`; the flag ends the service when it is set.
  /// - Returns: why it ended.
  /// - Throws: ``ProcessError/rings(_:)`` when the host breaks a ring or lends no buffers.
  /// - Precondition: ``waitForDriver(until:)`` has returned.
  public mutating func serve(
    _ services: [WireName], until isOver: () -> Bool = { false },
    handle: (
      RPMsgHeader, RawSpan, inout RPMsgDeviceTransmitter<SharedWindow>, inout Bool
    ) -> RPMsgVerdict
  ) throws(ProcessError) -> ServeEnd {
    var messages = try makeRPMsg(endpointCapacity: max(services.count, 1))
    do throws(RPMsgError) {
      for name in services { try messages.announce(try messages.makeEndpoint(named: name)) }
      var isFinished = false
      while !isFinished, !isOver() {
        let seen = kicksSeen
        let count = try messages.poll { header, payload, transmitter in
          handle(header, payload, &transmitter, &isFinished)
        }
        if isFinished { return .finished }
        // More may have come meanwhile, or have been left for want of time.
        guard count == 0 else { continue }
        switch wait(after: seen, for: .milliseconds(100)) {
        case .kicked, .timedOut: break
        case .reset, .peerGone: return .hostGone
        }
      }
      return .finished
    } catch { throw .rings(error) }
  }
}
