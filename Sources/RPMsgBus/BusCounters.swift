import Synchronization

/// The counters of a bus.
///
/// Those that change for each message have one writer at a time: the thread that drains, or the
/// holder of the transmit lock. To the others any thread adds.
struct BusCounters: ~Copyable, Sendable {
  let receivedMessages = Atomic<UInt64>(0)
  let drainedNotifications = Atomic<UInt64>(0)
  let sentMessages = Atomic<UInt64>(0)

  let droppedMessages = Atomic<UInt64>(0)
  let kicks = Atomic<UInt64>(0)
  let blockedSends = Atomic<UInt64>(0)
  let otherNotifications = Atomic<UInt64>(0)
  let unknownNotifications = Atomic<UInt64>(0)
  /// Whether a broken ring was reported.
  let isBroken = Atomic<Bool>(false)

  var snapshot: RPMsgBusStatistics {
    RPMsgBusStatistics(
      receivedMessages: receivedMessages.load(ordering: .relaxed),
      droppedMessages: droppedMessages.load(ordering: .relaxed),
      sentMessages: sentMessages.load(ordering: .relaxed),
      blockedSends: blockedSends.load(ordering: .relaxed),
      kicks: kicks.load(ordering: .relaxed),
      notifications: drainedNotifications.load(ordering: .relaxed)
        + otherNotifications.load(ordering: .relaxed),
      unknownNotifications: unknownNotifications.load(ordering: .relaxed))
  }
}
