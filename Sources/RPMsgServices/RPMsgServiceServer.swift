public import RPMsg
public import SharedMemory

/// The serving side of a service: decodes requests, asks the application, encodes its answers.
///
/// One owner, no locks, no memory taken. On the host or in firmware.
public struct RPMsgServiceServer<Service: RPMsgService>: Sendable {
  /// Requests that were answered, with whatever status.
  public private(set) var answeredCount: UInt32 = 0
  /// Frames that were dropped as they are no requests.
  public private(set) var droppedCount: UInt32 = 0
  private var eventCount: UInt32 = 0

  /// Makes a server.
  ///
  /// - Precondition: every frame of the service fits into 496 bytes, the payload of a buffer.
  public init() {
    precondition(Service.maximumFrameByteCount <= 496, "frames of up to 496 bytes")
  }

  /// Answers the request in `payload`, a private copy; returns how many bytes of `buffer` are the
  /// answer, or `nil` when there is none, as it was no request.
  ///
  /// An empty payload, by which a client makes itself known, is passed over. A request that cannot
  /// be decoded is answered with ``ServiceStatus/malformed``, without a call of `handle`.
  ///
  /// - Precondition: `buffer` has room for the longest frame of the service.
  public mutating func answer(
    _ payload: RawSpan, into buffer: inout MutableRawSpan,
    _ handle: (Service.Request) throws(ServiceRefusal) -> Service.Response
  ) -> Int? {
    if payload.byteCount == 0 { return nil }
    let number: UInt32
    do throws(RPMsgServiceError) {
      let frame = try ServiceFrame(decoding: payload)
      guard frame.kind == .request else { throw .unknownKind(frame.kind.rawValue) }
      number = frame.number
    } catch {
      droppedCount &+= 1
      return nil
    }
    answeredCount &+= 1
    let request: Service.Request
    do throws(RPMsgServiceError) { request = try ServiceFrame.message(in: payload) } catch {
      return refuse(number, .malformed, into: &buffer)
    }
    do throws(ServiceRefusal) {
      let response = try handle(request)
      return ServiceFrame(.response, number: number).encode(response, into: &buffer)
    } catch { return refuse(number, error.status, into: &buffer) }
  }

  private func refuse(
    _ number: UInt32, _ status: ServiceStatus, into buffer: inout MutableRawSpan
  ) -> Int {
    ServiceFrame(.response, number: number, status: status).encode(into: &buffer)
    return ServiceFrame.headerByteCount
  }

  /// Writes `event` to the start of `buffer`; returns how many bytes.
  ///
  /// Events are counted, so that a client sees when one is missing.
  ///
  /// - Precondition: `buffer` has room for the longest frame of the service.
  public mutating func encode(_ event: Service.Event, into buffer: inout MutableRawSpan) -> Int {
    eventCount &+= 1
    return ServiceFrame(.event, number: eventCount).encode(event, into: &buffer)
  }
}

// In firmware.
extension RPMsgServiceServer {
  /// Answers a message that `RPMsgRemote` hands out.
  ///
  /// The application is asked only when there is a buffer for its answer, so each request is done
  /// once.
  public mutating func serve<Memory: ForeignMemory>(
    _ header: RPMsgHeader, _ payload: RawSpan,
    by transmitter: inout RPMsgDeviceTransmitter<Memory>,
    _ handle: (Service.Request) throws(ServiceRefusal) -> Service.Response
  ) -> RPMsgVerdict {
    do throws(RPMsgError) {
      guard try transmitter.nextCapacity() != nil else { return .retry }
      var frame = InlineArray<496, UInt8>(repeating: 0)
      var span = frame.mutableSpan
      // SAFETY: every bit pattern is a valid byte.
      var buffer = unsafe span.mutableBytes
      guard let count = answer(payload, into: &buffer, handle) else { return .done }
      // SAFETY: bytes have no padding.
      let bytes = unsafe frame.span.bytes
      try transmitter.enqueue(
        bytes.extracting(first: count), from: header.destination, to: header.source)
    } catch {
      // A broken ring is told by the next poll; a buffer that is too small by the client's deadline.
      droppedCount &+= 1
    }
    return .done
  }

  /// Puts `event` into a buffer for `client`; `false`: none is free, and the event is not counted.
  public mutating func send<Memory: ForeignMemory>(
    _ event: Service.Event, from source: EndpointAddress, to client: EndpointAddress,
    by transmitter: inout RPMsgDeviceTransmitter<Memory>
  ) -> Bool {
    do throws(RPMsgError) {
      guard try transmitter.nextCapacity() != nil else { return false }
      var frame = InlineArray<496, UInt8>(repeating: 0)
      var span = frame.mutableSpan
      // SAFETY: every bit pattern is a valid byte.
      var buffer = unsafe span.mutableBytes
      let count = encode(event, into: &buffer)
      // SAFETY: bytes have no padding.
      let bytes = unsafe frame.span.bytes
      try transmitter.enqueue(bytes.extracting(first: count), from: source, to: client)
      return true
    } catch { return false }
  }
}
