import Scheduling

/// Time since the chip was started, in nanoseconds: of the host's clock or of counted cycles.
struct ChipClock: Sendable {
  private enum Source {
    case monotonic(start: UInt64)
    case cycles(frequencyInHertz: UInt64)
  }

  private var source: Source
  /// Cycles of a stepped run: one for each instruction and those slept through.
  private(set) var cycles: UInt64 = 0

  /// The host's clock, from now on.
  static var monotonic: ChipClock {
    ChipClock(source: .monotonic(start: MonotonicTime.now.nanoseconds))
  }

  /// A clock that only ``advance(cycles:)`` moves.
  static func cycles(frequencyInHertz: UInt64) -> ChipClock {
    ChipClock(source: .cycles(frequencyInHertz: frequencyInHertz))
  }

  private init(source: Source) { self.source = source }

  /// The same kind of clock, started now.
  var restarted: ChipClock {
    switch source {
    case .monotonic: .monotonic
    case .cycles(let frequency): .cycles(frequencyInHertz: frequency)
    }
  }

  /// Nanoseconds since the start.
  var nanoseconds: UInt64 {
    switch source {
    case .monotonic(let start): MonotonicTime.now.nanoseconds &- start
    case .cycles(let frequency):
      UInt64(clamping: UInt128(cycles) * 1_000_000_000 / UInt128(frequency))
    }
  }

  /// The moment `nanoseconds` after the start, on the host's clock.
  func moment(at nanoseconds: UInt64) -> MonotonicTime {
    guard case .monotonic(let start) = source else { return .now }
    let (sum, overflow) = start.addingReportingOverflow(nanoseconds)
    return MonotonicTime(nanoseconds: overflow ? .max : sum)
  }

  /// Cycles left until `nanoseconds` after the start, rounded up; at least 1.
  func cycles(until nanoseconds: UInt64) -> UInt64 {
    guard case .cycles(let frequency) = source else { return .max }
    let wanted = (UInt128(nanoseconds) * UInt128(frequency) + 999_999_999) / 1_000_000_000
    return wanted > UInt128(cycles) ? UInt64(clamping: wanted - UInt128(cycles)) : 1
  }

  /// Moves a clock of cycles on; without effect on the host's clock.
  mutating func advance(cycles count: UInt64) { cycles &+= count }
}
