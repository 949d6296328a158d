import RPMsg
import Scheduling
import Synchronization

/// Sends numbered messages to a channel that sends each back, and checks every byte.
///
/// The next message goes out from the handler of the answer before it, so that the thread that
/// runs the ping adds nothing to the latency. In steady state no memory is taken.
public final class PingClient: Sendable {
  private let state: Guarded<PingState>
  private let done = FutexWord()

  private init(_ options: PingOptions) {
    state = Guarded(PingState(options))
  }

  /// Opens `channel`, exchanges all messages, and closes it again; blocks the calling thread.
  ///
  /// - Parameters:
  ///   - channel: one that nobody has opened.
  ///   - options: what to send.
  ///   - progress: called about ten times a second, on the calling thread, with how many messages
  ///     were dealt with so far.
  /// - Returns: what came of it; a remote that goes away in between is told by
  ///   ``PingResult/failure``.
  /// - Throws: what ``RPMsgChannel/open(at:whenClosed:whenReady:handler:)`` throws, and
  ///   ``RPMsgBusError/messageTooLong(byteCount:limit:)``; nothing was sent then.
  /// - Precondition: the options are in their ranges.
  public static func run(
    on channel: RPMsgChannel, _ options: PingOptions = PingOptions(),
    progress: (Int) -> Void = { _ in }
  ) throws(RPMsgBusError) -> PingResult {
    precondition((1...Int(UInt32.max)).contains(options.messageCount), "1...2^32 - 1 messages")
    precondition((1...4096).contains(options.window), "a window is 1...4096 messages")
    precondition(options.byteCount >= 0, "a size is not negative")
    precondition(options.timeoutLimit >= 1, "at least one timeout ends a run")
    let client = PingClient(options)
    let endpoint = try channel.open {
      client.fail(.remoteGone)
    } handler: { endpoint, _, payload in
      client.received(payload, by: endpoint)
    }
    let limit = endpoint.maximumByteCount
    guard options.byteCount <= limit else {
      endpoint.close()
      throw .messageTooLong(byteCount: options.byteCount, limit: limit)
    }
    client.exchange(with: endpoint, progress)
    let result = client.state.withLock { $0.result }
    endpoint.close()
    return result
  }

  private func exchange(with endpoint: RPMsgEndpoint, _ progress: (Int) -> Void) {
    while true {
      let seen = done.value.load(ordering: .acquiring)
      pump(endpoint)
      let now = MonotonicTime.now
      let (isDone, dealtWith) = state.withLock { state in
        state.giveUpIfStalled(now: now)
        return (state.isDone, state.result.receivedCount + state.result.lostCount)
      }
      progress(dealtWith)
      if isDone { return }
      done.wait(while: seen, until: now.advanced(by: .milliseconds(100)))
    }
  }

  /// Sends as many messages as may be under way; one thread at a time does so.
  private func pump(_ endpoint: RPMsgEndpoint) {
    while var claim = state.withLock({ $0.beginSending() }) {
      PingPattern.fill(&claim.buffer, number: claim.number)
      var failure: RPMsgBusError?
      do throws(RPMsgBusError) {
        // SAFETY: bytes have no padding.
        try unsafe endpoint.trySend(claim.buffer.span.bytes)
      } catch { failure = error }
      let goesOn = state.withLock { $0.endSending(claim.buffer, failure) }
      guard goesOn else { return wakeIfDone() }
    }
  }

  private func received(_ payload: RawSpan, by endpoint: RPMsgEndpoint) {
    state.withLock { $0.receive(payload) }
    pump(endpoint)
    wakeIfDone()
  }

  private func fail(_ error: RPMsgBusError) {
    state.withLock { state in
      if !state.isDone { state.result.failure = error }
    }
    wakeIfDone()
  }

  private func wakeIfDone() {
    guard state.withLock({ $0.isDone }) else { return }
    done.value.store(1, ordering: .releasing)
    done.wake()
  }
}
