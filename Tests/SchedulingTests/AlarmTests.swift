import Scheduling
import Synchronization
import Testing

@Suite("Alarms", .timeLimit(.minutes(1)))
struct AlarmTests {
  private final class Calls: Sendable {
    let count = Atomic<Int>(0)
    let word = FutexWord()

    func add() {
      count.add(1, ordering: .sequentiallyConsistent)
      word.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
      word.wake()
    }

    /// Blocks until there were `wanted` calls; `false` after 20 seconds.
    func wait(for wanted: Int) -> Bool {
      let deadline = MonotonicTime.now.advanced(by: .seconds(20))
      while true {
        let seen = word.value.load(ordering: .sequentiallyConsistent)
        if count.load(ordering: .sequentiallyConsistent) >= wanted { return true }
        if deadline <= .now { return false }
        word.wait(while: seen, until: deadline)
      }
    }
  }

  @Test("An alarm is never early, and an earlier time counts")
  func earliest() {
    let calls = Calls()
    let alarm = Alarm {
      calls.add()
      return nil
    }
    let start = MonotonicTime.now
    alarm.set(for: start.advanced(by: .seconds(1000)))
    alarm.set(for: start.advanced(by: .milliseconds(20)))
    alarm.set(for: start.advanced(by: .seconds(500)))
    #expect(calls.wait(for: 1))
    #expect(MonotonicTime.now.since(start) >= .milliseconds(20))
    // It is not set any more, and can be set again.
    alarm.set(for: .now)
    #expect(calls.wait(for: 2))
    alarm.cancel()
  }

  @Test("The function says when it wants to be called again")
  func again() {
    let calls = Calls()
    let start = MonotonicTime.now
    let alarm = Alarm {
      calls.add()
      return calls.count.load(ordering: .relaxed) < 5 ? .now.advanced(by: .milliseconds(2)) : nil
    }
    alarm.set(for: start)
    #expect(calls.wait(for: 5))
    #expect(MonotonicTime.now.since(start) >= .milliseconds(8))
    alarm.cancel()
    let seen = calls.count.load(ordering: .relaxed)
    alarm.set(for: .now)
    #expect(calls.count.load(ordering: .relaxed) == seen)
  }
}
