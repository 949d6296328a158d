import RPMsg
import SharedMemory

/// Private copies of some messages that one thread is handing to handlers.
struct ReceiveBatch: ~Copyable {
  static var capacity: Int { 16 }

  struct Entry {
    var received: RPMsgReceived
    var endpoint: RPMsgEndpoint?
  }

  var count = 0
  var drops = DropLimiter()
  private(set) var entries: [Entry]
  private(set) var bytes: [UInt8]
  let slotByteCount: Int

  init(slotByteCount: Int) {
    self.slotByteCount = slotByteCount
    let none = Entry(received: .dropped(.shortMessage(byteCount: 0)), endpoint: nil)
    entries = Array(repeating: none, count: Self.capacity)
    bytes = Array(repeating: 0, count: Self.capacity * slotByteCount)
  }

  /// Copies the next message of `ring` behind the others; `nil` when there is none.
  mutating func receiveNext(
    from ring: inout RPMsgDriverReceiver<SharedWindow>
  ) throws(RPMsgError) -> RPMsgReceived? {
    let start = count &* slotByteCount
    let end = start &+ slotByteCount
    var all = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var rest = unsafe all.mutableBytes
    var slot = rest._mutatingExtracting(start..<end)
    guard let received = try ring.receive(into: &slot) else { return nil }
    entries[count].received = received
    count &+= 1
    return received
  }

  /// Says who gets the message that was received last.
  mutating func setEndpoint(_ endpoint: RPMsgEndpoint?) { entries[count &- 1].endpoint = endpoint }

  /// Takes out who gets message `index`.
  mutating func takeEndpoint(_ index: Int) -> RPMsgEndpoint? { entries[index].endpoint.take() }
}
