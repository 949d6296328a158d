import RPMsg
import RPMsgTransfers
import Testing
import WireTypes

@Suite("Links for large messages")
struct TransferLinkTests {
  @Test(
    "A message of each length arrives, and both learn of it",
    arguments: [0, 1, 99, 100, 101, 1023, 1024, 1025, 4095, 4096])
  func lengths(count: Int) throws {
    var pair = LinkPair()
    let message = LinkPair.pattern(count)
    try pair.begin(message)
    let events = pair.settle()
    #expect(events.remote.compactMap(\.received) == [count])
    #expect(Array(pair.remoteMemory.prefix(count)) == message)
    #expect(events.host.compactMap(\.outcome) == [.delivered])
    #expect(pair.host.statistics.sentMessages == 1)
    #expect(pair.remote.statistics.receivedMessages == 1)
    #expect((events.host + events.remote).allSatisfy { $0.drop == nil })
  }

  @Test("messageTooLong: before anything is sent")
  func tooLongForPeer() throws {
    var pair = LinkPair(remote: LinkPair.limits(100))
    #expect(throws: RPMsgTransferError.messageTooLong(byteCount: 101, limit: 100)) {
      try pair.host.send(byteCount: 101)
    }
    #expect(pair.host.nextFrame(capacity: 100) == nil)
    try pair.begin(LinkPair.pattern(100))
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.delivered])
    }
  }

  @Test("notNegotiated: nothing is sent, and nothing taken, before the greetings")
  func notNegotiated() {
    var pair = LinkPair(isOpen: false)
    #expect(throws: RPMsgTransferError.notNegotiated) { try pair.host.send(byteCount: 1) }
    #expect(pair.remote.nextFrame(capacity: 100) == nil)
    let offer = TransferFrame.offer(transfer: 1, total: 5).bytes()
    do {
      let drop = pair.remoteReceives(offer).drop
      #expect(drop == .notNegotiated)
    }
    #expect(pair.remote.nextFrame(capacity: 100) == nil)
  }

  @Test("wrongSource: frames of others are dropped, greetings of others too by the opener")
  func wrongSource() throws {
    var pair = LinkPair()
    let other = EndpointAddress(rawValue: 77)
    try pair.beginCredited(500)
    let offer = TransferFrame.offer(transfer: 9, total: 5).bytes()
    do {
      let drop = pair.remoteReceives(offer, from: other).drop
      #expect(drop == .wrongSource(other))
    }
    let hello = TransferFrame.hello(session: 9, maximumByteCount: 1, isAnswer: false).bytes()
    do {
      let drop = pair.hostReceives(hello, from: other).drop
      #expect(drop == .wrongSource(other))
    }
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.delivered])
    }
  }

  @Test("transferInProgress: one message at a time in each direction")
  func inProgress() throws {
    var pair = LinkPair()
    try pair.beginCredited(500)
    #expect(throws: RPMsgTransferError.transferInProgress(1)) {
      try pair.host.send(byteCount: 5)
    }
    let offer = TransferFrame.offer(transfer: 2, total: 5).bytes()
    do {
      let drop = pair.remoteReceives(offer).drop
      #expect(drop == .transferInProgress(1))
    }
    do {
      let frame = pair.remoteFrame()
      #expect(frame == TransferFrame.refuse(transfer: 2, reason: .busy).bytes())
    }
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.delivered])
    }
  }

  @Test("duplicateTransfer: a number that was used, by offer")
  func duplicate() throws {
    var pair = LinkPair()
    try pair.begin(LinkPair.pattern(10))
    _ = pair.settle()
    _ = pair.remote.releaseMessage()
    for number in [1, 0] as [UInt32] {
      let offer = TransferFrame.offer(transfer: number, total: 5).bytes()
      do {
        let drop = pair.remoteReceives(offer).drop
        #expect(drop == .duplicateTransfer(number))
      }
      let frame = pair.remoteFrame()
      #expect(frame == TransferFrame.refuse(transfer: number, reason: .duplicate).bytes())
    }
  }

  @Test("duplicateTransfer: a second offer of the running transfer ends it")
  func duplicateRunning() throws {
    var pair = LinkPair()
    try pair.beginCredited(500)
    let events = pair.remoteReceives(TransferFrame.offer(transfer: 1, total: 500).bytes())
    #expect(events.drop == .duplicateTransfer(1))
    #expect(events.receiveFailure == .duplicateTransfer(1))
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.failed(.refused(.duplicate))])
    }
    try expectUsable(&pair)
  }

  @Test("messageTooLong: an offer beyond the receiver's memory is refused")
  func tooLongOffer() {
    var pair = LinkPair()
    let offer = TransferFrame.offer(transfer: 1, total: 4097).bytes()
    do {
      let drop = pair.remoteReceives(offer).drop
      #expect(drop == .messageTooLong(byteCount: 4097, limit: 4096))
    }
    do {
      let frame = pair.remoteFrame()
      #expect(frame == TransferFrame.refuse(transfer: 1, reason: .tooLong).bytes())
    }
  }

  /// Fragments that break a rule, for a message of 500 bytes of which 100 have come, with credit
  /// for 300.
  static let violations: [(name: String, bytes: [UInt8], error: RPMsgTransferError)] = [
    (
      "gap", TransferFrame.fragment(1, total: 500, offset: 101, [1]),
      .fragmentGap(expected: 100, actual: 101)
    ),
    (
      "overlap", TransferFrame.fragment(1, total: 500, offset: 99, [1, 2]),
      .fragmentOverlap(expected: 100, actual: 99)
    ),
    (
      "repeat", TransferFrame.fragment(1, total: 500, offset: 0, Array(repeating: 0, count: 100)),
      .fragmentOverlap(expected: 100, actual: 0)
    ),
    (
      "too long",
      TransferFrame.fragment(1, total: 500, offset: 100, Array(repeating: 0, count: 401)),
      .fragmentTooLong(offset: 100, byteCount: 401, total: 500)
    ),
    (
      "beyond credit",
      TransferFrame.fragment(1, total: 500, offset: 100, Array(repeating: 0, count: 201)),
      .creditExceeded(end: 301, limit: 300)
    ),
    ("empty", TransferFrame.fragment(1, total: 500, offset: 100, []), .emptyFragment(offset: 100)),
    (
      "other total", TransferFrame.fragment(1, total: 501, offset: 100, [1]),
      .totalChanged(expected: 500, actual: 501)
    ),
    (
      "huge offset", TransferFrame.fragment(1, total: 500, offset: .max, [1]),
      .fragmentGap(expected: 100, actual: Int(UInt32.max))
    ),
  ]

  @Test("A fragment that breaks a rule ends its transfer, and the link goes on", arguments: 0..<8)
  func violation(index: Int) throws {
    let violation = Self.violations[index]
    var pair = LinkPair(remote: LinkPair.limits(4096, window: 300))
    try pair.beginCredited(500)
    _ = pair.hostSends()
    let events = pair.remoteReceives(violation.bytes)
    #expect(events.receiveFailure == violation.error, "\(violation.name)")
    #expect(events.drop == violation.error)
    #expect(events.received == nil)
    #expect(pair.remote.statistics.failedMessages == 1)
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.failed(.refused(.violation))])
    }
    try expectUsable(&pair)
  }

  @Test("staleTransfer: fragments under way when the receiver gives up are passed over")
  func stale() throws {
    var pair = LinkPair()
    try pair.beginCredited(500)
    do {
      let had = pair.remote.cancelReceiving(.unwanted)
      #expect(had)
    }
    do {
      let had = pair.remote.cancelReceiving(.unwanted)
      #expect(!had)
    }
    let events = pair.hostSends()
    #expect(events?.drop == .staleTransfer(1))
    #expect(events?.receiveFailure == nil)
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.failed(.refused(.unwanted))])
    }
    try expectUsable(&pair)
  }

  @Test("unknownTransfer: for frames about transfers that never were")
  func unknown() {
    var pair = LinkPair()
    let fragment = TransferFrame.fragment(5, total: 10, offset: 0, [1])
    do {
      let drop = pair.remoteReceives(fragment).drop
      #expect(drop == .unknownTransfer(5))
    }
    #expect(pair.remote.nextFrame(capacity: 100) == nil, "no answer, or two could go on for ever")
    for frame in [
      TransferFrame.credit(transfer: 5, limit: 1, received: 0), .done(transfer: 5, total: 1),
      .refuse(transfer: 5, reason: .busy),
    ] {
      do {
        let drop = pair.hostReceives(frame.bytes()).drop
        #expect(drop == .unknownTransfer(5))
      }
    }
    let cancel = TransferFrame.cancel(transfer: 5, reason: .busy).bytes()
    do {
      let drop = pair.remoteReceives(cancel).drop
      #expect(drop == .unknownTransfer(5))
    }
  }

  @Test("cancelled: the sender gives up in the middle, and may start anew at once")
  func cancelled() throws {
    var pair = LinkPair()
    try pair.beginCredited(4000)
    _ = pair.hostSends()
    do {
      let had = pair.host.cancelSending(.timedOut)
      #expect(had)
    }
    do {
      let had = pair.host.cancelSending(.timedOut)
      #expect(!had)
    }
    try pair.begin(LinkPair.pattern(50, seed: 1))
    let events = pair.settle()
    #expect(events.remote.compactMap(\.receiveFailure) == [.cancelled(.timedOut)])
    #expect(events.remote.compactMap(\.received) == [50])
    #expect(events.host.compactMap(\.outcome) == [.delivered])
  }

  @Test("A transfer that was never offered is cancelled without a word")
  func cancelledEarly() throws {
    var pair = LinkPair()
    try pair.begin(LinkPair.pattern(10))
    do {
      let had = pair.host.cancelSending(.unwanted)
      #expect(had)
    }
    #expect(pair.host.nextFrame(capacity: 100) == nil)
    try expectUsable(&pair)
  }

  @Test(
    "impossibleCredit: the transfer ends",
    arguments: [(501, 0), (100, 101), (50, 0), (300, 100)] as [(UInt32, UInt32)])
  func impossibleCredit(limit: UInt32, received: UInt32) throws {
    // Credit for 100 bytes was given, none has been sent.
    var pair = LinkPair(remote: LinkPair.limits(4096, window: 100))
    try pair.beginCredited(500)
    let credit = TransferFrame.credit(transfer: 1, limit: limit, received: received).bytes()
    let error = RPMsgTransferError.impossibleCredit(limit: Int(limit), received: Int(received))
    let events = pair.hostReceives(credit)
    #expect(events.drop == error)
    #expect(events.outcome == .failed(error))
    do {
      let events = pair.settle().remote
      #expect(events.compactMap(\.receiveFailure) == [.cancelled(.violation)])
    }
    try expectUsable(&pair)
  }

  @Test("earlyEnd: the receiver cannot have what was not sent")
  func earlyEnd() throws {
    var pair = LinkPair()
    try pair.beginCredited(500)
    _ = pair.hostFrame()
    let events = pair.hostReceives(TransferFrame.done(transfer: 1, total: 500).bytes())
    #expect(events.outcome == .failed(.earlyEnd(sent: 100, total: 500)))
  }

  @Test("peerRestarted: both directions fail once, and a new life starts")
  func restarted() throws {
    var pair = LinkPair()
    try pair.beginCredited(3000)
    pair.remoteMessage = LinkPair.pattern(3000)
    try pair.remote.send(byteCount: 3000)
    _ = pair.remoteSends()
    let hello = TransferFrame.hello(session: 99, maximumByteCount: 2000, isAnswer: true).bytes()
    let events = pair.hostReceives(hello)
    #expect(events.outcome == .failed(.peerRestarted))
    #expect(events.receiveFailure == .peerRestarted)
    let again = pair.hostReceives(hello)
    #expect(again.outcome == nil && again.receiveFailure == nil)
    #expect(pair.host.peerLimit == 2000)
    #expect(pair.host.statistics.failedMessages == 2)
  }

  @Test("The receiver's memory is not touched until the message before was released")
  func backpressure() throws {
    var pair = LinkPair()
    let first = LinkPair.pattern(300, seed: 1)
    try pair.begin(first)
    _ = pair.settle()
    try pair.begin(LinkPair.pattern(300, seed: 2))
    do {
      let events = pair.settle().remote
      #expect(events.allSatisfy { $0.received == nil })
    }
    #expect(Array(pair.remoteMemory.prefix(300)) == first)
    // A fragment without credit ends it.
    do {
      let had = pair.remote.releaseMessage()
      #expect(!had)
    }
    do {
      let events = pair.settle().remote
      #expect(events.compactMap(\.received) == [300])
    }
  }

  @Test("creditExceeded: a fragment for a message that has got no credit yet")
  func withoutCredit() throws {
    var pair = LinkPair()
    try pair.begin([1])
    _ = pair.settle()
    try pair.begin([2, 3])
    _ = pair.settle()
    let events = pair.remoteReceives(TransferFrame.fragment(2, total: 2, offset: 0, [9, 9]))
    #expect(events.receiveFailure == .creditExceeded(end: 2, limit: 0))
    #expect(pair.remoteMemory[0] == 1)
  }

  @Test("An empty message behind one that is held is there at its release")
  func emptyBehindHeld() throws {
    var pair = LinkPair()
    try pair.begin([1])
    _ = pair.settle()
    try pair.begin([])
    _ = pair.settle()
    do {
      let had = pair.remote.releaseMessage()
      #expect(had)
    }
    do {
      let had = pair.remote.releaseMessage()
      #expect(!had)
    }
    do {
      let events = pair.settle().host
      #expect(events.compactMap(\.outcome) == [.delivered])
    }
  }

  @Test("A frame that found no buffer is given again, whatever its kind")
  func takenBack() throws {
    var pair = LinkPair(host: LinkPair.limits(4096, window: 250), isOpen: false)
    var kinds: Set<UInt8> = []
    func sends(_ link: inout TransferLink, _ message: [UInt8]) -> [UInt8]? {
      guard let frame = link.nextFrame(capacity: 100) else { return nil }
      link.didSend(frame)
      link.didNotSend(frame)
      let again = link.nextFrame(capacity: 100)
      #expect(again == frame)
      link.didSend(frame)
      kinds.insert(frame.bytes(of: message)[0])
      return frame.bytes(of: message)
    }
    var outcomes: [TransferOutcome] = []
    for round in 0..<4 {
      for _ in 0..<100 {
        if let bytes = sends(&pair.host, pair.hostMessage) {
          _ = pair.remoteReceives(bytes)
          if round == 1, pair.remote.receiveProgress == 200 {
            _ = pair.remote.cancelReceiving(.unwanted)
          }
        }
        if let bytes = sends(&pair.remote, pair.remoteMessage),
          let outcome = pair.hostReceives(bytes).outcome
        {
          outcomes.append(outcome)
        }
        if round == 2, pair.host.sendProgress?.sent == 200 {
          _ = pair.host.cancelSending(.unwanted)
        }
      }
      _ = pair.remote.releaseMessage()
      if round < 3 { try pair.begin(LinkPair.pattern(1000)) }
    }
    #expect(outcomes == [.failed(.refused(.unwanted)), .delivered])
    #expect(kinds == [1, 2, 3, 4, 5, 6, 7])
  }

  @Test("The sender keeps to its own window, however generous the receiver is")
  func sendWindow() throws {
    var pair = LinkPair(
      host: LinkPair.limits(4096, window: 200), remote: LinkPair.limits(4096, window: 4096))
    try pair.beginCredited(4000)
    var count = 0
    while pair.hostFrame() != nil { count += 1 }
    #expect(count == 2, "200 bytes under way, 100 each")
  }

  private func expectUsable(_ pair: inout LinkPair) throws {
    let message = LinkPair.pattern(777, seed: 0x55)
    try pair.begin(message)
    let events = pair.settle()
    #expect(events.host.compactMap(\.outcome) == [.delivered])
    #expect(Array(pair.remoteMemory.prefix(777)) == message)
  }
}
