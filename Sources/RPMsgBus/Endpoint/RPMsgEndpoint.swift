public import RPMsg
import Synchronization
public import WireTypes

/// One address of the host on a bus, with its receiver.
///
/// It lives until ``close()``, the end of its channel or the end of the bus, whoever holds it; then
/// every send fails. Any thread may call, also the handler of this or another endpoint.
///
/// Sending copies the payload into a shared buffer; in steady state it takes no memory and one
/// lock, which no callback ever holds. Messages of one thread arrive in order.
public final class RPMsgEndpoint: Sendable {
  /// The address of this endpoint.
  public let address: EndpointAddress
  /// Where sends go that name no destination; `nil` when each send must name one.
  public let remoteAddress: EndpointAddress?
  /// The name under which the remote was told of this endpoint, if it was.
  public let announcedName: WireName?

  let bus: RPMsgHostBus
  let handler: RPMsgHandler
  let counters = EndpointCounters()
  private let whenClosed: (@Sendable () -> Void)?
  private let closed = Atomic<Bool>(false)

  init(
    bus: RPMsgHostBus, address: EndpointAddress, remoteAddress: EndpointAddress?,
    announcedName: WireName?, whenClosed: (@Sendable () -> Void)?,
    handler: @escaping RPMsgHandler
  ) {
    self.bus = bus
    self.address = address
    self.remoteAddress = remoteAddress
    self.announcedName = announcedName
    self.whenClosed = whenClosed
    self.handler = handler
  }

  /// Whether it was closed, by whomever.
  public var isClosed: Bool { closed.load(ordering: .relaxed) }

  /// What the endpoint has counted so far.
  public var statistics: RPMsgEndpointStatistics { counters.snapshot }

  /// Payload bytes that one message can carry.
  public var maximumByteCount: Int { bus.maximumByteCount }

  /// Sends `payload` now, or fails at once.
  ///
  /// - Parameters:
  ///   - payload: 0...``maximumByteCount`` bytes.
  ///   - destination: the remote's endpoint; `nil`: ``remoteAddress``.
  ///   - source: the address the message seems to come from; `nil`: ``address``.
  /// - Throws: ``RPMsgBusError/wouldBlock`` when no buffer is free;
  ///   ``RPMsgBusError/messageTooLong(byteCount:limit:)``,
  ///   ``RPMsgBusError/noRemoteAddress(_:)``, ``RPMsgBusError/invalidAddress(_:)``,
  ///   ``RPMsgBusError/endpointGone(_:)``, ``RPMsgBusError/remoteGone``,
  ///   ``RPMsgBusError/deviceBroken(_:)``.
  public func trySend(
    _ payload: RawSpan, to destination: EndpointAddress? = nil,
    from source: EndpointAddress? = nil
  ) throws(RPMsgBusError) {
    let route = try route(to: destination, from: source, byteCount: payload.byteCount)
    try bus.sendNow(payload, on: route, by: self)
  }

  /// Sends `payload`, waiting for a free buffer if need be.
  ///
  /// It blocks the calling thread. In a handler nothing is received meanwhile.
  ///
  /// - Parameters:
  ///   - payload: 0...``maximumByteCount`` bytes.
  ///   - destination: the remote's endpoint; `nil`: ``remoteAddress``.
  ///   - source: the address the message seems to come from; `nil`: ``address``.
  ///   - timeout: how long to wait at most.
  /// - Throws: ``RPMsgBusError/timedOut(after:)``, and what ``trySend(_:to:from:)`` throws except
  ///   ``RPMsgBusError/wouldBlock``.
  public func send(
    _ payload: RawSpan, to destination: EndpointAddress? = nil,
    from source: EndpointAddress? = nil, within timeout: Duration = .seconds(15)
  ) throws(RPMsgBusError) {
    let route = try route(to: destination, from: source, byteCount: payload.byteCount)
    try bus.sendWaiting(payload, on: route, by: self, within: timeout)
  }

  /// Gives up the address; senders that wait fail, and a stream of the endpoint ends.
  ///
  /// Its handler is not called again, except that a call which runs now is finished. An endpoint
  /// that was announced is withdrawn. A second call does nothing.
  public func close() {
    guard markClosed() else { return }
    bus.forget(self)
    bus.withdraw(self)
    finishClosing()
  }

  /// Marks the endpoint closed; `false` when it was already.
  func markClosed() -> Bool { !closed.exchange(true, ordering: .acquiringAndReleasing) }

  /// Tells who must know that the endpoint is closed.
  func finishClosing() {
    bus.wakeSenders()
    whenClosed?()
  }

  private func route(
    to destination: EndpointAddress?, from source: EndpointAddress?, byteCount: Int
  ) throws(RPMsgBusError) -> MessageRoute {
    guard let destination = destination ?? remoteAddress else { throw .noRemoteAddress(address) }
    guard destination != .any else { throw .invalidAddress(.any) }
    let source = source ?? address
    guard source != .any else { throw .invalidAddress(.any) }
    guard byteCount <= bus.maximumByteCount else {
      throw .messageTooLong(byteCount: byteCount, limit: bus.maximumByteCount)
    }
    return MessageRoute(source: source, destination: destination)
  }
}

/// Where a message comes from and goes to.
struct MessageRoute {
  let source: EndpointAddress
  let destination: EndpointAddress
}
