/// Limits how fast a core can send events, as a serial line limits what is written to it.
///
/// A core that wrote too much waits; nothing is lost and the host's memory stays bounded by what
/// arrives while it reads.
package struct EventBudget: Equatable, Sendable {
  /// Events that can be sent at once.
  package static let burst: UInt64 = 128
  /// Nanoseconds after which one more event may be sent.
  package static let refillInNanoseconds: UInt64 = 100_000

  // The time at which the budget is full again; a moment before that it lacks some events.
  private var fullAt: UInt64 = 0

  package init() {}

  /// An event is sent at `nanoseconds`.
  package mutating func spend(at nanoseconds: UInt64) {
    fullAt = max(fullAt, nanoseconds) &+ Self.refillInNanoseconds
  }

  /// When the next event may be sent; not later than `nanoseconds` if that is now.
  package func nextTime(at nanoseconds: UInt64) -> UInt64 {
    let span = Self.burst * Self.refillInNanoseconds
    return fullAt > nanoseconds &+ span ? fullAt - span : nanoseconds
  }
}
