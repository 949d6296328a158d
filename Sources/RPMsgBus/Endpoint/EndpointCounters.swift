import Synchronization

/// The counters of one endpoint.
///
/// The sending ones change under the transmit lock and the receiving ones only on the thread that
/// drains, so each has one writer at a time and needs no locked addition.
struct EndpointCounters: ~Copyable, Sendable {
  private let sentMessages = Atomic<UInt64>(0)
  private let sentBytes = Atomic<UInt64>(0)
  private let receivedMessages = Atomic<UInt64>(0)
  private let receivedBytes = Atomic<UInt64>(0)
  private let droppedMessages = Atomic<UInt64>(0)

  func countSent(_ byteCount: Int) {
    sentMessages.increase(by: 1)
    sentBytes.increase(by: UInt64(truncatingIfNeeded: byteCount))
  }

  func countReceived(_ byteCount: Int) {
    receivedMessages.increase(by: 1)
    receivedBytes.increase(by: UInt64(truncatingIfNeeded: byteCount))
  }

  func countDropped() { droppedMessages.increase(by: 1) }

  var snapshot: RPMsgEndpointStatistics {
    RPMsgEndpointStatistics(
      sentMessages: sentMessages.load(ordering: .relaxed),
      sentBytes: sentBytes.load(ordering: .relaxed),
      receivedMessages: receivedMessages.load(ordering: .relaxed),
      receivedBytes: receivedBytes.load(ordering: .relaxed),
      droppedMessages: droppedMessages.load(ordering: .relaxed))
  }
}

extension Atomic where Value == UInt64 {
  /// Adds without a locked instruction; only for a counter with one writer at a time.
  func increase(by amount: UInt64) {
    store(load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }
}
