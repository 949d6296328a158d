import RPMsg
import RPMsgTransfers
import WireTypes

/// Two links with nothing between them: what one sends the other receives when told to.
struct LinkPair {
  static let hostAddress = EndpointAddress(rawValue: 1024)
  static let remoteAddress = EndpointAddress(rawValue: 0x2000)

  var host: TransferLink
  var remote: TransferLink
  var hostMemory: [UInt8]
  var remoteMemory: [UInt8]
  /// The message each side sends.
  var hostMessage: [UInt8] = []
  var remoteMessage: [UInt8] = []

  init(
    host: TransferLink.Limits = Self.limits(4096), remote: TransferLink.Limits = Self.limits(4096),
    isOpen: Bool = true
  ) {
    self.host = TransferLink(session: 1, limits: host, opening: Self.remoteAddress)
    self.remote = TransferLink(session: 2, limits: remote)
    hostMemory = Array(repeating: 0xee, count: host.messageByteCount)
    remoteMemory = Array(repeating: 0xee, count: remote.messageByteCount)
    guard isOpen else { return }
    _ = hostSends()
    _ = remoteSends()
  }

  static func limits(_ byteCount: Int, window: Int = 1024) -> TransferLink.Limits {
    TransferLink.Limits(
      messageByteCount: byteCount, receiveWindow: window, sendWindow: window)
  }

  /// The host's next frame as bytes, marked as sent.
  mutating func hostFrame(capacity: Int = 100) -> [UInt8]? {
    guard let frame = host.nextFrame(capacity: capacity) else { return nil }
    host.didSend(frame)
    return frame.bytes(of: hostMessage)
  }

  mutating func remoteFrame(capacity: Int = 100) -> [UInt8]? {
    guard let frame = remote.nextFrame(capacity: capacity) else { return nil }
    remote.didSend(frame)
    return frame.bytes(of: remoteMessage)
  }

  mutating func hostReceives(
    _ bytes: [UInt8], from source: EndpointAddress = Self.remoteAddress
  ) -> TransferEvents {
    Self.hand(bytes, from: source, to: &host, &hostMemory)
  }

  mutating func remoteReceives(
    _ bytes: [UInt8], from source: EndpointAddress = Self.hostAddress
  ) -> TransferEvents {
    Self.hand(bytes, from: source, to: &remote, &remoteMemory)
  }

  private static func hand(
    _ bytes: [UInt8], from source: EndpointAddress, to link: inout TransferLink,
    _ memory: inout [UInt8]
  ) -> TransferEvents {
    var span = memory.mutableSpan
    var raw = span.mutableBytes
    return link.receive(bytes.span.bytes, from: source, into: &raw)
  }

  /// Passes the host's next frame on; `nil`: it has none.
  mutating func hostSends(capacity: Int = 100) -> TransferEvents? {
    hostFrame(capacity: capacity).map { remoteReceives($0) }
  }

  mutating func remoteSends(capacity: Int = 100) -> TransferEvents? {
    remoteFrame(capacity: capacity).map { hostReceives($0) }
  }

  /// Lets both send until neither has anything; returns what happened, host's events first.
  mutating func settle(capacity: Int = 100) -> (host: [TransferEvents], remote: [TransferEvents]) {
    var all: (host: [TransferEvents], remote: [TransferEvents]) = ([], [])
    while true {
      if let events = hostSends(capacity: capacity) {
        all.remote.append(events)
      } else if let events = remoteSends(capacity: capacity) {
        all.host.append(events)
      } else {
        return all
      }
    }
  }

  /// Starts a message from the host.
  mutating func begin(_ message: [UInt8]) throws {
    hostMessage = message
    try host.send(byteCount: message.count)
  }

  /// Starts a message of `count` bytes and lets offer and credit pass.
  mutating func beginCredited(_ count: Int) throws {
    try begin(LinkPair.pattern(count))
    _ = hostSends()
    _ = remoteSends()
  }

  static func pattern(_ count: Int, seed: UInt8 = 7) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) ^ seed }
  }
}

extension TransferFrame {
  func bytes(of message: [UInt8] = []) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 2048)
    var span = buffer.mutableSpan
    var raw = span.mutableBytes
    let count = encode(into: &raw, message: message.span.bytes)
    return Array(buffer.prefix(count))
  }

  /// A fragment with bytes of its own.
  static func fragment(
    _ transfer: UInt32, total: UInt32, offset: UInt32, _ content: [UInt8],
    wantsCredit: Bool = false
  ) -> [UInt8] {
    let header = TransferFrame.data(
      transfer: transfer, total: total, offset: 0, byteCount: 0, wantsCredit: wantsCredit
    ).bytes()
    let place = (0..<4).map { UInt8(truncatingIfNeeded: offset >> UInt32(8 * $0)) }
    return header[..<12] + place + content
  }
}
