import RPMsg
public import RPMsgBus
import RPMsgTransfers
import Scheduling
public import WireTypes

/// Messages of up to 1 MiB, or another limit, over the plain buffers of a bus.
///
/// With a peer that knows the protocol a message goes in fragments, at the pace of its receiver's
/// credit, and is over when the receiver has said that it has all of it. With a peer that does not,
/// messages that fit into a buffer go as plain ones and longer ones are refused, before anything is
/// sent. Any thread may call.
public final class LargeMessageChannel: Sendable {
  /// Called for each message, on the thread that feeds the bus notifications.
  ///
  /// The bytes are valid during the call only. It may send.
  public typealias Handler = @Sendable (_ endpoint: RPMsgEndpoint, _ message: RawSpan) -> Void

  /// Our end of the channel.
  public let endpoint: RPMsgEndpoint
  /// Whether the peer does not know large messages.
  public let isPlain: Bool
  private let core: LargeMessageCore

  /// Opens the service of `channel` for large messages if the remote has announced that, else
  /// `channel` itself for plain ones.
  ///
  /// A remote announces the name for large messages before the plain one, so whoever has got the
  /// plain channel knows which it is.
  ///
  /// - Parameters:
  ///   - channel: the plain channel of the service, or that for large messages.
  ///   - bus: the bus of the channel.
  ///   - options: limits.
  ///   - handler: gets each message; `nil`: they are read from ``messages``.
  ///   - eventHandler: told of dropped frames and failed messages, without a lock held.
  /// - Precondition: the options are in their ranges.
  /// - Throws: ``LargeMessageError/bus(_:)``.
  public convenience init(
    opening channel: RPMsgChannel, on bus: RPMsgHostBus,
    options: LargeMessageOptions = LargeMessageOptions(),
    handler: Handler? = nil,
    eventHandler: @escaping @Sendable (LargeMessageEvent) -> Void = { _ in }
  ) throws(LargeMessageError) {
    var chosen = channel
    if !TransferName.isCompanion(channel.name) {
      let companion = TransferName.companion(of: channel.name)
      chosen = bus.channels.first { $0.name == companion } ?? channel
    }
    try self.init(chosen, options, eventHandler, handler)
  }

  private init(
    _ channel: RPMsgChannel, _ options: LargeMessageOptions,
    _ eventHandler: @escaping @Sendable (LargeMessageEvent) -> Void, _ handler: Handler?
  ) throws(LargeMessageError) {
    isPlain = !TransferName.isCompanion(channel.name)
    let frameByteCount = channel.maximumByteCount
    let link =
      isPlain
      ? nil
      : Self.makeLink(options, frameByteCount: frameByteCount, opening: channel.remoteAddress)
    let core = LargeMessageCore(
      options, link: link, frameByteCount: frameByteCount, handler: handler,
      eventHandler: eventHandler)
    self.core = core
    do throws(RPMsgBusError) {
      endpoint = try channel.open(whenClosed: { core.end() }) { endpoint, header, payload in
        core.receive(header, payload, on: endpoint)
      }
    } catch {
      core.end()
      throw .bus(error)
    }
    if isPlain { try greetPlainly() }
    start()
  }

  /// Announces `service` for large messages and waits for the remote to greet; announce the plain
  /// service, if there is one, afterwards.
  ///
  /// - Parameters:
  ///   - service: the plain name of the service; at most 28 bytes.
  ///   - bus: where to announce.
  ///   - options: limits.
  ///   - handler: gets each message; `nil`: they are read from ``messages``.
  ///   - eventHandler: told of dropped frames and failed messages, without a lock held.
  /// - Precondition: the options are in their ranges.
  /// - Throws: ``LargeMessageError/bus(_:)`` or
  ///   ``LargeMessageError/nameTooLong(byteCount:limit:)``.
  public init(
    announcing service: WireName, on bus: RPMsgHostBus,
    options: LargeMessageOptions = LargeMessageOptions(),
    handler: Handler? = nil,
    eventHandler: @escaping @Sendable (LargeMessageEvent) -> Void = { _ in }
  ) throws(LargeMessageError) {
    guard let name = TransferName.companion(of: service) else {
      throw .nameTooLong(byteCount: service.byteCount, limit: 28)
    }
    isPlain = false
    let link = Self.makeLink(options, frameByteCount: bus.maximumByteCount, opening: nil)
    let core = LargeMessageCore(
      options, link: link, frameByteCount: bus.maximumByteCount, handler: handler,
      eventHandler: eventHandler)
    self.core = core
    do throws(RPMsgBusError) {
      endpoint = try bus.makeEndpoint(announcing: name, whenClosed: { core.end() }) {
        endpoint, header, payload in core.receive(header, payload, on: endpoint)
      }
    } catch { throw .bus(error) }
    start()
  }

  deinit { endpoint.close() }

  /// Sends an empty message, by which a plain remote learns our address.
  private func greetPlainly() throws(LargeMessageError) {
    do throws(RPMsgBusError) {
      let nothing: [UInt8] = []
      // SAFETY: bytes have no padding.
      try unsafe endpoint.send(nothing.span.bytes, within: .seconds(1))
    } catch {
      endpoint.close()
      throw .bus(error)
    }
  }

  private static func makeLink(
    _ options: LargeMessageOptions, frameByteCount: Int, opening peer: EndpointAddress?
  ) -> TransferLink {
    precondition(
      options.transmitBufferCount >= 1 && options.bufferedMessageCount >= 1
        && options.queuedMessageCount >= 1, "at least one buffer and one message")
    let fragment = max(frameByteCount - TransferFrame.dataHeaderByteCount, 1)
    let (window, overflow) = fragment.multipliedReportingOverflow(by: options.transmitBufferCount)
    return TransferLink(
      session: .random(in: 0...UInt32.max),
      limits: TransferLink.Limits(
        messageByteCount: options.maximumByteCount, receiveWindow: options.receiveWindow,
        sendWindow: overflow ? .max : window),
      opening: peer)
  }

  /// Lets the core send, and greets.
  private func start() {
    core.state.withLock { [endpoint] state in
      // It may be gone again already.
      if !state.isGone { state.endpoint = endpoint }
    }
    core.pump()
  }

  /// Whether the peer has greeted, so that messages go; at once with a plain peer.
  public var isOpen: Bool { isPlain || core.state.withLock { $0.link?.isOpen == true } }

  /// What the channel has counted so far.
  public var statistics: LargeMessageStatistics {
    core.state.withLock { state in
      var statistics = state.statistics
      if let transfers = state.link?.statistics { statistics.transfers = transfers }
      return statistics
    }
  }

  /// The messages that come, if the channel was opened without a handler.
  public var messages: LargeMessageStream { LargeMessageStream(core: core) }

  /// Closes the channel: messages that wait fail with ``LargeMessageError/remoteGone``.
  public func close() { endpoint.close() }
}

// Sending.
extension LargeMessageChannel {
  /// Sends `message`, and blocks the calling thread until the remote has all of it.
  ///
  /// Do not call it in a handler of the same bus: no credit is received until that returns.
  ///
  /// - Throws: ``LargeMessageError/timedOut(after:)``, ``LargeMessageError/transfer(_:)``,
  ///   ``LargeMessageError/remoteGone``, ``LargeMessageError/tooManyMessages(limit:)``,
  ///   ``LargeMessageError/peerIsPlain(byteCount:limit:)``, ``LargeMessageError/bus(_:)``.
  public func sendLargeAndWait(
    _ message: [UInt8], within timeout: Duration
  ) throws(LargeMessageError) {
    if isPlain {
      try checkPlain(message)
      do throws(RPMsgBusError) {
        // SAFETY: bytes have no padding.
        try unsafe endpoint.send(message.span.bytes, within: timeout)
        return core.state.withLock { $0.statistics.plainSent += 1 }
      } catch { throw Self.failure(error) }
    }
    let parker = SendParker()
    _ = core.enqueue(message, within: timeout, .thread(parker))
    if let failure = parker.wait() { throw failure }
  }

  /// Sends `message`, and lets the task wait until the remote has all of it.
  ///
  /// - Throws: ``LargeMessageError/cancelled``, and as ``sendLargeAndWait(_:within:)``.
  public func sendLarge(
    _ message: [UInt8], within timeout: Duration
  ) async throws(LargeMessageError) {
    if isPlain { return try await sendPlain(message, within: timeout) }
    let ticket = SendTicket()
    let failure = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let id = core.enqueue(message, within: timeout, .task(continuation)) {
          // Cancelled between the two: nobody but us knows the number.
          if ticket.note(id) { core.cancel(id) }
        }
      }
    } onCancel: {
      if let id = ticket.cancel() { core.cancel(id) }
    }
    if let failure { throw failure }
  }

  private func checkPlain(_ message: [UInt8]) throws(LargeMessageError) {
    guard message.count <= endpoint.maximumByteCount else {
      throw .peerIsPlain(byteCount: message.count, limit: endpoint.maximumByteCount)
    }
  }

  private func sendPlain(
    _ message: [UInt8], within timeout: Duration
  ) async throws(LargeMessageError) {
    try checkPlain(message)
    let start = MonotonicTime.now
    var pause = Duration.microseconds(50)
    while true {
      do throws(RPMsgBusError) {
        // SAFETY: bytes have no padding.
        try unsafe endpoint.trySend(message.span.bytes)
        return core.state.withLock { $0.statistics.plainSent += 1 }
      } catch {
        guard error == .wouldBlock else { throw Self.failure(error) }
        let elapsed = MonotonicTime.now.since(start)
        if elapsed >= timeout { throw .timedOut(after: elapsed) }
      }
      do { try await Task.sleep(for: pause) } catch { throw .cancelled }
      pause = min(pause * 2, .milliseconds(5))
    }
  }

  private static func failure(_ error: RPMsgBusError) -> LargeMessageError {
    switch error {
    case .remoteGone, .endpointGone: .remoteGone
    case .timedOut(let time): .timedOut(after: time)
    default: .bus(error)
    }
  }
}

/// The number of a message that a task sends, or the word that the task was cancelled before.
private final class SendTicket: Sendable {
  private struct State {
    var id: UInt64?
    var isCancelled = false
  }

  private let state = Guarded(State())

  /// Notes the number; `true` when the task was cancelled before.
  func note(_ id: UInt64) -> Bool {
    state.withLock { state in
      state.id = id
      return state.isCancelled
    }
  }

  /// Notes that the task was cancelled; returns the number if it is known.
  func cancel() -> UInt64? {
    state.withLock { state in
      state.isCancelled = true
      return state.id
    }
  }
}
