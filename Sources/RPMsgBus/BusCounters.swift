import Synchronization

/// The counters of a bus.
///
/// Those that change for each message have one writer at a time: the thread that drains, or the
/// holder of the transmit lock.
final class BusCounters: Sendable {
  let receivedMessages = Atomic<UInt64>(0)
  let droppedMessages = Atomic<UInt64>(0)
  let receiveKicks = Atomic<UInt64>(0)
  let sentMessages = Atomic<UInt64>(0)
  let transmitKicks = Atomic<UInt64>(0)
  /// Any thread adds.
  let blockedSends = Atomic<UInt64>(0)
  /// Any thread adds.
  let notifications = Atomic<UInt64>(0)
  /// Any thread adds.
  let unknownNotifications = Atomic<UInt64>(0)
  /// Whether a broken ring was reported.
  let isBroken = Atomic<Bool>(false)

  var snapshot: RPMsgBusStatistics {
    RPMsgBusStatistics(
      receivedMessages: receivedMessages.load(ordering: .relaxed),
      droppedMessages: droppedMessages.load(ordering: .relaxed),
      sentMessages: sentMessages.load(ordering: .relaxed),
      blockedSends: blockedSends.load(ordering: .relaxed),
      kicks: receiveKicks.load(ordering: .relaxed) + transmitKicks.load(ordering: .relaxed),
      notifications: notifications.load(ordering: .relaxed),
      unknownNotifications: unknownNotifications.load(ordering: .relaxed))
  }
}
