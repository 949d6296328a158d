import RPMsg
import RPMsgBus
import RPMsgServices
import Scheduling

/// What the endpoint and the owner of a ``RPMsgServiceHost`` share.
final class ServingCore<Service: RPMsgService>: Sendable {
  struct Sides {
    /// Answers; not there while a request is being answered.
    var answering: RPMsgServiceServer<Service>? = RPMsgServiceServer()
    var answeredCount: UInt32 = 0
    var droppedCount: UInt32 = 0
    /// How many of the drops the server has counted.
    var seenDrops: UInt32 = 0
    var telling = RPMsgServiceServer<Service>()
  }

  let sides = Guarded(Sides())
  private let handler: RPMsgServiceHost<Service>.Handler

  init(_ handler: @escaping RPMsgServiceHost<Service>.Handler) { self.handler = handler }

  /// Answers one message; only ever called by one thread at a time.
  func answer(_ header: RPMsgHeader, _ payload: RawSpan, on endpoint: RPMsgEndpoint) {
    guard var server = sides.withLock({ $0.answering.take() }) else { return }
    var frame = InlineArray<496, UInt8>(repeating: 0)
    var span = frame.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var buffer = unsafe span.mutableBytes
    let count = server.answer(payload, into: &buffer) { (request) throws(ServiceRefusal) in
      try handler(request, header.source)
    }
    sides.withLock { sides in
      sides.answeredCount = server.answeredCount
      sides.droppedCount &+= server.droppedCount &- (sides.seenDrops)
      sides.seenDrops = server.droppedCount
      sides.answering = server
    }
    guard let count else { return }
    do throws(RPMsgBusError) {
      // SAFETY: bytes have no padding.
      let bytes = unsafe frame.span.bytes
      try endpoint.send(bytes.extracting(first: count), to: header.source, within: .seconds(1))
    } catch {
      sides.withLock { $0.droppedCount &+= 1 }
    }
  }
}
