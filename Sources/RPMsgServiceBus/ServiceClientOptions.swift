public import RPMsg
public import RPMsgBus
public import RPMsgServices

/// Limits of one client.
public struct ServiceClientOptions: Equatable, Sendable {
  /// How many calls may wait for their answers; 1...1024.
  public var maximumCallCount = 64
  /// How many events wait for who reads them; 1...65536.
  public var eventCapacity = 64
  /// What becomes of an event that finds as many waiting.
  public var eventOverflow = RPMsgOverflowPolicy.dropNewest

  /// The limits that suit nearly everybody.
  public init() {}
}

/// What a client has counted since it was made.
public struct ServiceClientStatistics: Equatable, Sendable {
  /// Calls that were begun.
  public var calls: UInt64 = 0
  /// Calls that were answered, with whatever status.
  public var answers: UInt64 = 0
  /// Calls that were given up: timed out or cancelled.
  public var abandonedCalls: UInt64 = 0
  /// Frames that were dropped, see ``ServiceDrop``.
  public var droppedFrames: UInt64 = 0
  /// Events that have come.
  public var events: UInt64 = 0
  /// Events that the server has counted and that did not come.
  public var missedEvents: UInt64 = 0
  /// Events that found the queue full.
  public var droppedEvents: UInt64 = 0
}

/// A frame that a client has dropped.
public enum ServiceDrop: Equatable, Sendable {
  /// The answer to a call that was given up.
  case late(number: UInt32)
  /// A second answer to a call.
  case duplicate(number: UInt32)
  /// An answer to a call that was never made.
  case unknown(number: UInt32)
  /// A frame from somebody else than the server.
  case wrongSource(EndpointAddress)
  /// A frame, or an event, that is not what the service says.
  case malformed(RPMsgServiceError)
}
