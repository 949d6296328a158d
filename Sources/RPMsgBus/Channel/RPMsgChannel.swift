public import RPMsg
import Scheduling
public import WireTypes

/// A service of the remote that was announced: a name and the address it is served at.
///
/// Whoever wants to use it opens it, which makes the channel's default endpoint; at most one can.
/// It ends when the remote withdraws it or the bus is closed. Any thread may call.
public final class RPMsgChannel: Sendable {
  /// The service; escape it before showing it to people, as the remote chose the bytes.
  public let name: WireName
  /// The remote's end of the channel.
  public let remoteAddress: EndpointAddress

  private struct State {
    var endpoint: RPMsgEndpoint?
    var driver: ServiceRecord?
    var isProbing = false
    /// The remote knows our end, and the driver may have to be told yet.
    var isReady = false
    var isGone = false
  }

  private let bus: RPMsgHostBus
  private let state = Guarded(State())

  init(bus: RPMsgHostBus, name: WireName, remoteAddress: EndpointAddress) {
    self.bus = bus
    self.name = name
    self.remoteAddress = remoteAddress
  }

  /// Whether the remote has withdrawn it or the bus was closed.
  public var isGone: Bool { state.withLock { $0.isGone } }

  /// Payload bytes that one message on it can carry.
  public var maximumByteCount: Int { bus.maximumByteCount }

  /// Our end of the channel while it is open; sends of it go to the channel's remote end.
  public var endpoint: RPMsgEndpoint? {
    guard let endpoint = state.withLock({ $0.endpoint }), !endpoint.isClosed else { return nil }
    return endpoint
  }

  /// Opens the channel: makes its default endpoint, whose messages go to `handler`.
  ///
  /// Note that a remote does not know our address before it has got a message from us.
  ///
  /// - Parameters:
  ///   - address: our end; "any" takes the lowest free one from 1024 up.
  ///   - whenClosed: called once, without a lock held, when the endpoint was closed.
  ///   - whenReady: called once, before the first message is handed out: the remote knows us.
  ///   - handler: gets each message.
  /// - Returns: the endpoint, which receives already.
  /// - Throws: ``RPMsgBusError/channelInUse(remoteAddress:)``,
  ///   ``RPMsgBusError/endpointGone(_:)`` when the channel is gone, and what
  ///   ``RPMsgHostBus/makeEndpoint(at:remoteAddress:announcing:whenClosed:whenReady:handler:)`` throws.
  @discardableResult
  public func open(
    at address: EndpointAddress = .any, whenClosed: (@Sendable () -> Void)? = nil,
    whenReady: (@Sendable (RPMsgEndpoint) -> Void)? = nil, handler: @escaping RPMsgHandler
  ) throws(RPMsgBusError) -> RPMsgEndpoint {
    try checkFree()
    let endpoint = try bus.makeEndpoint(
      at: address, remoteAddress: remoteAddress, whenClosed: whenClosed,
      whenReady: { [weak self] endpoint in
        whenReady?(endpoint)
        self?.becomeReady()
      }, handler: handler)
    return try adopt(endpoint)
  }

  /// Opens the channel as a stream of messages.
  ///
  /// - Parameters:
  ///   - address: our end; "any" takes the lowest free one from 1024 up.
  ///   - count: how many messages wait at most; 1...65536.
  ///   - policy: what becomes of a message that finds as many waiting.
  /// - Returns: the stream and, in it, the endpoint.
  /// - Throws: as ``open(at:whenClosed:whenReady:handler:)``.
  public func openStream(
    at address: EndpointAddress = .any, buffering count: Int = 64,
    overflow policy: RPMsgOverflowPolicy = .dropNewest
  ) throws(RPMsgBusError) -> RPMsgMessageStream {
    try checkFree()
    let stream = try bus.makeStream(
      at: address, remoteAddress: remoteAddress, buffering: count, overflow: policy)
    _ = try adopt(stream.endpoint)
    return stream
  }

  /// Makes one more endpoint whose sends go to the channel's remote end, whoever has opened it.
  ///
  /// It is the caller's to close: the end of the channel leaves it open, with nobody to send to.
  ///
  /// - Parameters:
  ///   - address: our end; "any" takes the lowest free one from 1024 up.
  ///   - whenClosed: called once, without a lock held, when the endpoint was closed.
  ///   - handler: gets each message.
  /// - Returns: the endpoint, which receives already.
  /// - Throws: ``RPMsgBusError/endpointGone(_:)`` when the channel is gone, and what
  ///   ``RPMsgHostBus/makeEndpoint(at:remoteAddress:announcing:whenClosed:handler:)`` throws.
  public func makeEndpoint(
    at address: EndpointAddress = .any, whenClosed: (@Sendable () -> Void)? = nil,
    handler: @escaping RPMsgHandler
  ) throws(RPMsgBusError) -> RPMsgEndpoint {
    if isGone { throw .endpointGone(remoteAddress) }
    return try bus.makeEndpoint(
      at: address, remoteAddress: remoteAddress, whenClosed: whenClosed, handler: handler)
  }

  private func checkFree() throws(RPMsgBusError) {
    try state.withLock { (state) throws(RPMsgBusError) in
      if state.isGone { throw .endpointGone(remoteAddress) }
      if let endpoint = state.endpoint, !endpoint.isClosed {
        throw .channelInUse(remoteAddress: remoteAddress)
      }
    }
  }

  /// Makes `endpoint` the default one, unless somebody was faster.
  private func adopt(_ endpoint: RPMsgEndpoint) throws(RPMsgBusError) -> RPMsgEndpoint {
    do throws(RPMsgBusError) {
      try state.withLock { (state) throws(RPMsgBusError) in
        if state.isGone { throw .endpointGone(remoteAddress) }
        if let other = state.endpoint, !other.isClosed {
          throw .channelInUse(remoteAddress: remoteAddress)
        }
        state.endpoint = endpoint
      }
    } catch {
      endpoint.close()
      throw error
    }
    return endpoint
  }
}

// What the bus does with a channel.
extension RPMsgChannel {
  /// Offers the channel to a driver, unless it is in use or offered already.
  func probe(_ driver: ServiceRecord) {
    let isFree = state.withLock { state in
      guard !state.isGone, !state.isProbing, state.driver == nil,
        state.endpoint?.isClosed ?? true
      else { return false }
      state.isProbing = true
      return true
    }
    guard isFree else { return }
    var failure: RPMsgBusError?
    do throws(RPMsgBusError) { try driver.probe(self) } catch { failure = error }
    finishProbing(driver, failure)
  }

  private func finishProbing(_ driver: ServiceRecord, _ failure: RPMsgBusError?) {
    // The channel may have gone meanwhile; who retired it has left the rest to us.
    let (orphan, isBound, isGone, isReady) = state.withLock { state in
      state.isProbing = false
      let isBound = failure == nil && state.endpoint != nil
      if isBound, !state.isGone { state.driver = driver }
      let keep = isBound && !state.isGone
      return (keep ? nil : state.endpoint.take(), isBound, state.isGone, keep && state.isReady)
    }
    orphan?.close()
    if isReady { driver.peerReady(self) }
    if let failure {
      bus.report(.probeFailed(name: name, remoteAddress: remoteAddress, failure))
    } else if isBound, isGone {
      driver.remove(self)
    }
  }

  /// Tells the driver that the remote knows our end; one that still probes is told afterwards.
  private func becomeReady() {
    let driver = state.withLock { state in
      state.isReady = true
      return state.driver
    }
    driver?.peerReady(self)
  }

  /// Ends the channel: closes its endpoint, then tells its driver.
  func retire() {
    let (endpoint, driver) = state.withLock { state in
      state.isGone = true
      return state.isProbing ? (nil, nil) : (state.endpoint.take(), state.driver.take())
    }
    endpoint?.close()
    driver?.remove(self)
  }
}
