public import RPMsg
import WireTypes

/// Both directions of large messages with one peer, as a value without memory, clocks or rings.
///
/// Its owner hands it every frame that comes, ``receive(_:from:into:)``, and sends what it gives,
/// ``nextFrame(capacity:)``, whenever a buffer is free. In each direction one message is under way
/// at a time. The receiver gives credit, the sender stays inside it and inside a window of its own,
/// so neither memory nor ring is filled by a peer or by us.
///
/// A frame that breaks the rules ends its transfer with an error, and the link goes on.
public struct TransferLink: Sendable {
  /// Bytes of the longest message a link can be made for: 1 GiB.
  public static var maximumByteCount: Int { 1 << 30 }

  /// Limits of a link; all are bytes.
  public struct Limits: Equatable, Sendable {
    /// The longest message that is taken; as long is the memory of the owner.
    public var messageByteCount: Int
    /// How far the sender may be ahead of what has come.
    public var receiveWindow: Int
    /// How much may be under way to the receiver, whatever it allows: our share of the ring.
    public var sendWindow: Int

    /// Makes limits.
    ///
    /// - Precondition: `0 <= messageByteCount <= maximumByteCount`, and both windows are at least 1.
    public init(messageByteCount: Int, receiveWindow: Int, sendWindow: Int) {
      precondition(
        messageByteCount >= 0 && messageByteCount <= TransferLink.maximumByteCount,
        "messages of up to 1 GiB")
      precondition(receiveWindow >= 1 && sendWindow >= 1, "windows of at least one byte")
      self.messageByteCount = messageByteCount
      self.receiveWindow = min(receiveWindow, TransferLink.maximumByteCount)
      self.sendWindow = min(sendWindow, TransferLink.maximumByteCount)
    }
  }

  /// What was counted so far.
  public private(set) var statistics = TransferStatistics()
  /// Who the frames come from; `nil` until somebody has greeted.
  public private(set) var peer: EndpointAddress?
  /// Bytes of the longest message that the peer takes; `nil` before it has greeted.
  public private(set) var peerLimit: Int?

  private let session: UInt32
  /// Whether this side has opened the channel.
  private let isOpener: Bool
  private let capacity: UInt32
  private var receiver: TransferReceiver
  private var sender: TransferSender
  private var peerSession: UInt32?
  /// A greeting that is to be sent: our own, or the answer to one.
  private var owedHello: Hello?

  private enum Hello: Equatable, Sendable {
    case greeting, answer
  }

  /// Makes a link.
  ///
  /// - Parameters:
  ///   - session: a number that is another one for each life of this side.
  ///   - limits: lengths and windows.
  ///   - peer: the peer, whose announcement says that it knows the protocol, and whom we greet;
  ///     `nil` for the side that has announced: it waits to be greeted.
  public init(session: UInt32, limits: Limits, opening peer: EndpointAddress? = nil) {
    self.session = session
    self.peer = peer
    isOpener = peer != nil
    capacity = UInt32(truncatingIfNeeded: limits.messageByteCount)
    receiver = TransferReceiver(
      capacity: capacity, window: UInt32(truncatingIfNeeded: limits.receiveWindow))
    sender = TransferSender(window: UInt32(truncatingIfNeeded: limits.sendWindow))
    owedHello = peer == nil ? nil : .greeting
  }

  /// Whether the peer has greeted.
  public var isOpen: Bool { peerSession != nil }

  /// Whether a message goes out.
  public var isSending: Bool { sender.progress != nil }

  /// Bytes of the message that goes out for which the receiver has given word, and that were sent.
  public var sendProgress: (received: Int, sent: Int)? {
    sender.progress.map {
      (Int(truncatingIfNeeded: $0.received), Int(truncatingIfNeeded: $0.sent))
    }
  }

  /// Bytes that have come of the message that is coming; `nil` when none is.
  public var receiveProgress: Int? {
    switch receiver.state {
    case .idle: nil
    case .waiting: 0
    case .receiving(let progress): Int(truncatingIfNeeded: progress.received)
    }
  }
}

// Frames.
extension TransferLink {
  /// Acts on the payload of a message, which is a private copy; a fragment is copied to its place
  /// in `memory`.
  ///
  /// - Precondition: `memory` has as many bytes as the longest message that is taken, and is the
  ///   same in each call while a message is coming.
  public mutating func receive(
    _ payload: RawSpan, from source: EndpointAddress, into memory: inout MutableRawSpan
  ) -> TransferEvents {
    precondition(
      memory.byteCount >= Int(truncatingIfNeeded: capacity), "room for the longest message")
    var events = TransferEvents()
    do throws(RPMsgTransferError) {
      let frame = try TransferFrame(decoding: payload)
      if case .hello(let session, let maximum, let isAnswer) = frame {
        try greeted(source, session: session, maximum: maximum, isAnswer: isAnswer, &events)
      } else {
        guard isOpen else { throw .notNegotiated }
        guard source == peer else { throw .wrongSource(source) }
        if case .data(let transfer, let total, let offset, let byteCount, let asks) = frame {
          try store(
            payload, transfer, total: total, offset: offset, byteCount: byteCount,
            wantsCredit: asks, into: &memory, &events)
        } else {
          try act(on: frame, &events)
        }
      }
    } catch {
      events.drop = error
      statistics.droppedFrames &+= 1
    }
    return events
  }

  /// The next frame to send, with at most `capacity` bytes in a fragment; `nil`: nothing now.
  ///
  /// The bytes of a fragment are those of the message that was given to ``send(byteCount:)``.
  public func nextFrame(capacity: Int) -> TransferFrame? {
    switch owedHello {
    case .greeting:
      return .hello(session: session, maximumByteCount: self.capacity, isAnswer: false)
    case .answer:
      return .hello(session: session, maximumByteCount: self.capacity, isAnswer: true)
    case nil: break
    }
    guard isOpen else { return nil }
    return receiver.nextFrame ?? sender.nextFrame(capacity: UInt32(clamping: capacity))
  }

  /// Notes that `frame`, which ``nextFrame(capacity:)`` gave, is sent.
  ///
  /// Where another thread may receive, note it before the frame goes, as the answer may be faster
  /// than the note; and take it back with ``didNotSend(_:)`` when it did not go.
  public mutating func didSend(_ frame: TransferFrame) {
    switch frame {
    case .hello: owedHello = nil
    case .credit, .done, .refuse: receiver.didSend(frame)
    case .offer, .data, .cancel: sender.didSend(frame)
    }
  }

  /// Notes that `frame`, the last that was noted as sent, found no buffer.
  public mutating func didNotSend(_ frame: TransferFrame) {
    switch frame {
    case .hello(_, _, let isAnswer):
      if owedHello == nil { owedHello = isAnswer ? .answer : .greeting }
    case .credit, .done, .refuse: receiver.didNotSend(frame)
    case .offer, .data, .cancel: sender.didNotSend(frame)
    }
  }

  private mutating func greeted(
    _ source: EndpointAddress, session: UInt32, maximum: UInt32, isAnswer: Bool,
    _ events: inout TransferEvents
  ) throws(RPMsgTransferError) {
    // Whoever opened a channel talks to its other end alone.
    if isOpener, source != peer { throw .wrongSource(source) }
    if peerSession != nil, peerSession != session || source != peer {
      if receiver.reset() { fail(.peerRestarted, &events) }
      if sender.reset() {
        events.outcome = .failed(.peerRestarted)
        statistics.failedMessages &+= 1
      }
    }
    peer = source
    peerSession = session
    peerLimit = Int(truncatingIfNeeded: min(maximum, UInt32(Self.maximumByteCount)))
    events.isOpened = true
    if !isAnswer { owedHello = .answer }
  }

  private mutating func act(
    on frame: TransferFrame, _ events: inout TransferEvents
  ) throws(RPMsgTransferError) {
    switch frame {
    case .offer(let transfer, let total):
      let wasBusy = receiver.state != .idle
      do throws(RPMsgTransferError) {
        if try receiver.offered(transfer, total: total) { complete(0, &events) }
      } catch {
        // A second offer of the same number ends the first.
        if wasBusy, receiver.state == .idle { fail(error, &events) }
        throw error
      }
    case .credit(let transfer, let limit, let received):
      try ending(&events) { (sender) throws(RPMsgTransferError) in
        try sender.credited(transfer, limit: limit, received: received)
      }
    case .done(let transfer, let total):
      try ending(&events) { (sender) throws(RPMsgTransferError) in
        try sender.finished(transfer, total: total)
      }
      statistics.sentMessages &+= 1
      events.outcome = .delivered
    case .refuse(let transfer, let reason):
      try sender.refused(transfer)
      statistics.failedMessages &+= 1
      events.outcome = .failed(.refused(reason))
    case .cancel(let transfer, let reason):
      try receiver.cancelled(transfer)
      fail(.cancelled(reason), &events)
    case .hello, .data: break
    }
  }

  /// Lets the sender act on an answer; one that cannot be ends the transfer.
  private mutating func ending(
    _ events: inout TransferEvents,
    _ body: (inout TransferSender) throws(RPMsgTransferError) -> Void
  ) throws(RPMsgTransferError) {
    do throws(RPMsgTransferError) { try body(&sender) } catch {
      switch error {
      case .impossibleCredit, .earlyEnd, .totalChanged:
        _ = sender.cancel(.violation)
        statistics.failedMessages &+= 1
        events.outcome = .failed(error)
      default: break
      }
      throw error
    }
  }

  private mutating func store(
    _ payload: RawSpan, _ transfer: UInt32, total: UInt32, offset: UInt32, byteCount: UInt32,
    wantsCredit: Bool, into memory: inout MutableRawSpan, _ events: inout TransferEvents
  ) throws(RPMsgTransferError) {
    let wasBusy = receiver.state != .idle
    let start: UInt32
    do throws(RPMsgTransferError) {
      start = try receiver.accept(transfer, total: total, offset: offset, byteCount: byteCount)
    } catch {
      if wasBusy, receiver.state == .idle { fail(error, &events) }
      throw error
    }
    let header = TransferFrame.dataHeaderByteCount
    // Inside the memory: the total is at most its size, and the fragment inside the total.
    memory.copy(
      payload.extracting(header..<header &+ Int(truncatingIfNeeded: byteCount)),
      at: Int(truncatingIfNeeded: start))
    if let total = receiver.stored(byteCount, wantsCredit: wantsCredit) {
      complete(total, &events)
    }
  }

  private mutating func complete(_ total: UInt32, _ events: inout TransferEvents) {
    statistics.receivedMessages &+= 1
    events.received = Int(truncatingIfNeeded: total)
  }

  private mutating func fail(_ error: RPMsgTransferError, _ events: inout TransferEvents) {
    statistics.failedMessages &+= 1
    events.receiveFailure = error
  }
}

// What the owner wants.
extension TransferLink {
  /// Starts to send a message of `byteCount` bytes, which stay as they are until its outcome.
  ///
  /// - Throws: ``RPMsgTransferError/notNegotiated``,
  ///   ``RPMsgTransferError/messageTooLong(byteCount:limit:)`` or
  ///   ``RPMsgTransferError/transferInProgress(_:)``; nothing was started then.
  public mutating func send(byteCount: Int) throws(RPMsgTransferError) {
    guard isOpen, let peerLimit else { throw .notNegotiated }
    guard byteCount >= 0, byteCount <= peerLimit else {
      throw .messageTooLong(byteCount: byteCount, limit: peerLimit)
    }
    _ = try sender.begin(UInt32(truncatingIfNeeded: byteCount))
  }

  /// Gives up the message that goes out, telling the peer why; returns whether there was one.
  public mutating func cancelSending(_ reason: TransferReason) -> Bool {
    guard sender.cancel(reason) else { return false }
    statistics.failedMessages &+= 1
    return true
  }

  /// Gives up the message that is coming, telling the peer why; returns whether there was one.
  public mutating func cancelReceiving(_ reason: TransferReason) -> Bool {
    guard receiver.refuse(reason) else { return false }
    statistics.failedMessages &+= 1
    return true
  }

  /// Whether the owner's memory holds a complete message.
  public var holdsMessage: Bool { receiver.isHeld }

  /// Gives the memory of a complete message back, so that the next one may come into it.
  ///
  /// Returns whether that one, as it has no bytes, is there already: take it, and call again.
  public mutating func releaseMessage() -> Bool {
    guard receiver.release() else { return false }
    statistics.receivedMessages &+= 1
    return true
  }
}
