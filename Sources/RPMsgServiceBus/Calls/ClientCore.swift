import RPMsg
import RPMsgServices
import Scheduling

/// What the threads of one client share.
final class ClientCore<Service: RPMsgService>: Sendable {
  typealias Answer = Result<Service.Response, ServiceCallError>

  /// A call that waits.
  struct Pending {
    var waiter: CallWaiter<Service.Response>?
    /// An answer that came before anybody waited for it.
    var answer: Answer?
    var start: MonotonicTime
    var deadline: MonotonicTime
    var number: UInt32
  }

  struct State: ~Copyable {
    var table: CallTable
    var pending: [Pending?]
    var parkers: [CallParker<Service.Response>] = []
    var isGone = false
    var statistics = ServiceClientStatistics()
  }

  let state: Guarded<State>
  let events: EventQueue<Service.Event>
  private let server: EndpointAddress
  private let dropHandler: @Sendable (ServiceDrop) -> Void

  init(
    _ options: ServiceClientOptions, server: EndpointAddress,
    dropHandler: @escaping @Sendable (ServiceDrop) -> Void
  ) {
    state = Guarded(
      State(
        table: CallTable(capacity: options.maximumCallCount),
        pending: Array(repeating: nil, count: options.maximumCallCount)))
    events = EventQueue(capacity: options.eventCapacity, policy: options.eventOverflow)
    self.server = server
    self.dropHandler = dropHandler
  }

  /// Enters a call, before it is sent.
  func open(within timeout: Duration) throws(ServiceCallError) -> (UInt32, MonotonicTime) {
    let start = MonotonicTime.now
    let deadline = start.advanced(by: timeout)
    return try state.withLock { (state) throws(ServiceCallError) in
      guard !state.isGone else { throw .remoteGone }
      do throws(RPMsgServiceError) {
        let entry = try state.table.open()
        state.pending[entry.place] = Pending(
          start: start, deadline: deadline, number: entry.number)
        state.statistics.calls += 1
        return (entry.number, deadline)
      } catch { throw .tooManyCalls(limit: state.table.capacity) }
    }
  }

  /// How a call is when somebody comes to wait for it.
  enum Standing {
    case waiting
    case answered(Answer)
    case over
  }

  /// Says who waits for call `number`, unless it is over already.
  func wait(for number: UInt32, _ waiter: CallWaiter<Service.Response>) -> Standing {
    state.withLock { state in
      guard case .waiting(let place) = state.table.match(number) else { return .over }
      if let answer = state.pending[place]?.answer {
        _ = state.table.close(number, as: .answered)
        state.pending[place] = nil
        return .answered(answer)
      }
      state.pending[place]?.waiter = waiter
      return .waiting
    }
  }

  /// A place for a thread to wait at.
  func takeParker() -> CallParker<Service.Response> {
    state.withLock { $0.parkers.popLast() } ?? CallParker()
  }

  func give(back parker: CallParker<Service.Response>) {
    state.withLock { $0.parkers.append(parker) }
  }

  /// Gives up call `number` unless it is over: whoever waits gets `error`.
  func abandon(_ number: UInt32, _ error: ServiceCallError) {
    let waiter = state.withLock { state -> CallWaiter<Service.Response>? in
      guard case .waiting(let place) = state.table.close(number, as: .abandoned) else {
        return nil
      }
      state.statistics.abandonedCalls += 1
      return state.pending[place].take()?.waiter
    }
    waiter?.finish(.failure(error))
  }

  /// Gives up the calls whose time is over; returns when the next one's is.
  func expire() -> MonotonicTime? {
    let now = MonotonicTime.now
    var overdue: [Pending] = []
    let next = state.withLock { state -> MonotonicTime? in
      var next: MonotonicTime?
      for place in state.pending.indices {
        guard let call = state.pending[place] else { continue }
        guard call.deadline <= now, call.waiter != nil else {
          next = min(next ?? call.deadline, max(call.deadline, now.advanced(by: .milliseconds(1))))
          continue
        }
        _ = state.table.close(call.number, as: .abandoned)
        state.statistics.abandonedCalls += 1
        state.pending[place] = nil
        overdue.append(call)
      }
      return next
    }
    for call in overdue {
      call.waiter?.finish(.failure(.timedOut(after: now.since(call.start))))
    }
    return next
  }

  /// Fails all calls and ends the events, once.
  func end() {
    let waiters = state.withLock { state -> [CallWaiter<Service.Response>] in
      state.isGone = true
      var waiters: [CallWaiter<Service.Response>] = []
      for place in state.pending.indices {
        guard let call = state.pending[place].take() else { continue }
        _ = state.table.close(call.number, as: .abandoned)
        if let waiter = call.waiter { waiters.append(waiter) }
      }
      return waiters
    }
    for waiter in waiters { waiter.finish(.failure(.remoteGone)) }
    events.finish()
  }
}

// What comes from the server.
extension ClientCore {
  /// Acts on a message.
  func receive(_ header: RPMsgHeader, _ payload: RawSpan) {
    guard header.source == server else { return drop(.wrongSource(header.source)) }
    do throws(RPMsgServiceError) {
      let frame = try ServiceFrame(decoding: payload)
      switch frame.kind {
      case .response: answered(frame, payload)
      case .event: try happened(frame, payload)
      case .request: throw .unknownKind(frame.kind.rawValue)
      }
    } catch { drop(.malformed(error)) }
  }

  private func answered(_ frame: ServiceFrame, _ payload: RawSpan) {
    let answer = Self.answer(frame, payload)
    var waiter: CallWaiter<Service.Response>?
    let match = state.withLock { state -> CallTable.Match in
      let match = state.table.match(frame.number)
      guard case .waiting(let place) = match else { return match }
      if state.pending[place]?.answer != nil { return .duplicate }
      state.statistics.answers += 1
      guard state.pending[place]?.waiter != nil else {
        state.pending[place]?.answer = answer
        return match
      }
      waiter = state.pending[place].take()?.waiter
      return state.table.close(frame.number, as: .answered)
    }
    switch match {
    case .waiting: waiter?.finish(answer)
    case .late: drop(.late(number: frame.number))
    case .duplicate: drop(.duplicate(number: frame.number))
    case .unknown: drop(.unknown(number: frame.number))
    }
  }

  private static func answer(_ frame: ServiceFrame, _ payload: RawSpan) -> Answer {
    guard frame.status == .done else { return .failure(.refused(frame.status)) }
    do throws(RPMsgServiceError) {
      return .success(try ServiceFrame.message(in: payload))
    } catch { return .failure(.malformedResponse(error)) }
  }

  private func happened(
    _ frame: ServiceFrame, _ payload: RawSpan
  ) throws(RPMsgServiceError) {
    let event: Service.Event = try ServiceFrame.message(in: payload)
    let (kept, missed) = events.push(event, number: frame.number)
    state.withLock { state in
      state.statistics.events += 1
      state.statistics.missedEvents += UInt64(missed)
      if !kept { state.statistics.droppedEvents += 1 }
    }
  }

  private func drop(_ reason: ServiceDrop) {
    state.withLock { $0.statistics.droppedFrames += 1 }
    dropHandler(reason)
  }
}
