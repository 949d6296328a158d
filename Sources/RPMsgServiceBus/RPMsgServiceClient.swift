import RPMsg
public import RPMsgBus
public import RPMsgServices
import Scheduling

/// The calling side of a typed service, on the endpoint of its channel.
///
/// Each call has a number; its answer finds it by that, whatever comes in between. At most
/// ``ServiceClientOptions/maximumCallCount`` calls wait, each with a deadline. Any thread may call.
public final class RPMsgServiceClient<Service: RPMsgService>: Sendable {
  /// Our end of the channel.
  public let endpoint: RPMsgEndpoint
  private let core: ClientCore<Service>
  private let alarm: Alarm

  /// Opens `channel` and sends an empty message on it, by which the server learns our address.
  ///
  /// - Parameters:
  ///   - channel: a channel of the remote that speaks the service; its name is not looked at.
  ///   - options: limits.
  ///   - dropHandler: told of what was dropped, without a lock held, on the receiving thread.
  /// - Precondition: the options are in their ranges.
  /// - Throws: ``ServiceCallError/bus(_:)``, or
  ///   ``ServiceCallError/frameTooLong(byteCount:limit:)`` with the channel closed again.
  public init(
    opening channel: RPMsgChannel, options: ServiceClientOptions = ServiceClientOptions(),
    dropHandler: @escaping @Sendable (ServiceDrop) -> Void = { _ in }
  ) throws(ServiceCallError) {
    let core = ClientCore<Service>(
      options, server: channel.remoteAddress, dropHandler: dropHandler)
    self.core = core
    alarm = Alarm { [weak core] in core?.expire() }
    do throws(RPMsgBusError) {
      endpoint = try channel.open(whenClosed: { core.end() }) { _, header, payload in
        core.receive(header, payload)
      }
    } catch { throw .bus(error) }
    let limit = min(endpoint.maximumByteCount, 496)
    guard Service.maximumFrameByteCount <= limit else {
      endpoint.close()
      throw .frameTooLong(byteCount: Service.maximumFrameByteCount, limit: limit)
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

  deinit {
    alarm.cancel()
    endpoint.close()
  }

  /// What the client has counted so far.
  public var statistics: ServiceClientStatistics { core.state.withLock { $0.statistics } }

  /// What the server tells by itself.
  public var events: ServiceEventStream<Service.Event> { ServiceEventStream(queue: core.events) }

  /// Closes the channel: calls that wait fail with ``ServiceCallError/remoteGone``, events end.
  public func close() { endpoint.close() }
}

// Calls.
extension RPMsgServiceClient {
  /// Asks the server, and blocks the calling thread until it answers.
  ///
  /// Do not call it in a handler of the same bus: nothing is received until that returns.
  ///
  /// - Throws: ``ServiceCallError/timedOut(after:)``, ``ServiceCallError/refused(_:)``,
  ///   ``ServiceCallError/malformedResponse(_:)``, ``ServiceCallError/remoteGone``,
  ///   ``ServiceCallError/tooManyCalls(limit:)``, ``ServiceCallError/bus(_:)``.
  public func callAndWait(
    _ request: Service.Request, within timeout: Duration
  ) throws(ServiceCallError) -> Service.Response {
    let (number, deadline) = try core.open(within: timeout)
    let parker = core.takeParker()
    defer { core.give(back: parker) }
    // Not sent yet, so it is over only if the channel is.
    guard case .waiting = core.wait(for: number, .thread(parker)) else { throw .remoteGone }
    do throws(RPMsgBusError) {
      try send(request, number) { (frame) throws(RPMsgBusError) in
        try endpoint.send(frame, within: timeout)
      }
    } catch { core.abandon(number, Self.failure(error)) }
    if let answer = parker.wait(until: deadline) { return try answer.get() }
    core.abandon(number, .timedOut(after: timeout))
    // Either we gave it up, or somebody else ended it just before: one result is on its way.
    guard let answer = parker.wait(until: nil) else { throw .timedOut(after: timeout) }
    return try answer.get()
  }

  /// Asks the server, and lets the task wait until it answers.
  ///
  /// - Throws: ``ServiceCallError/cancelled``, and as ``callAndWait(_:within:)``.
  public func call(
    _ request: Service.Request, within timeout: Duration
  ) async throws(ServiceCallError) -> Service.Response {
    let (number, deadline) = try core.open(within: timeout)
    do throws(RPMsgBusError) {
      try await sendPatiently(request, number, until: deadline)
    } catch {
      core.abandon(number, Self.failure(error))
      throw Task.isCancelled ? .cancelled : Self.failure(error)
    }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        switch core.wait(for: number, .task(continuation)) {
        case .waiting: alarm.set(for: deadline)
        case .answered(let answer): continuation.resume(returning: answer)
        case .over:
          continuation.resume(returning: .failure(Task.isCancelled ? .cancelled : .remoteGone))
        }
      }
    } onCancel: {
      core.abandon(number, .cancelled)
    }
    return try answer.get()
  }

  private static func failure(_ error: RPMsgBusError) -> ServiceCallError {
    switch error {
    case .remoteGone, .endpointGone: .remoteGone
    default: .bus(error)
    }
  }

  private func send(
    _ request: Service.Request, _ number: UInt32,
    _ body: (RawSpan) throws(RPMsgBusError) -> Void
  ) throws(RPMsgBusError) {
    var frame = InlineArray<496, UInt8>(repeating: 0)
    var span = frame.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var buffer = unsafe span.mutableBytes
    let count = ServiceFrame(.request, number: number).encode(request, into: &buffer)
    // SAFETY: bytes have no padding.
    let bytes = unsafe frame.span.bytes
    try body(bytes.extracting(first: count))
  }

  /// Sends a request as soon as a buffer is free.
  private func sendPatiently(
    _ request: Service.Request, _ number: UInt32, until deadline: MonotonicTime
  ) async throws(RPMsgBusError) {
    var pause = Duration.microseconds(50)
    while true {
      do throws(RPMsgBusError) {
        return try send(request, number) { (frame) throws(RPMsgBusError) in
          try endpoint.trySend(frame)
        }
      } catch {
        guard error == .wouldBlock, MonotonicTime.now < deadline else { throw error }
      }
      do { try await Task.sleep(for: pause) } catch { throw .wouldBlock }
      pause = min(pause * 2, .milliseconds(5))
    }
  }
}
