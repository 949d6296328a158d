/// The receiving half of a link: one message at a time, into memory of its owner.
struct TransferReceiver: Equatable, Sendable {
  /// A transfer whose bytes are coming.
  struct Progress: Equatable, Sendable {
    let transfer: UInt32
    let total: UInt32
    var received: UInt32 = 0
    /// Bytes up to here may be sent.
    var limit: UInt32
  }

  enum State: Equatable, Sendable {
    case idle
    /// Offered while the owner still has the message before; there is no credit yet.
    case waiting(transfer: UInt32, total: UInt32)
    case receiving(Progress)
  }

  /// The last word about a transfer, which the sender has not been told.
  enum Verdict: Equatable, Sendable {
    case done(transfer: UInt32, total: UInt32)
    case refuse(transfer: UInt32, reason: TransferReason)
  }

  /// Bytes of the longest message.
  let capacity: UInt32
  /// How far the credit goes ahead of what has come.
  let window: UInt32
  private(set) var state = State.idle
  /// The owner has not yet given back the memory of a complete message.
  private(set) var isHeld = false
  private(set) var verdict: Verdict?
  private(set) var owesCredit = false
  /// The number of the transfer that ended last; lower ones were used before.
  private var lastEnded: UInt32 = 0

  init(capacity: UInt32, window: UInt32) {
    self.capacity = capacity
    self.window = window
  }

  /// What is to be sent next, if anything.
  var nextFrame: TransferFrame? {
    switch verdict {
    case .done(let transfer, let total): return .done(transfer: transfer, total: total)
    case .refuse(let transfer, let reason): return .refuse(transfer: transfer, reason: reason)
    case nil: break
    }
    guard owesCredit, case .receiving(let progress) = state else { return nil }
    return .credit(
      transfer: progress.transfer, limit: progress.limit, received: progress.received)
  }

  /// Notes that what ``nextFrame`` gave was sent.
  mutating func didSend(_ frame: TransferFrame) {
    // What is owed may have changed since the frame was made.
    guard frame == nextFrame else { return }
    if verdict != nil { verdict = nil } else { owesCredit = false }
  }

  /// Notes that `frame`, which was noted as sent, was not.
  mutating func didNotSend(_ frame: TransferFrame) {
    switch frame {
    case .credit(let transfer, _, _):
      if case .receiving(let progress) = state, progress.transfer == transfer { owesCredit = true }
    case .done(let transfer, let total):
      if verdict == nil { verdict = .done(transfer: transfer, total: total) }
    case .refuse(let transfer, let reason):
      if verdict == nil { verdict = .refuse(transfer: transfer, reason: reason) }
    default: break
    }
  }

  /// Takes an offer; `true`: the message is there already, as it is empty.
  mutating func offered(_ transfer: UInt32, total: UInt32) throws(RPMsgTransferError) -> Bool {
    switch state {
    case .idle: break
    case .waiting(let current, _) where current != transfer:
      throw refuseSecond(transfer, during: current)
    case .receiving(let progress) where progress.transfer != transfer:
      throw refuseSecond(transfer, during: progress.transfer)
    default:
      end(transfer, .refuse(transfer: transfer, reason: .duplicate))
      throw .duplicateTransfer(transfer)
    }
    guard Int32(bitPattern: transfer &- lastEnded) > 0 else {
      verdict = .refuse(transfer: transfer, reason: .duplicate)
      throw .duplicateTransfer(transfer)
    }
    guard total <= capacity else {
      end(transfer, .refuse(transfer: transfer, reason: .tooLong))
      throw .messageTooLong(
        byteCount: Int(clamping: total), limit: Int(truncatingIfNeeded: capacity))
    }
    guard !isHeld else {
      state = .waiting(transfer: transfer, total: total)
      return false
    }
    return start(transfer, total)
  }

  private mutating func refuseSecond(
    _ transfer: UInt32, during current: UInt32
  ) -> RPMsgTransferError {
    // The end of a message is not overwritten by the refusal of one that came too early.
    if case .done = verdict {} else { verdict = .refuse(transfer: transfer, reason: .busy) }
    return .transferInProgress(current)
  }

  private mutating func start(_ transfer: UInt32, _ total: UInt32) -> Bool {
    if total == 0 {
      complete(transfer, total)
      return true
    }
    state = .receiving(
      Progress(transfer: transfer, total: total, limit: min(total, window)))
    owesCredit = true
    return false
  }

  private mutating func complete(_ transfer: UInt32, _ total: UInt32) {
    end(transfer, .done(transfer: transfer, total: total))
    isHeld = true
  }

  private mutating func end(_ transfer: UInt32, _ verdict: Verdict?) {
    state = .idle
    owesCredit = false
    lastEnded = transfer
    self.verdict = verdict
  }

  /// Checks a fragment; returns where in the message it goes.
  mutating func accept(
    _ transfer: UInt32, total: UInt32, offset: UInt32, byteCount: UInt32
  ) throws(RPMsgTransferError) -> UInt32 {
    guard case .receiving(let progress) = state, progress.transfer == transfer else {
      if case .waiting(transfer, _) = state {
        throw violate(transfer, .creditExceeded(end: Int(clamping: byteCount), limit: 0))
      }
      throw transfer == lastEnded ? .staleTransfer(transfer) : .unknownTransfer(transfer)
    }
    if let error = progress.objection(total: total, offset: offset, byteCount: byteCount) {
      throw violate(transfer, error)
    }
    return offset
  }

  private mutating func violate(
    _ transfer: UInt32, _ error: RPMsgTransferError
  ) -> RPMsgTransferError {
    end(transfer, .refuse(transfer: transfer, reason: .violation))
    return error
  }

  /// Notes that an accepted fragment was copied; returns the total when the message is complete.
  mutating func stored(_ byteCount: UInt32, wantsCredit: Bool) -> UInt32? {
    guard case .receiving(var progress) = state else { return nil }
    progress.received &+= byteCount
    guard progress.received < progress.total else {
      complete(progress.transfer, progress.total)
      return progress.total
    }
    let next =
      progress.total &- progress.received > window
      ? progress.received &+ window : progress.total
    if wantsCredit || next &- progress.limit >= max(window / 2, 1) {
      progress.limit = next
      owesCredit = true
    }
    state = .receiving(progress)
    return nil
  }

  /// Takes the sender's word that it gives up.
  mutating func cancelled(_ transfer: UInt32) throws(RPMsgTransferError) {
    switch state {
    case .waiting(transfer, _): end(transfer, nil)
    case .receiving(let progress) where progress.transfer == transfer: end(transfer, nil)
    default: throw transfer == lastEnded ? .staleTransfer(transfer) : .unknownTransfer(transfer)
    }
  }

  /// Gives up what is coming; `true` if something was.
  mutating func refuse(_ reason: TransferReason) -> Bool {
    switch state {
    case .idle: return false
    case .waiting(let transfer, _):
      end(transfer, .refuse(transfer: transfer, reason: reason))
    case .receiving(let progress):
      end(progress.transfer, .refuse(transfer: progress.transfer, reason: reason))
    }
    return true
  }

  /// Takes back the memory of the complete message; `true`: the next one, empty, is there.
  mutating func release() -> Bool {
    guard isHeld else { return false }
    isHeld = false
    guard case .waiting(let transfer, let total) = state else { return false }
    return start(transfer, total)
  }

  /// Forgets all transfers, as the peer has; `true` if one was coming.
  ///
  /// The owner keeps its message.
  mutating func reset() -> Bool {
    let wasBusy = state != .idle
    state = .idle
    owesCredit = false
    verdict = nil
    lastEnded = 0
    return wasBusy
  }
}

extension TransferReceiver.Progress {
  /// What is wrong with a fragment, if anything.
  func objection(total: UInt32, offset: UInt32, byteCount: UInt32) -> RPMsgTransferError? {
    if total != self.total {
      return .totalChanged(expected: Int(clamping: self.total), actual: Int(clamping: total))
    }
    if byteCount == 0 { return .emptyFragment(offset: Int(clamping: offset)) }
    if offset > received {
      return .fragmentGap(expected: Int(clamping: received), actual: Int(clamping: offset))
    }
    if offset < received {
      return .fragmentOverlap(expected: Int(clamping: received), actual: Int(clamping: offset))
    }
    if byteCount > total &- offset {
      return .fragmentTooLong(
        offset: Int(clamping: offset), byteCount: Int(clamping: byteCount),
        total: Int(clamping: total))
    }
    // No overflow: the sum is at most the total.
    if offset &+ byteCount > limit {
      return .creditExceeded(
        end: Int(clamping: offset &+ byteCount), limit: Int(clamping: limit))
    }
    return nil
  }
}
