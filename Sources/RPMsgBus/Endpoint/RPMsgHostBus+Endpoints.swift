public import RPMsg
import Scheduling
import Synchronization
import Virtio
public import WireTypes

// Endpoints of our own, with or without a channel.
extension RPMsgHostBus {
  /// Makes an endpoint whose messages go to `handler`.
  ///
  /// - Parameters:
  ///   - address: 0...1023 except 53, or one of those given out; "any" takes the lowest free one
  ///     from 1024 up.
  ///   - remoteAddress: where sends go that name no destination.
  ///   - name: tells the remote of the endpoint under this name, if not `nil`.
  ///   - whenClosed: called once, without a lock held, when the endpoint was closed.
  ///   - whenReady: called once, when the other side has shown that it knows our address: before
  ///     the first message is handed out, or when it announces the service that we announce.
  ///   - handler: gets each message.
  /// - Returns: the endpoint, which receives already.
  /// - Throws: ``RPMsgBusError/addressInUse(_:)``, ``RPMsgBusError/invalidAddress(_:)``,
  ///   ``RPMsgBusError/noFreeAddress(limit:)``, ``RPMsgBusError/remoteGone``; when announcing also
  ///   ``RPMsgBusError/nameServiceNotNegotiated`` and what a send throws.
  public func makeEndpoint(
    at address: EndpointAddress = .any, remoteAddress: EndpointAddress? = nil,
    announcing name: WireName? = nil, whenClosed: (@Sendable () -> Void)? = nil,
    whenReady: (@Sendable (RPMsgEndpoint) -> Void)? = nil, handler: @escaping RPMsgHandler
  ) throws(RPMsgBusError) -> RPMsgEndpoint {
    try makeEndpoint(
      at: address, EndpointRole(remoteAddress, name, whenClosed, whenReady, queue: nil),
      handler: handler)
  }

  func makeEndpoint(
    at address: EndpointAddress, _ role: EndpointRole, handler: @escaping RPMsgHandler
  ) throws(RPMsgBusError) -> RPMsgEndpoint {
    if role.name != nil, !features.contains(.nameService) { throw .nameServiceNotNegotiated }
    let endpoint = try endpoints.withLock { (table) throws(RPMsgBusError) in
      guard !table.isClosed else { throw .remoteGone }
      let endpoint = RPMsgEndpoint(
        bus: self, address: try table.freeAddress(address), role, handler: handler)
      table.add(endpoint)
      endpointsByAddress.store(endpoint, at: endpoint.address.rawValue)
      return endpoint
    }
    guard role.name != nil else { return endpoint }
    do throws(RPMsgBusError) { try announce(endpoint, isWithdrawal: false) } catch {
      endpoint.close()
      throw error
    }
    return endpoint
  }

  /// Makes an endpoint whose messages are read as a stream.
  ///
  /// - Parameters:
  ///   - address: as for ``makeEndpoint(at:remoteAddress:announcing:whenClosed:whenReady:handler:)``.
  ///   - remoteAddress: where sends go that name no destination.
  ///   - name: tells the remote of the endpoint under this name, if not `nil`.
  ///   - count: how many messages wait at most; 1...65536.
  ///   - policy: what becomes of a message that finds as many waiting.
  /// - Returns: the stream and, in it, the endpoint.
  /// - Throws: as ``makeEndpoint(at:remoteAddress:announcing:whenClosed:whenReady:handler:)``.
  public func makeStream(
    at address: EndpointAddress = .any, remoteAddress: EndpointAddress? = nil,
    announcing name: WireName? = nil, buffering count: Int = 64,
    overflow policy: RPMsgOverflowPolicy = .dropNewest
  ) throws(RPMsgBusError) -> RPMsgMessageStream {
    let queue = MessageQueue(
      capacity: count, slotByteCount: slotByteCount, policy: policy,
      measuresLatency: options.measuresLatency,
      whenRoom: { [weak self] in self?.resumeReceiving() })
    let endpoint = try makeEndpoint(
      at: address, EndpointRole(remoteAddress, name, queue.finish, nil, queue: queue)
    ) { _, _, _ in }
    return RPMsgMessageStream(endpoint: endpoint, queue: queue)
  }

  /// Frees the address of a closed endpoint.
  func forget(_ endpoint: RPMsgEndpoint) {
    let isOurs = endpoints.withLock { table in
      guard table.remove(endpoint) else { return false }
      endpointsByAddress.store(nil, at: endpoint.address.rawValue)
      return true
    }
    // Without a thread that drains nobody can be about to use it.
    guard isOurs, !receive.leaveNote(DrainNote.retired) else { return }
    endpoints.withLock { $0.letGo(endpoint) }
  }

  /// Tells the remote that a closed endpoint is gone, if it was told of it.
  func withdraw(_ endpoint: RPMsgEndpoint) {
    guard endpoint.announcedName != nil else { return }
    do throws(RPMsgBusError) { try announce(endpoint, isWithdrawal: true) } catch {
      // Best effort: the ring is full or the remote is gone, and closing must not wait for it.
    }
  }

  private func announce(_ endpoint: RPMsgEndpoint, isWithdrawal: Bool) throws(RPMsgBusError) {
    guard let name = endpoint.announcedName else { return }
    var bytes = InlineArray<40, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var raw = unsafe span.mutableBytes
    NameServiceMessage(name: name, address: endpoint.address, isWithdrawal: isWithdrawal)
      .encode(into: &raw)
    let route = MessageRoute(source: endpoint.address, destination: .nameService)
    // SAFETY: bytes have no padding.
    try unsafe putControl(bytes.span.bytes, on: route)
  }
}
