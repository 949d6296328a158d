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
  ///   - handler: gets each message.
  /// - Returns: the endpoint, which receives already.
  /// - Throws: ``RPMsgBusError/addressInUse(_:)``, ``RPMsgBusError/invalidAddress(_:)``,
  ///   ``RPMsgBusError/noFreeAddress(limit:)``, ``RPMsgBusError/remoteGone``; when announcing also
  ///   ``RPMsgBusError/nameServiceNotNegotiated`` and what a send throws.
  public func makeEndpoint(
    at address: EndpointAddress = .any, remoteAddress: EndpointAddress? = nil,
    announcing name: WireName? = nil, whenClosed: (@Sendable () -> Void)? = nil,
    handler: @escaping RPMsgHandler
  ) throws(RPMsgBusError) -> RPMsgEndpoint {
    if name != nil, !features.contains(.nameService) { throw .nameServiceNotNegotiated }
    let endpoint = try receive.withLock { (side) throws(RPMsgBusError) in
      guard !side.isClosed else { throw .remoteGone }
      let endpoint = RPMsgEndpoint(
        bus: self, address: try side.endpoints.freeAddress(address),
        remoteAddress: remoteAddress == .any ? nil : remoteAddress, announcedName: name,
        whenClosed: whenClosed, handler: handler)
      side.endpoints.add(endpoint)
      return endpoint
    }
    guard name != nil else { return endpoint }
    do throws(RPMsgBusError) { try announce(endpoint, isWithdrawal: false) } catch {
      endpoint.close()
      throw error
    }
    return endpoint
  }

  /// Makes an endpoint whose messages are read as a stream.
  ///
  /// - Parameters:
  ///   - address: as for ``makeEndpoint(at:remoteAddress:announcing:whenClosed:handler:)``.
  ///   - remoteAddress: where sends go that name no destination.
  ///   - name: tells the remote of the endpoint under this name, if not `nil`.
  ///   - count: how many messages wait at most; 1...65536.
  ///   - policy: what becomes of a message that finds as many waiting.
  /// - Returns: the stream and, in it, the endpoint.
  /// - Throws: as ``makeEndpoint(at:remoteAddress:announcing:whenClosed:handler:)``.
  public func makeStream(
    at address: EndpointAddress = .any, remoteAddress: EndpointAddress? = nil,
    announcing name: WireName? = nil, buffering count: Int = 64,
    overflow policy: RPMsgOverflowPolicy = .dropNewest
  ) throws(RPMsgBusError) -> RPMsgMessageStream {
    let queue = MessageQueue(capacity: count, slotByteCount: maximumByteCount, policy: policy)
    let dropCounter = counters
    let endpoint = try makeEndpoint(
      at: address, remoteAddress: remoteAddress, announcing: name, whenClosed: queue.finish
    ) { endpoint, header, payload in
      guard !queue.push(header, payload) else { return }
      endpoint.counters.countDropped()
      dropCounter.droppedMessages.increase(by: 1)
    }
    return RPMsgMessageStream(endpoint: endpoint, queue: queue)
  }

  /// Frees the address of a closed endpoint.
  func forget(_ endpoint: RPMsgEndpoint) {
    receive.withLock { $0.endpoints.remove(endpoint) }
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
    try unsafe sendControl(bytes.span.bytes, on: route)
  }
}
