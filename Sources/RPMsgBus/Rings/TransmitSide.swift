import RPMsg
import SharedMemory
import Vring

/// What the transmit lock guards.
struct TransmitSide: ~Copyable {
  var ring: TransmitRing
  /// Why every send fails, or `nil` while they may succeed.
  var failure: RPMsgBusError?
  /// Senders for whom the other side must say when buffers come back.
  var waiterCount = 0
  /// Tasks among them.
  var suspended: [SuspendedSender] = []

  init(ring: consuming TransmitRing) { self.ring = ring }

  /// Puts a message into a buffer; `false` when none is free.
  ///
  /// When the sender waits, the other side is asked to say when one is.
  mutating func enqueue(
    _ payload: RawSpan, on route: MessageRoute, isWaiting: Bool
  ) throws(RPMsgBusError) -> Bool {
    if failure != nil { throw failure ?? .remoteGone }
    do throws(RPMsgError) {
      if try ring.enqueue(payload, from: route.source, to: route.destination) { return true }
      guard isWaiting, try ring.setNotifications(true) else { return false }
      return try ring.enqueue(payload, from: route.source, to: route.destination)
    } catch {
      throw RPMsgBusError(sending: error)
    }
  }

  /// Hands over the tasks that wait, for somebody to wake them without a lock.
  mutating func takeSuspended() -> [SuspendedSender] {
    defer { suspended = [] }
    return suspended
  }

  /// Ends the asking for buffers when nobody waits any more.
  mutating func endWaiting() {
    waiterCount -= 1
    guard waiterCount == 0, failure == nil else { return }
    do throws(RPMsgError) { _ = try ring.setNotifications(false) } catch {
      // A broken ring notifies nobody; the next send says so.
    }
  }
}

extension RPMsgBusError {
  /// What `error` of the transmit ring means for a sender.
  init(sending error: RPMsgError) {
    switch error {
    case .payloadTooLong(let byteCount, let capacity):
      self = .messageTooLong(byteCount: byteCount, limit: capacity)
    case .illegalAddress(let address): self = .invalidAddress(address)
    case .noBuffer: self = .wouldBlock
    case .vring(.broken(let reason)): self = .deviceBroken(reason)
    default: self = .rings(error)
    }
  }
}
