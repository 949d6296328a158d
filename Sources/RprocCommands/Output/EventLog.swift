package import Scheduling
import Synchronization

/// The one place where a run's events come together, in the order of their times.
///
/// Any thread may add, and never waits for the terminal: one thread takes the events out and
/// writes them. What comes faster than it can be written is dropped and counted, except for the
/// few events that decide about the run.
package final class EventLog: Sendable {
  private struct State {
    var records: [EventRecord] = []
    var textByteCount = 0
    var dropped = 0
  }

  /// Most events that wait to be written.
  package static let maxCount = 65_536
  /// Most bytes of text in events that wait to be written.
  package static let maxTextByteCount = 16 << 20

  private let state = Guarded(State())
  private let word = FutexWord()
  private let start: MonotonicTime

  /// Counts times from `start`.
  package init(start: MonotonicTime = .now) { self.start = start }

  /// Adds `event` with the time of this call.
  package func add(_ event: Event) {
    let size = event.textByteCount
    state.withLock { state in
      let isFull =
        state.records.count >= Self.maxCount
        || state.textByteCount + size > Self.maxTextByteCount
      if isFull && event.mayBeDropped {
        state.dropped += 1
        return
      }
      state.textByteCount += size
      state.records.append(EventRecord(nanoseconds: now, event: event))
    }
    wake()
  }

  /// Makes a ``wait(until:)`` return soon.
  package func wake() {
    // ORDERING: after the event is in the list, so that who sees the new number finds it.
    word.value.wrappingAdd(1, ordering: .releasing)
    word.wake(1)
  }

  /// Takes out all events, oldest first.
  package func take() -> [EventRecord] {
    state.withLock { state in
      defer { state = State() }
      guard state.dropped > 0 else { return state.records }
      let lost = EventRecord(nanoseconds: now, event: .lost(count: state.dropped))
      return state.records + [lost]
    }
  }

  /// Takes out all events; waits for one, or until `deadline`, when there is none.
  ///
  /// May return without any before the deadline. One thread at a time.
  package func wait(until deadline: MonotonicTime) -> [EventRecord] {
    // ORDERING: read before the look into the list, so an event after that look changes it.
    let seen = word.value.load(ordering: .acquiring)
    let records = take()
    guard records.isEmpty else { return records }
    word.wait(while: seen, until: deadline)
    return take()
  }

  /// Nanoseconds since the start.
  package var now: UInt64 { MonotonicTime.now.nanoseconds - start.nanoseconds }
}

extension Event {
  /// Whether a flood of such events may lose some.
  fileprivate var mayBeDropped: Bool {
    switch self {
    case .trace, .console, .channel, .message, .skipped: true
    default: false
    }
  }

  fileprivate var textByteCount: Int {
    switch self {
    case .trace(_, let text), .console(let text): text.utf8.count
    case .message(let message): message.text?.utf8.count ?? 0
    default: 0
    }
  }
}
