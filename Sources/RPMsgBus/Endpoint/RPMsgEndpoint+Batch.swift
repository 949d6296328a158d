public import RPMsg
import Scheduling
import SharedMemory
import Vring
import WireTypes

// Many messages at once: one lock, one look at who wants to be kicked, at most one kick.
extension RPMsgEndpoint {
  /// Sends messages of equal size that lie one after another in `bytes`, as many as buffers are
  /// free, in order.
  ///
  /// - Parameters:
  ///   - bytes: the payloads; the last is shorter when `byteCount` does not divide their size.
  ///   - byteCount: bytes of each payload, 1...``maximumByteCount``.
  ///   - destination: the remote's endpoint; `nil`: ``remoteAddress``.
  ///   - source: the address the messages seem to come from; `nil`: ``address``.
  /// - Returns: how many messages were sent; fewer than there are when buffers ran out.
  /// - Precondition: `byteCount >= 1`.
  /// - Throws: what ``trySend(_:to:from:)`` throws except ``RPMsgBusError/wouldBlock``; nothing was
  ///   sent then.
  public func trySendBatch(
    _ bytes: RawSpan, splitEvery byteCount: Int, to destination: EndpointAddress? = nil,
    from source: EndpointAddress? = nil
  ) throws(RPMsgBusError) -> Int {
    precondition(byteCount >= 1, "messages of no bytes have no number")
    let route = try route(
      to: destination, from: source, byteCount: min(byteCount, bytes.byteCount))
    return try bus.putBatch(bytes, splitEvery: byteCount, from: 0, on: route, by: self)
  }

  /// Sends messages of equal size that lie one after another in `bytes`, all of them, waiting for
  /// free buffers if need be.
  ///
  /// - Parameters:
  ///   - bytes: as for ``trySendBatch(_:splitEvery:to:from:)``.
  ///   - byteCount: bytes of each payload, 1...``maximumByteCount``.
  ///   - destination: the remote's endpoint; `nil`: ``remoteAddress``.
  ///   - source: the address the messages seem to come from; `nil`: ``address``.
  ///   - timeout: how long to wait for a buffer at most.
  /// - Precondition: `byteCount >= 1`.
  /// - Throws: as ``send(_:to:from:within:)``; ``statistics`` tells how many messages went.
  public func sendBatch(
    _ bytes: RawSpan, splitEvery byteCount: Int, to destination: EndpointAddress? = nil,
    from source: EndpointAddress? = nil, within timeout: Duration = .seconds(15)
  ) throws(RPMsgBusError) {
    precondition(byteCount >= 1, "messages of no bytes have no number")
    let route = try route(
      to: destination, from: source, byteCount: min(byteCount, bytes.byteCount))
    let all = (bytes.byteCount + byteCount - 1) / byteCount
    var sent = 0
    while true {
      sent += try bus.putBatch(bytes, splitEvery: byteCount, from: sent, on: route, by: self)
      guard sent < all else { return }
      // One by the way that waits, then on with what has become free besides.
      let start = sent * byteCount
      try bus.putWaiting(
        bytes.extracting(start..<min(start + byteCount, bytes.byteCount)), on: route, by: self,
        within: timeout)
      sent += 1
    }
  }
}

extension RPMsgHostBus {
  /// Puts the messages from number `first` on into the ring, as many as fit; returns how many.
  func putBatch(
    _ bytes: RawSpan, splitEvery byteCount: Int, from first: Int, on route: MessageRoute,
    by endpoint: RPMsgEndpoint
  ) throws(RPMsgBusError) -> Int {
    if endpoint.isClosed { throw goneError(endpoint) }
    var count = 0
    let publication: VringPublication?
    do throws(RPMsgBusError) {
      publication = try transmit.withLock { (side) throws(RPMsgBusError) in
        var start = first &* byteCount
        while start < bytes.byteCount {
          let end = min(start &+ byteCount, bytes.byteCount)
          let payload = bytes.extracting(start..<end)
          guard try side.enqueue(payload, on: route, isWaiting: false) else { break }
          endpoint.counters.countSent(payload.byteCount)
          count &+= 1
          start = end
        }
        counters.sentMessages.increase(by: UInt64(truncatingIfNeeded: count))
        return side.ring.publishUnfenced()
      }
    } catch { throw latched(error) }
    if let publication { askAndKick(publication) }
    return count
  }
}
