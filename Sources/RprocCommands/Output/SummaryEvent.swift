/// What a run came to.
package struct SummaryEvent: Equatable, Sendable {
  /// Messages that were answered or received.
  package var messages: UInt64 = 0
  /// Bytes of payload of these messages.
  package var bytes: UInt64 = 0
  /// Time since the start of the processor.
  package var seconds: Double = 0
  /// Instructions that the simulated core ran; none for other platforms.
  package var instructions: UInt64?
  /// Time that the simulated core ran.
  package var busySeconds: Double?
  /// Messages that were not answered.
  package var lost: UInt64 = 0
  /// Answers that differed from what was sent.
  package var wrong: UInt64 = 0
  /// Messages answered in each second of the exchange.
  package var rate: Double?
  /// Times from sending to the answer.
  package var latency: Latency?

  /// A run in which nothing happened.
  package init() {}

  /// Percentiles of round trips, in nanoseconds.
  package struct Latency: Equatable, Sendable {
    package var p50: UInt64
    package var p90: UInt64
    package var p99: UInt64
    package var max: UInt64

    /// Makes the four percentiles.
    package init(p50: UInt64, p90: UInt64, p99: UInt64, max: UInt64) {
      self.p50 = p50
      self.p90 = p90
      self.p99 = p99
      self.max = max
    }
  }

  /// Millions of instructions for each second that the core ran.
  package var mips: Double? {
    guard let instructions, let busySeconds, busySeconds > 0 else { return nil }
    return Double(instructions) / busySeconds / 1e6
  }
}
