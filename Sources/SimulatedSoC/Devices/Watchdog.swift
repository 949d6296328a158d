/// Counts the time a core runs without a word from its firmware; only the core touches it.
///
/// Only time in which the core really executed counts, and of one piece at most ``longestPiece``:
/// neither a host that is stopped nor one that is busy elsewhere makes it expire.
package struct Watchdog: Equatable, Sendable {
  /// Nanoseconds that one uninterrupted piece of execution counts at most.
  package static let longestPiece: UInt64 = 20_000_000

  /// Nanoseconds from feeding to expiry; `nil` when off.
  package private(set) var limit: UInt64?
  package init() {}

  private var used: UInt64 = 0
  /// Time up to which execution was counted.
  private var mark: UInt64 = 0

  /// Starts or feeds it; 0 stops it.
  package mutating func feed(milliseconds: UInt32, at nanoseconds: UInt64) {
    limit = milliseconds == 0 ? nil : UInt64(milliseconds) * 1_000_000
    used = 0
    mark = nanoseconds
  }

  /// The core begins or goes on to execute.
  package mutating func resume(at nanoseconds: UInt64) { mark = nanoseconds }

  /// The core executed until now; true when the time is over.
  package mutating func advance(to nanoseconds: UInt64) -> Bool {
    let piece = nanoseconds > mark ? nanoseconds - mark : 0
    mark = nanoseconds
    guard let limit else { return false }
    used += min(piece, Self.longestPiece)
    return used >= limit
  }
}
