import RPMsg
import SharedMemory

/// What the receive lock guards.
struct ReceiveSide: ~Copyable {
  var ring: RPMsgDriverReceiver<SharedWindow>
  var endpoints: EndpointTable
  /// Memory for messages on their way to handlers; `nil` while a thread drains the ring.
  var batch: ReceiveBatch?
  var isClosed = false

  init(
    ring: consuming RPMsgDriverReceiver<SharedWindow>, endpoints: consuming EndpointTable,
    slotByteCount: Int
  ) {
    self.ring = ring
    self.endpoints = endpoints
    batch = ReceiveBatch(slotByteCount: slotByteCount)
  }

  /// What a thread that drains does next.
  enum Step {
    /// Hand out what the batch holds; perhaps kick the remote first.
    case deliver(mustKick: Bool)
    /// Nothing: the ring is empty, the bus is closed, or another thread drains.
    case leave
  }

  /// Takes the batch, or uses the one that is `held`, and fills it; gives it back when no message
  /// waits, under the same lock, so that whoever comes later finds it.
  mutating func next(
    _ held: inout ReceiveBatch?, limit: Int
  ) throws(RPMsgError) -> Step {
    if held == nil { held = batch.take() }
    guard var mine = held.take() else { return .leave }
    guard !isClosed else {
      batch = consume mine
      return .leave
    }
    do throws(RPMsgError) { try fill(&mine, limit: limit) } catch {
      // What came before the ring broke is delivered; the next call throws again.
      if mine.count == 0 {
        batch = consume mine
        throw error
      }
    }
    guard mine.count > 0 else {
      batch = consume mine
      return .leave
    }
    held = consume mine
    return .deliver(mustKick: ring.publish())
  }

  /// Copies messages out of the ring until the batch is full.
  ///
  /// A message to the name service ends a batch, as it may open endpoints for those after it.
  private mutating func fill(
    _ batch: inout ReceiveBatch, limit: Int
  ) throws(RPMsgError) {
    batch.count = 0
    while batch.count < min(limit, ReceiveBatch.capacity) {
      guard let received = try batch.receiveNext(from: &ring) else { break }
      guard case .message(let header) = received else { continue }
      if header.destination == .nameService { break }
      batch.setEndpoint(endpoints[header.destination])
    }
  }
}
