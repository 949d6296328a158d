import RPMsg
import SharedMemory
import Vring

/// What the one thread that drains works on.
struct ReceiveSide: ~Copyable {
  var ring: ReceiveRing
  /// Memory for the payload that is being handed out; `nil` while a thread does so.
  var slot: PrivateArray<UInt8>?
  /// A message in the slot that the queue of its endpoint has refused.
  var parked: RPMsgHeader?
  var drops = DropLimiter()
  /// Buffers are shown to the other side at the latest when so many came together.
  let publishLimit: Int

  init(ring: consuming ReceiveRing, slotByteCount: Int, bufferCount: Int) {
    self.ring = ring
    slot = PrivateArray(repeating: 0, count: slotByteCount)
    // At most half the ring: the other side must never starve while we hand out what it has sent.
    publishLimit = max(1, min(64, bufferCount / 2))
  }

  /// The result of one look at the ring.
  enum Step {
    case received(RPMsgReceived, mustKick: Bool)
    /// The ring is empty, and what was copied out was shown to the other side.
    case empty(VringPublication?)
  }

  /// Copies the next message to `slot`.
  mutating func next(into slot: inout PrivateArray<UInt8>) throws(RPMsgError) -> Step {
    let received = try slot.withMutableBytes { (bytes) throws(RPMsgError) in
      try ring.receive(into: &bytes)
    }
    guard let received else { return .empty(ring.publishUnfenced()) }
    let isDue = ring.unpublishedCount >= publishLimit
    return .received(received, mustKick: isDue && ring.publish())
  }
}
