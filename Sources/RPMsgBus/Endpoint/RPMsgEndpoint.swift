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
  /// The name under which the remote was told of this endpoint, if it was.
  public let announcedName: WireName?

  let bus: RPMsgHostBus
  let counters = EndpointCounters()
  let handler: RPMsgHandler
  let queue: MessageQueue?
  let latencies: LatencyRecorder?
  private let whenClosed: (@Sendable () -> Void)?
  private let whenReady: (@Sendable (RPMsgEndpoint) -> Void)?
  private let closed = Atomic<Bool>(false)
  private let ready = Atomic<Bool>(false)
  /// The number of the remote address; "any" while there is none.
  private let peer: Atomic<UInt32>

  init(
    bus: RPMsgHostBus, address: EndpointAddress, _ role: EndpointRole,
    handler: @escaping RPMsgHandler
  ) {
    self.bus = bus
    self.address = address
    announcedName = role.name
    peer = Atomic((role.remoteAddress ?? .any).rawValue)
    whenClosed = role.whenClosed
    whenReady = role.whenReady
    queue = role.queue
    latencies = bus.options.measuresLatency && role.queue == nil ? LatencyRecorder() : nil
    self.handler = handler
  }

  /// Where sends go that name no destination; `nil` when each send must name one.
  ///
  /// An endpoint that was announced and made without one learns it once: from the first message, or
  /// from the remote's announcement of the same service.
  public var remoteAddress: EndpointAddress? {
    let address = EndpointAddress(rawValue: peer.load(ordering: .relaxed))
    return address == .any ? nil : address
  }

  /// Whether the remote has shown that it knows this address, so that it can send.
  public var isPeerReady: Bool { ready.load(ordering: .acquiring) }

  /// Whether it was closed, by whomever.
  public var isClosed: Bool { closed.load(ordering: .relaxed) }

  /// What the endpoint has counted so far.
  public var statistics: RPMsgEndpointStatistics {
    var statistics = counters.snapshot
    statistics.queueHighWaterMark = queue?.highWaterMark ?? 0
    return statistics
  }

  /// How long messages have waited in the host; `nil` unless
  /// ``RPMsgBusOptions/measuresLatency`` says so.
  ///
  /// With a handler: from the notification after which the message was received to the call. With
  /// a stream: from the ring to whoever took it out of the queue.
  public var latency: LatencyHistogram? { latencies?.histogram ?? queue?.latency }

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
    guard try bus.put(payload, on: route, by: self) else { throw .wouldBlock }
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
    try bus.putWaiting(payload, on: route, by: self, within: timeout)
  }

  /// Sends `payload`, suspending the task until a buffer is free if need be; no thread is blocked.
  ///
  /// - Parameters:
  ///   - payload: 0...``maximumByteCount`` bytes.
  ///   - destination: the remote's endpoint; `nil`: ``remoteAddress``.
  ///   - source: the address the message seems to come from; `nil`: ``address``.
  ///   - timeout: how long to wait at most.
  /// - Throws: ``RPMsgBusError/cancelled`` when the task is cancelled while it waits, and what
  ///   ``send(_:to:from:within:)`` throws.
  public func sendSuspending(
    _ payload: RawSpan, to destination: EndpointAddress? = nil,
    from source: EndpointAddress? = nil, within timeout: Duration = .seconds(15)
  ) async throws(RPMsgBusError) {
    let route = try route(to: destination, from: source, byteCount: payload.byteCount)
    try await bus.putSuspending(payload, on: route, by: self, within: timeout)
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
    // A message for it may hold up all others.
    if queue?.holdsBack ?? false { bus.resumeReceiving() }
    whenClosed?()
  }

  func route(
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

// Receiving; only the thread that drains calls.
extension RPMsgEndpoint {
  /// Takes a message; `false`: it has to wait, as the queue is full.
  func accept(_ header: RPMsgHeader, _ payload: RawSpan) -> Bool {
    guard !isClosed else {
      bus.drop(RPMsgDrop(.noEndpoint, header))
      return true
    }
    if !ready.load(ordering: .relaxed) { becomeReady(header.source) }
    if let queue { return accept(header, payload, into: queue) }
    count(payload.byteCount)
    latencies?.record(since: bus.arrival.load(ordering: .relaxed))
    handler(self, header, payload)
    return true
  }

  private func accept(
    _ header: RPMsgHeader, _ payload: RawSpan, into queue: MessageQueue
  ) -> Bool {
    let outcome = queue.push(header, payload)
    if outcome == .refused { return false }
    count(payload.byteCount)
    if outcome == .dropped {
      counters.countDropped()
      bus.counters.droppedMessages.wrappingAdd(1, ordering: .relaxed)
    }
    return true
  }

  private func count(_ byteCount: Int) {
    counters.countReceived(byteCount)
    bus.counters.receivedMessages.increase(by: 1)
  }

  /// Takes note that the remote knows us, and, unless it is known, where it is: for good, so that
  /// a later message from elsewhere cannot turn our sends away.
  func becomeReady(_ source: EndpointAddress) {
    guard !ready.exchange(true, ordering: .acquiringAndReleasing) else { return }
    if announcedName != nil {
      let (isNew, _) = peer.compareExchange(
        expected: EndpointAddress.any.rawValue, desired: source.rawValue, ordering: .relaxed)
      if isNew { bus.report(.peerReady(address: address, remoteAddress: source)) }
    }
    whenReady?(self)
  }
}

/// What kind of endpoint one is to become.
struct EndpointRole {
  let remoteAddress: EndpointAddress?
  let name: WireName?
  let whenClosed: (@Sendable () -> Void)?
  let whenReady: (@Sendable (RPMsgEndpoint) -> Void)?
  let queue: MessageQueue?

  init(
    _ remoteAddress: EndpointAddress?, _ name: WireName?, _ whenClosed: (@Sendable () -> Void)?,
    _ whenReady: (@Sendable (RPMsgEndpoint) -> Void)?, queue: MessageQueue?
  ) {
    self.remoteAddress = remoteAddress == .any ? nil : remoteAddress
    self.name = name
    self.whenClosed = whenClosed
    self.whenReady = whenReady
    self.queue = queue
  }
}

/// Where a message comes from and goes to.
struct MessageRoute {
  let source: EndpointAddress
  let destination: EndpointAddress
}
