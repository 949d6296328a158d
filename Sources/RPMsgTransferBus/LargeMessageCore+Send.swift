import RPMsg
import RPMsgBus
import RPMsgTransfers
import Scheduling

// Sending.
extension LargeMessageCore {
  /// Puts a message into the queue; its waiter is finished at its end, whatever that is.
  ///
  /// Returns its number; `nil`: it has ended already.
  func enqueue(_ bytes: [UInt8], within timeout: Duration, _ waiter: SendWaiter) -> UInt64? {
    let start = MonotonicTime.now
    let deadline = start.advanced(by: timeout)
    var id: UInt64?
    let notices = state.withLock { state -> Notices in
      var notices = Notices()
      // Checked under the lock that the cancellation takes: one of the two sees the other.
      if case .task = waiter, Task.isCancelled {
        notices.finished.append((waiter, .cancelled))
      } else if state.isGone {
        notices.finished.append((waiter, .remoteGone))
      } else if state.outgoing.count >= options.queuedMessageCount {
        notices.finished.append((waiter, .tooManyMessages(limit: options.queuedMessageCount)))
      } else {
        state.nextID += 1
        id = state.nextID
        state.outgoing.append(
          OutgoingMessage(
            id: state.nextID, bytes: bytes, start: start, deadline: deadline, waiter: waiter))
        startNext(&state, &notices)
      }
      return notices
    }
    tell(notices)
    if id != nil {
      wake(at: deadline)
      pump()
    }
    return id
  }

  /// Gives up a message, unless it is over.
  func cancel(_ id: UInt64) {
    let notices = state.withLock { state -> Notices in
      var notices = Notices()
      guard let index = state.outgoing.firstIndex(where: { $0.id == id }) else { return notices }
      remove(index, .unwanted, .cancelled, &state, &notices)
      startNext(&state, &notices)
      return notices
    }
    tell(notices)
    pump()
  }

  private func remove(
    _ index: Int, _ reason: TransferReason, _ failure: LargeMessageError,
    _ state: inout State, _ notices: inout Notices
  ) {
    let message = state.outgoing.remove(at: index)
    if message.isStarted { _ = state.link?.cancelSending(reason) }
    notices.finished.append((message.waiter, failure))
  }

  /// Sends the frames that may be sent now; one thread at a time does, others leave it to that.
  func pump() {
    let (taken, endpoint) = state.withLock { ($0.scratch.take(), $0.endpoint) }
    guard var scratch = taken else { return }
    guard let endpoint else { return giveBack(scratch) }
    while let frame = nextFrame(&scratch) {
      do throws(RPMsgBusError) {
        // SAFETY: bytes have no padding.
        let bytes = unsafe scratch.span.bytes
        try endpoint.trySend(bytes.extracting(first: frame.byteCount), to: frame.destination)
      } catch {
        takeBack(frame.frame, scratch)
        if error == .wouldBlock { wake(at: .now.advanced(by: Self.ringRetry)) } else { end() }
        return
      }
    }
  }

  /// How long a channel waits before it looks again for a buffer that others hold.
  private static var ringRetry: Duration { .microseconds(200) }

  private func giveBack(_ scratch: consuming [UInt8]) {
    let scratch = scratch
    state.withLock { $0.scratch = scratch }
  }

  /// Notes that a frame found no buffer.
  private func takeBack(_ frame: TransferFrame, _ scratch: consuming [UInt8]) {
    let scratch = scratch
    state.withLock { state in
      state.link?.didNotSend(frame)
      state.scratch = scratch
    }
  }

  private struct EncodedFrame {
    let frame: TransferFrame
    let byteCount: Int
    let destination: EndpointAddress
  }

  /// Encodes the next frame and notes it as sent, as the remote may answer before `trySend`
  /// returns; gives `scratch` back under the same lock when there is none, so that whoever comes
  /// later finds it.
  private func nextFrame(_ scratch: inout [UInt8]) -> EncodedFrame? {
    state.withLock { state in
      let capacity = scratch.count - TransferFrame.dataHeaderByteCount
      guard let frame = state.link?.nextFrame(capacity: capacity),
        let destination = state.link?.peer
      else {
        state.scratch = scratch
        return nil
      }
      state.link?.didSend(frame)
      var span = scratch.mutableSpan
      // SAFETY: every bit pattern is a valid byte.
      var buffer = unsafe span.mutableBytes
      guard case .data = frame, let message = state.outgoing.first else {
        return EncodedFrame(
          frame: frame, byteCount: frame.encodeHeader(into: &buffer), destination: destination)
      }
      // SAFETY: bytes have no padding.
      let count = unsafe frame.encode(into: &buffer, message: message.bytes.span.bytes)
      return EncodedFrame(frame: frame, byteCount: count, destination: destination)
    }
  }
}

// Time.
extension LargeMessageCore {
  /// Gives up what takes too long, and sends what a full ring has held up; returns when to look
  /// again.
  func expire() -> MonotonicTime? {
    let now = MonotonicTime.now
    var next: MonotonicTime?
    let notices = state.withLock { state -> Notices in
      var notices = Notices()
      for index in state.outgoing.indices.reversed() where state.outgoing[index].deadline <= now {
        let elapsed = now.since(state.outgoing[index].start)
        remove(index, .timedOut, .timedOut(after: elapsed), &state, &notices)
      }
      startNext(&state, &notices)
      next = state.outgoing.map(\.deadline).min()
      if state.progress != nil, state.heldCount == nil {
        let limit = state.progressTime.advanced(by: options.stallTimeout)
        if limit > now {
          next = min(next ?? limit, limit)
        } else if state.link?.cancelReceiving(.timedOut) == true {
          state.progress = nil
          notices.events.append(.receiveFailed(.refused(.timedOut)))
        }
      }
      return notices
    }
    tell(notices)
    pump()
    return next
  }
}
