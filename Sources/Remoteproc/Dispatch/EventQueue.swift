/// Events that wait for the dispatcher: a bounded list that never loses how a run ended.
struct EventQueue {
  /// Console bytes and state words that may wait; a remote that floods loses the rest.
  static let capacity = 256

  private var events: [PlatformEvent] = []
  /// Events that were dropped because the list was full.
  private(set) var droppedCount: UInt64 = 0

  var isEmpty: Bool { events.isEmpty }

  mutating func append(_ event: PlatformEvent) {
    guard events.count < Self.capacity || isFinal(event) else {
      droppedCount &+= 1
      return
    }
    if isFinal(event), events.contains(where: isFinal) { return }
    events.append(event)
  }

  mutating func takeAll() -> [PlatformEvent] {
    defer { events = [] }
    return events
  }

  private func isFinal(_ event: PlatformEvent) -> Bool {
    switch event {
    case .crash, .exited: true
    case .console, .stateWord: false
    }
  }
}
