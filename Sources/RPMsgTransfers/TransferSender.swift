/// The sending half of a link: one message at a time, whose bytes its owner has.
struct TransferSender: Equatable, Sendable {
  /// A transfer that goes out.
  struct Progress: Equatable, Sendable {
    let transfer: UInt32
    let total: UInt32
    var isOffered = false
    var sent: UInt32 = 0
    /// Bytes the receiver says it has.
    var received: UInt32 = 0
    /// Bytes up to here may be sent.
    var limit: UInt32 = 0
    /// Bytes sent when a credit was last asked for.
    var asked: UInt32 = 0
  }

  /// Bytes that may be under way at most, whatever the receiver allows.
  let window: UInt32
  private(set) var progress: Progress?
  /// A transfer that was given up, of which the receiver has not been told.
  private(set) var cancellation: (transfer: UInt32, reason: TransferReason)?
  private var lastTransfer: UInt32 = 0

  init(window: UInt32) { self.window = window }

  static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.window == rhs.window && lhs.progress == rhs.progress
      && lhs.lastTransfer == rhs.lastTransfer
      && lhs.cancellation?.transfer == rhs.cancellation?.transfer
      && lhs.cancellation?.reason == rhs.cancellation?.reason
  }

  /// Starts a transfer; returns its number.
  mutating func begin(_ total: UInt32) throws(RPMsgTransferError) -> UInt32 {
    if let progress { throw .transferInProgress(progress.transfer) }
    lastTransfer &+= 1
    if lastTransfer == 0 { lastTransfer = 1 }
    progress = Progress(transfer: lastTransfer, total: total)
    return lastTransfer
  }

  /// What is to be sent next, with at most `capacity` bytes in a fragment; `nil`: nothing now.
  func nextFrame(capacity: UInt32) -> TransferFrame? {
    if let cancellation {
      return .cancel(transfer: cancellation.transfer, reason: cancellation.reason)
    }
    guard let progress else { return nil }
    guard progress.isOffered else {
      return .offer(transfer: progress.transfer, total: progress.total)
    }
    return fragment(of: progress, capacity: capacity)
  }

  private func fragment(of progress: Progress, capacity: UInt32) -> TransferFrame? {
    let left = progress.total &- progress.sent
    let underWay = progress.sent &- progress.received
    guard left > 0, capacity > 0, underWay < window, progress.sent < progress.limit else {
      return nil
    }
    let allowed = min(progress.limit &- progress.sent, window &- underWay)
    let count = min(left, allowed, capacity)
    // No crumbs while more credit is on its way.
    if count < min(left, capacity), underWay > 0 { return nil }
    let end = progress.sent &+ count
    let isBlocked = allowed &- count < min(capacity, left &- count)
    let wantsCredit = count < left && (isBlocked || end &- progress.asked >= window / 2)
    return .data(
      transfer: progress.transfer, total: progress.total, offset: progress.sent,
      byteCount: count, wantsCredit: wantsCredit)
  }

  /// Notes that what ``nextFrame(capacity:)`` gave was sent.
  mutating func didSend(_ frame: TransferFrame) {
    switch frame {
    case .cancel(let transfer, _):
      if cancellation?.transfer == transfer { cancellation = nil }
    case .offer(let transfer, _):
      if progress?.transfer == transfer { progress?.isOffered = true }
    case .data(let transfer, _, let offset, let byteCount, let wantsCredit):
      // It may have ended while the frame was on its way into the ring.
      guard var progress, progress.transfer == transfer, progress.sent == offset else { return }
      progress.sent &+= byteCount
      if wantsCredit { progress.asked = progress.sent }
      self.progress = progress
    default: break
    }
  }

  /// Notes that `frame`, the last that was noted as sent, was not.
  mutating func didNotSend(_ frame: TransferFrame) {
    switch frame {
    case .cancel(let transfer, let reason):
      if cancellation == nil { cancellation = (transfer, reason) }
    case .offer(let transfer, _):
      if progress?.transfer == transfer { progress?.isOffered = false }
    case .data(let transfer, _, let offset, let byteCount, _):
      guard var progress, progress.transfer == transfer, progress.sent == offset &+ byteCount
      else { return }
      progress.sent = offset
      progress.asked = min(progress.asked, offset)
      self.progress = progress
    default: break
    }
  }

  /// Takes a credit.
  mutating func credited(
    _ transfer: UInt32, limit: UInt32, received: UInt32
  ) throws(RPMsgTransferError) {
    var progress = try active(transfer)
    guard limit <= progress.total, received <= limit, received <= progress.sent,
      limit >= progress.limit, received >= progress.received
    else {
      throw .impossibleCredit(limit: Int(clamping: limit), received: Int(clamping: received))
    }
    progress.limit = limit
    progress.received = received
    self.progress = progress
  }

  /// Takes the receiver's word that it has the whole message.
  mutating func finished(_ transfer: UInt32, total: UInt32) throws(RPMsgTransferError) {
    let progress = try active(transfer)
    guard progress.sent == progress.total else {
      throw .earlyEnd(sent: Int(clamping: progress.sent), total: Int(clamping: progress.total))
    }
    guard total == progress.total else {
      throw .totalChanged(expected: Int(clamping: progress.total), actual: Int(clamping: total))
    }
    self.progress = nil
  }

  /// Takes the receiver's word that it will have nothing more of it.
  mutating func refused(_ transfer: UInt32) throws(RPMsgTransferError) {
    _ = try active(transfer)
    progress = nil
  }

  /// The transfer under way, if it has this number and was offered.
  private func active(_ transfer: UInt32) throws(RPMsgTransferError) -> Progress {
    guard let progress, progress.transfer == transfer, progress.isOffered else {
      let age = lastTransfer &- transfer
      throw transfer != 0 && age < 1 << 31 && progress?.transfer != transfer
        ? .staleTransfer(transfer) : .unknownTransfer(transfer)
    }
    return progress
  }

  /// Gives up; `true` if something was under way.
  mutating func cancel(_ reason: TransferReason) -> Bool {
    guard let progress else { return false }
    if progress.isOffered { cancellation = (progress.transfer, reason) }
    self.progress = nil
    return true
  }

  /// Forgets all transfers, as the peer has; `true` if one was under way.
  mutating func reset() -> Bool {
    let wasBusy = progress != nil
    progress = nil
    cancellation = nil
    return wasBusy
  }
}
