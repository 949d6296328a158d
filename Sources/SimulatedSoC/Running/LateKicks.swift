import Scheduling

/// Kicks of the host on a stepped chip, which reach the core at the next run, some cycles late.
struct LateKicks: ~Copyable, Sendable {
  struct State: Sendable {
    var bits: UInt32 = 0
    var random: UInt64
  }

  private let state: Guarded<State>

  init(seed: UInt64) { state = Guarded(State(random: seed)) }

  func add(_ bits: UInt32) { state.withLock { $0.bits |= bits } }

  func drop() { state.withLock { $0.bits = 0 } }

  /// The kicks and after how many cycles they arrive, at once for seed 0; `nil` without any.
  func take() -> (bits: UInt32, delay: UInt64)? {
    state.withLock { state in
      guard state.bits != 0 else { return nil }
      let bits = state.bits
      state.bits = 0
      guard state.random != 0 else { return (bits, 0) }
      // SplitMix64's constants; only the spread of the delays matters.
      state.random = (state.random ^ state.random >> 27) &* 0x94d0_49bb_1331_11eb | 1
      return (bits, state.random >> 56)
    }
  }
}
