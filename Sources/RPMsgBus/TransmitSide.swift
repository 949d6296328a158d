import RPMsg
import SharedMemory
import Vring

/// What the transmit lock guards.
struct TransmitSide: ~Copyable {
  var ring: RPMsgDriverTransmitter<SharedWindow>
  /// Why every send fails, or `nil` while they may succeed.
  var failure: RPMsgBusError?
  /// Senders for whom the remote must say when buffers come back.
  var waiterCount = 0

  init(ring: consuming RPMsgDriverTransmitter<SharedWindow>) { self.ring = ring }

  /// What became of a message.
  enum Outcome {
    case full, sent, sentAndKick
  }

  /// Puts a message into a buffer and shows it to the remote.
  ///
  /// When none is free and the sender waits, the remote is asked to say when one is.
  mutating func send(
    _ payload: RawSpan, on route: MessageRoute, isWaiting: Bool
  ) throws(RPMsgBusError) -> Outcome {
    if let failure { throw failure }
    do throws(RPMsgError) {
      if try enqueue(payload, on: route) { return ring.publish() ? .sentAndKick : .sent }
      guard isWaiting, try ring.setNotifications(true), try enqueue(payload, on: route)
      else { return .full }
      return ring.publish() ? .sentAndKick : .sent
    } catch {
      throw RPMsgBusError(sending: error)
    }
  }

  private mutating func enqueue(
    _ payload: RawSpan, on route: MessageRoute
  ) throws(RPMsgError) -> Bool {
    do throws(RPMsgError) {
      try ring.enqueue(payload, from: route.source, to: route.destination)
      return true
    } catch .noBuffer { return false } catch { throw error }
  }
}

extension RPMsgBusError {
  /// What `error` of the transmit ring means for a sender.
  fileprivate init(sending error: RPMsgError) {
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
