public import RPMsg
public import RPMsgBus
public import RPMsgServices
import Scheduling

/// The serving side of a typed service on the host.
///
/// Requests are answered on the thread that feeds the bus notifications, one after another.
public final class RPMsgServiceHost<Service: RPMsgService>: Sendable {
  /// Does what a request asks, or refuses; `client` is who asked.
  public typealias Handler =
    @Sendable (_ request: Service.Request, _ client: EndpointAddress) throws(ServiceRefusal) ->
    Service.Response

  /// Where the service is served.
  public let endpoint: RPMsgEndpoint
  private let core: ServingCore<Service>

  /// Makes an endpoint for the service and announces it to the remote.
  ///
  /// - Parameters:
  ///   - bus: where to serve.
  ///   - address: as for an endpoint of the bus.
  ///   - handler: called for each request, without a lock held.
  /// - Throws: ``ServiceCallError/bus(_:)``, or
  ///   ``ServiceCallError/frameTooLong(byteCount:limit:)``.
  public init(
    announcingOn bus: RPMsgHostBus, at address: EndpointAddress = .any,
    handler: @escaping Handler
  ) throws(ServiceCallError) {
    try Self.checkFrame(bus.maximumByteCount)
    let core = ServingCore<Service>(handler)
    self.core = core
    do throws(RPMsgBusError) {
      endpoint = try bus.makeEndpoint(at: address, announcing: Service.name) {
        endpoint, header, payload in core.answer(header, payload, on: endpoint)
      }
    } catch { throw .bus(error) }
  }

  /// Serves the service on `channel`, which the remote has announced to be served on.
  ///
  /// An empty message is sent, by which the remote learns our address.
  ///
  /// - Throws: as ``init(announcingOn:at:handler:)``.
  public init(
    opening channel: RPMsgChannel, handler: @escaping Handler
  ) throws(ServiceCallError) {
    let core = ServingCore<Service>(handler)
    self.core = core
    do throws(RPMsgBusError) {
      endpoint = try channel.open { endpoint, header, payload in
        core.answer(header, payload, on: endpoint)
      }
    } catch { throw .bus(error) }
    do throws(ServiceCallError) { try Self.checkFrame(endpoint.maximumByteCount) } catch {
      endpoint.close()
      throw error
    }
    do throws(RPMsgBusError) {
      let nothing: [UInt8] = []
      // SAFETY: bytes have no padding.
      try unsafe endpoint.send(nothing.span.bytes, within: .seconds(1))
    } catch {
      endpoint.close()
      throw .bus(error)
    }
  }

  deinit { endpoint.close() }

  private static func checkFrame(_ available: Int) throws(ServiceCallError) {
    let limit = min(available, 496)
    guard Service.maximumFrameByteCount <= limit else {
      throw .frameTooLong(byteCount: Service.maximumFrameByteCount, limit: limit)
    }
  }

  /// Requests answered so far, with whatever status; wraps.
  public var answeredCount: UInt32 { core.sides.withLock { $0.answeredCount } }

  /// Frames dropped so far, and answers for which no buffer became free in a second; wraps.
  public var droppedCount: UInt32 { core.sides.withLock { $0.droppedCount } }

  /// Withdraws the service.
  public func close() { endpoint.close() }

  /// Tells `client` of `event`, waiting for a free buffer if need be.
  ///
  /// - Throws: ``ServiceCallError/bus(_:)``; the client will see that an event is missing.
  public func send(
    _ event: Service.Event, to client: EndpointAddress, within timeout: Duration = .seconds(1)
  ) throws(ServiceCallError) {
    var frame = InlineArray<496, UInt8>(repeating: 0)
    var span = frame.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var buffer = unsafe span.mutableBytes
    let count = core.sides.withLock { $0.telling.encode(event, into: &buffer) }
    do throws(RPMsgBusError) {
      // SAFETY: bytes have no padding.
      let bytes = unsafe frame.span.bytes
      try endpoint.send(bytes.extracting(first: count), to: client, within: timeout)
    } catch { throw .bus(error) }
  }
}
