import Remoteproc
import Scheduling
import Testing

@Suite("Recovery policy and crash history")
struct RecoveryPolicyTests {
  private func history(_ milliseconds: [UInt64]) -> CrashHistory {
    var history = CrashHistory()
    for time in milliseconds {
      history.add(
        CrashReport(kind: .watchdog), at: MonotonicTime(nanoseconds: time * 1_000_000))
    }
    return history
  }

  @Test("The first crash starts again at once, each further one waits twice as long, to a limit")
  func backOff() {
    let policy = RecoveryPolicy(
      backOff: .milliseconds(100), maximumBackOff: .milliseconds(350), limit: 6,
      window: .seconds(10))
    let waits = (1...7).map { count in
      policy.decision(after: history(Array(repeating: 5, count: count)))
    }
    #expect(
      waits == [
        .restart(after: .zero), .restart(after: .milliseconds(100)),
        .restart(after: .milliseconds(200)), .restart(after: .milliseconds(350)),
        .restart(after: .milliseconds(350)), .restart(after: .milliseconds(350)),
        .giveUp(crashes: 7, within: .seconds(10)),
      ])
  }

  @Test("A crash counts for the time of the window, its end included")
  func window() {
    let policy = RecoveryPolicy(limit: 1, window: .seconds(1))
    #expect(policy.decision(after: history([0, 1000])) == .giveUp(crashes: 2, within: .seconds(1)))
    #expect(policy.decision(after: history([0, 1001])) == .restart(after: .zero))
  }

  @Test("Off means never, and a history without a crash asks for nothing")
  func disabled() {
    #expect(RecoveryPolicy(mode: .disabled).decision(after: history([1])) == .stay)
    #expect(RecoveryPolicy().decision(after: CrashHistory()) == .stay)
    #expect(RecoveryPolicy(mode: .once).decision(after: history([1])) == .restart(after: .zero))
    #expect(
      RecoveryPolicy(limit: 0).decision(after: history([1]))
        == .giveUp(crashes: 1, within: .seconds(60)))
  }

  @Test("Waits without an end do not overflow")
  func extremes() {
    let policy = RecoveryPolicy(
      backOff: .seconds(Int64.max / 2), maximumBackOff: .seconds(Int64.max / 2), limit: .max)
    let many = history(Array(repeating: 5, count: 64))
    #expect(policy.decision(after: many) == .restart(after: .seconds(Int64.max / 2)))
    #expect(
      RecoveryPolicy(backOff: .zero, limit: .max).decision(after: many) == .restart(after: .zero))
  }

  @Test("The history keeps the newest and counts all")
  func capacity() {
    let history = history((0..<1000).map { UInt64($0) })
    #expect(history.totalCount == 1000)
    #expect(history.records.count == CrashHistory.capacity)
    #expect(history.records.map(\.number) == Array(937...1000))
  }
}
