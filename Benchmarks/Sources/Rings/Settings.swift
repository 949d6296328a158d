import Foundation

/// What the environment asks for.
struct Settings {
  /// Measured rounds; each contains every test once.
  var rounds = 5
  /// Messages in each test of a round.
  var messages = 200_000
  var payloads = [16, 64, 256, 496]
  var oneThread = true
  var twoThreads = true
  /// Where the two threads sit.
  var processors = (0, 1)

  /// `RUNS`, `MESSAGES`, `SIZE` (one payload), `ONLY` (1: one thread, 2: two), `CPU_A`, `CPU_B`.
  init(isQuick: Bool, _ variables: [String: String] = ProcessInfo.processInfo.environment) {
    func number(_ name: String) -> Int? { variables[name].flatMap { Int($0) } }
    if isQuick { (rounds, messages, payloads) = (1, 2_000, [64]) }
    if let value = number("RUNS") { rounds = max(1, value) }
    if let value = number("MESSAGES") { messages = max(256, value) }
    // 64 messages at a time, and nothing left over.
    messages = messages / 64 * 64
    if let value = number("SIZE") { payloads = [min(max(value, 8), 496)] }
    oneThread = number("ONLY") != 2
    // Two threads that spin on one processor measure its scheduler.
    twoThreads = number("ONLY") != 1 && ProcessInfo.processInfo.activeProcessorCount > 1
    processors = (number("CPU_A") ?? 0, number("CPU_B") ?? 1)
  }
}
