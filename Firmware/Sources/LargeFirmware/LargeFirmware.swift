import BoardSupport
import RPMsg
import RPMsgTransfers

/// Announces `rpmsg-large`, also for large messages, and returns every message: plain ones as they
/// come, large ones of up to 1 MiB when they are complete.
@main
struct LargeFirmware {
  static func main() {
    var remote = Remote(image: "large", wait: .interrupt, table: .large)
    // First the name for large messages, so that who sees the plain one knows.
    var echo = LargeEcho(address: remote.announce("rpmsg-large+L1"))
    let plain = remote.announce("rpmsg-large")
    while true {
      remote.handleMessages { header, payload, transmitter in
        if header.destination == plain {
          return Self.echo(payload, from: plain, to: header.source, by: &transmitter)
        }
        echo.receive(header, payload)
        // Many frames are shown to the host at once, at the end of the call.
        echo.sendFrames { payload, source, peer in
          do throws(RPMsgError) {
            try transmitter.enqueue(payload, from: source, to: peer)
            return true
          } catch { return false }
        }
        return .done
      }
      // What found no buffer above, when the host has given some back.
      echo.sendFrames { payload, source, peer in remote.send(payload, from: source, to: peer) }
    }
  }

  private static func echo(
    _ payload: RawSpan, from address: EndpointAddress, to peer: EndpointAddress,
    by transmitter: inout Remote.Transmitter
  ) -> RPMsgVerdict {
    if payload.byteCount == 0 { return .done }
    do throws(RPMsgError) {
      try transmitter.enqueue(payload, from: address, to: peer)
    } catch { return error == .noBuffer ? .retry : .done }
    return .done
  }
}

/// Returns each large message to its sender, out of the memory that it came into.
struct LargeEcho: ~Copyable {
  /// Bytes of a frame: the payload of a buffer.
  private static let frameByteCount = 496

  private let address: EndpointAddress
  private var link: TransferLink
  /// Bytes of the message that waits to go back.
  private var answer: Int?

  init(address: EndpointAddress) {
    self.address = address
    // One life for each boot: the host's end of the channel is a new one, too.
    link = TransferLink(
      session: 1,
      limits: TransferLink.Limits(
        messageByteCount: LargeMemory.byteCount, receiveWindow: 16 * 480, sendWindow: 16 * 480))
  }

  /// Acts on a frame.
  mutating func receive(_ header: RPMsgHeader, _ payload: RawSpan) {
    let events = LargeMemory.withBytes { memory in
      link.receive(payload, from: header.source, into: &memory)
    }
    if let error = events.receiveFailure { report(error) }
    if let byteCount = events.received { answer = byteCount }
    if case .failed(let error) = events.outcome { report(error) }
    if events.outcome != nil { release() }
    startAnswer()
  }

  /// Gives the memory back when the answer is over; the next message may be there, without bytes.
  private mutating func release() { if link.releaseMessage() { answer = 0 } }

  private mutating func startAnswer() {
    guard let byteCount = answer, !link.isSending else { return }
    answer = nil
    do throws(RPMsgTransferError) { try link.send(byteCount: byteCount) } catch {
      // The host takes less than it sends.
      report(error)
      release()
    }
  }

  private func report(_ error: RPMsgTransferError) {
    switch error {
    case .refused(let reason): Trace.line("large: refused, reason \(UInt32(reason.rawValue))")
    case .cancelled(let reason): Trace.line("large: cancelled, reason \(UInt32(reason.rawValue))")
    case .peerRestarted: Trace.line("large: the host has started anew")
    default: Trace.line("large: a message has ended early")
    }
  }

  /// Sends the frames that may go now, as long as `send` finds a buffer.
  mutating func sendFrames(
    _ send: (RawSpan, EndpointAddress, EndpointAddress) -> Bool
  ) {
    var frame = InlineArray<496, UInt8>(repeating: 0)
    while let next = link.nextFrame(
      capacity: Self.frameByteCount - TransferFrame.dataHeaderByteCount),
      let peer = link.peer
    {
      var span = frame.mutableSpan
      // SAFETY: every bit pattern is a valid byte.
      var buffer = unsafe span.mutableBytes
      let count = LargeMemory.withBytes { memory in
        next.encode(into: &buffer, message: memory.bytes)
      }
      // SAFETY: bytes have no padding.
      let bytes = unsafe frame.span.bytes
      guard send(bytes.extracting(first: count), address, peer) else { return }
      link.didSend(next)
    }
  }
}
