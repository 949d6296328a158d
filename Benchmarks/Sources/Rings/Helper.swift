import CBench
import Foundation
import Synchronization

/// A second thread on a processor of its own, which spins for work.
final class Helper: @unchecked Sendable {
  private let state = Atomic<Int>(0)
  private var job: () -> Void = {}
  private let first = Placed(Atomic<UInt32>(0))
  private let second = Placed(Atomic<UInt32>(0))
  private static let idle = 0, started = 1, ended = 2

  init(processor: Int) {
    Thread.detachNewThread { [self] in
      _ = bench_pin(Int32(processor))
      while true {
        while state.load(ordering: .acquiring) != Self.started { bench_pause() }
        job()
        state.store(Self.ended, ordering: .releasing)
      }
    }
  }

  /// Runs `far` there and `near` here, at once; returns the time until both are done.
  func time(_ far: @escaping () -> Void, _ near: () -> Void) -> UInt64 {
    job = far
    let start = Clock.now
    state.store(Self.started, ordering: .releasing)
    near()
    while state.load(ordering: .acquiring) != Self.ended { bench_pause() }
    let time = Clock.now - start
    state.store(Self.idle, ordering: .relaxed)
    job = {}
    return time
  }

  /// Nanoseconds in which a cache line goes to the other processor and back.
  func probe(_ count: UInt32 = 5_000) -> Double {
    let (first, second) = (first.value, second.value)
    first.pointee.store(0, ordering: .relaxed)
    second.pointee.store(0, ordering: .relaxed)
    let time = time({
      for number in 1...count {
        while first.pointee.load(ordering: .acquiring) != number {}
        second.pointee.store(number, ordering: .releasing)
      }
    }) {
      for number in 1...count {
        first.pointee.store(number, ordering: .releasing)
        while second.pointee.load(ordering: .acquiring) != number {}
      }
    }
    return Double(time) / Double(count)
  }

  /// A measurement between two probes.
  func bracketed(_ count: Int, _ body: () -> UInt64) -> Sample {
    let switches = Clock.involuntarySwitches
    let before = probe()
    let time = body()
    let after = probe()
    // What moved in between belongs to no placement.
    let moved = Placement.isSame(before, after) ? 0 : 1
    return Sample(
      nanoseconds: Double(time) / Double(count),
      switches: Clock.involuntarySwitches - switches + moved, probe: (before + after) / 2)
  }
}
