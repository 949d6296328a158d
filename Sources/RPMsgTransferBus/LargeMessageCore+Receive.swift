import RPMsg
import RPMsgBus
import RPMsgTransfers
import Scheduling
import WireTypes

// Receiving.
extension LargeMessageCore {
  /// Acts on a message; called by one thread at a time.
  func receive(_ header: RPMsgHeader, _ payload: RawSpan, on endpoint: RPMsgEndpoint) {
    var isPlain = false
    let notices = state.withLock { state -> Notices in
      var notices = Notices()
      isPlain = state.link == nil
      if isPlain {
        receivePlain(payload, &state, &notices)
      } else {
        receiveFrame(header, payload, &state, &notices)
      }
      return notices
    }
    tell(notices)
    if isPlain {
      if payload.byteCount > 0 { handler?(endpoint, payload) }
      return
    }
    if let count = notices.received { deliver(count, on: endpoint) }
    pump()
  }

  private func receivePlain(_ payload: RawSpan, _ state: inout State, _ notices: inout Notices) {
    // Without bytes: a peer that makes itself known.
    guard payload.byteCount > 0 else { return }
    state.statistics.plainReceived += 1
    guard handler == nil else { return }
    let message = (0..<payload.byteCount).map { payload.littleEndian(at: $0, as: UInt8.self) }
    if let reader = state.reader.take() {
      notices.reader = (reader, message)
    } else if state.inbox.count < max(options.bufferedMessageCount, 64) {
      state.inbox.append(message)
    } else {
      state.statistics.plainDropped += 1
    }
  }

  private func receiveFrame(
    _ header: RPMsgHeader, _ payload: RawSpan, _ state: inout State, _ notices: inout Notices
  ) {
    // Always there: the handler gives it back before the next message.
    guard var memory = state.memory.take() else { return }
    var span = memory.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var bytes = unsafe span.mutableBytes
    let events = state.link?.receive(payload, from: header.source, into: &bytes)
    state.memory = memory
    guard let events else { return }
    settle(events, &state, &notices)
    noteProgress(&state)
  }

  private func settle(
    _ events: TransferEvents, _ state: inout State, _ notices: inout Notices
  ) {
    if let error = events.receiveFailure { notices.events.append(.receiveFailed(error)) }
    if let error = events.drop { notices.events.append(.dropped(error)) }
    if let outcome = events.outcome, state.outgoing.first?.isStarted == true {
      let message = state.outgoing.removeFirst()
      switch outcome {
      case .delivered: notices.finished.append((message.waiter, nil))
      case .failed(let error): notices.finished.append((message.waiter, .transfer(error)))
      }
    }
    if events.isOpened || events.outcome != nil { startNext(&state, &notices) }
    if let count = events.received {
      if handler == nil { keep(count, &state, &notices) } else { notices.received = count }
    }
  }

  /// Starts the messages that wait to be sent, as far as can be.
  func startNext(_ state: inout State, _ notices: inout Notices) {
    while let next = state.outgoing.first, !next.isStarted, state.link?.isOpen == true {
      do throws(RPMsgTransferError) {
        try state.link?.send(byteCount: next.bytes.count)
        state.outgoing[0].isStarted = true
      } catch {
        state.outgoing.removeFirst()
        notices.finished.append((next.waiter, .transfer(error)))
      }
    }
  }

  /// Hands a complete message to who waits for one, or into the inbox, or leaves it where it is.
  private func keep(_ count: Int, _ state: inout State, _ notices: inout Notices) {
    var next: Int? = count
    while let count = next {
      let message = Array((state.memory ?? []).prefix(count))
      if let reader = state.reader.take() {
        notices.reader = (reader, message)
      } else if state.inbox.count < options.bufferedMessageCount {
        state.inbox.append(message)
      } else {
        state.heldCount = count
        return
      }
      next = state.link?.releaseMessage() == true ? 0 : nil
    }
  }

  /// Hands the message in the channel's memory to the handler, without the lock.
  private func deliver(_ count: Int, on endpoint: RPMsgEndpoint) {
    var next: Int? = count
    while let count = next {
      guard let memory = state.withLock({ $0.memory.take() }) else { return }
      // SAFETY: bytes have no padding.
      let bytes = unsafe memory.span.bytes
      handler?(endpoint, bytes.extracting(first: count))
      next = state.withLock { state in
        state.memory = memory
        return state.link?.releaseMessage() == true ? 0 : nil
      }
    }
  }

  private func noteProgress(_ state: inout State) {
    let progress = state.link?.receiveProgress
    guard progress != state.progress else { return }
    state.progress = progress
    state.progressTime = .now
    if progress != nil { wake(at: state.progressTime.advanced(by: options.stallTimeout)) }
  }
}

// Reading.
extension LargeMessageCore {
  /// The oldest message; waits for one, and is `nil` at the end or when the task is cancelled.
  func next() async -> [UInt8]? {
    let message = await withTaskCancellationHandler {
      await withCheckedContinuation { read($0) }
    } onCancel: {
      state.withLock { $0.reader.take() }?.resume(returning: nil)
    }
    // There may be credit to give for the next one.
    pump()
    return message
  }

  private func read(_ reader: Reader) {
    var message: [UInt8]?
    let isDone = state.withLock { state -> Bool in
      precondition(state.reader == nil, "two tasks wait for messages of one channel")
      if !state.inbox.isEmpty {
        message = state.inbox.removeFirst()
        var notices = Notices()
        // Into the place that is free now; nobody waits, so there is nothing to tell.
        if let held = state.heldCount.take() { keep(held, &state, &notices) }
        return true
      }
      // Checked under the lock that the cancellation takes: one of the two sees the other.
      if state.isGone || Task.isCancelled { return true }
      state.reader = reader
      return false
    }
    if isDone { reader.resume(returning: message) }
  }
}
