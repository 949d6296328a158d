import RPMsg
import RPMsgTransfers

/// A peer of our link for large messages that sends anything, while our owner sends, takes and
/// gives up messages.
///
/// What must hold whatever comes: a message is never longer than the memory, none is given out
/// while the one before is held, and each of ours ends once.
public struct HostileTransferPeer {
  /// What is done next.
  public enum Step: UInt8, CaseIterable {
    case frame
    case fragment
    case bytes
    case send
    case next
    case release
    case cancel
    case refuse
  }

  private let input: FuzzInput
  private var link: TransferLink
  private var memory: [UInt8]
  private var frame = [UInt8](repeating: 0, count: 600)
  private var openCount = 0
  /// Complete messages that were given out.
  public private(set) var messageCount = 0
  /// Messages of ours that ended.
  public private(set) var outcomeCount = 0
  /// Frames that were dropped.
  public private(set) var dropCount = 0
  private static let peer = EndpointAddress(rawValue: 9)

  /// Starts with limits that the first bytes of `input` give.
  public init(_ input: FuzzInput) {
    self.input = input
    let limits = TransferLink.Limits(
      messageByteCount: Int(input.next(UInt8.self)) * 4,
      receiveWindow: Int(input.next(UInt8.self)) + 1, sendWindow: Int(input.next(UInt8.self)) + 1)
    link = TransferLink(
      session: 1, limits: limits, opening: input.choice(2) == 0 ? nil : Self.peer)
    memory = Array(repeating: 0, count: limits.messageByteCount)
  }

  /// Runs to the end of the input.
  public mutating func run() {
    while !input.isEmpty {
      switch input.step(Step.self) {
      case .frame: receive(kindly: input.next(UInt8.self) % 8)
      case .fragment: receive(kindly: 4)
      case .bytes:
        for index in 0..<input.choice(40) { frame[index] = input.next() }
        receive(count: input.choice(40))
      case .send:
        let wasSending = link.isSending
        if (try? link.send(byteCount: input.choice(200))) != nil {
          precondition(!wasSending, "one message at a time")
          openCount += 1
        }
      case .next:
        if let next = link.nextFrame(capacity: input.choice(64)) { link.didSend(next) }
      case .release: if link.releaseMessage() { messageCount += 1 }
      case .cancel: if link.cancelSending(.unwanted) { end() }
      case .refuse: _ = link.cancelReceiving(.unwanted)
      }
      precondition(openCount == (link.isSending ? 1 : 0), "each message ends once")
    }
  }

  private mutating func end() {
    openCount -= 1
    outcomeCount += 1
  }

  /// A frame whose shape is right and whose numbers are small.
  private mutating func receive(kindly kind: UInt8) {
    frame[0] = kind
    frame[1] = 1
    for offset in [2, 4, 8, 12] {
      frame[offset] = input.next()
      for rest in 1..<(offset == 2 ? 2 : 4) { frame[offset + rest] = 0 }
    }
    let count =
      switch kind {
      case 1, 3: 16
      case 2, 5: 12
      case 4: 16 + input.choice(256)
      default: 8
      }
    receive(count: count)
  }

  private static func hand(
    _ frame: [UInt8], _ count: Int, from source: EndpointAddress, to link: inout TransferLink,
    _ memory: inout [UInt8]
  ) -> TransferEvents {
    var span = memory.mutableSpan
    var bytes = span.mutableBytes
    return link.receive(frame.span.bytes.extracting(first: count), from: source, into: &bytes)
  }

  private mutating func receive(count: Int) {
    let wasHeld = link.holdsMessage
    let source = input.choice(8) == 0 ? .firstDynamic : Self.peer
    let events = Self.hand(frame, count, from: source, to: &link, &memory)
    if let byteCount = events.received {
      precondition(byteCount <= memory.count && !wasHeld, "one message, inside the memory")
      messageCount += 1
    }
    if events.outcome != nil { end() }
    if events.drop != nil { dropCount += 1 }
  }
}
