import Glibc
import RPMsg
import RPMsgBus
import Scheduling
import Synchronization

/// The thread of a bridge, and what others tell it.
///
/// Lines are made, read and ended on this thread alone; what the remote sends is written by the
/// thread that received it, as far as the outside has room.
final class BridgeLoop: Sendable {
  private struct Attachment {
    var channel: RPMsgChannel?
    var endpoint: RPMsgEndpoint?
  }

  let report: @Sendable (BridgeReport) -> Void
  let signal: WakeSignal
  private let outside: Guarded<BridgeOutside?>
  private let fixedLine: BridgeLine?
  private let listener: Int32?
  private let endsWithInput: Bool
  private let attachment = Guarded(Attachment())
  private let stopping = Atomic<Bool>(false)
  private let ended = FutexWord()

  /// Clients that are served at once.
  private static let clientLimit = 64
  /// `POLLRDHUP`, which the C library's module leaves out.
  private static let peerHasLeft: Int16 = 0x2000
  /// How long a full ring is waited for before the loop looks whether it shall end.
  private static let patience = Duration.milliseconds(100)

  init(
    _ outside: consuming BridgeOutside, report: @escaping @Sendable (BridgeReport) -> Void
  ) throws(BridgeError) {
    signal = try WakeSignal()
    fixedLine = outside.fixedLine
    listener = outside.listener
    endsWithInput = outside.endsWithInput
    self.outside = Guarded(consume outside)
    self.report = report
  }
}

// What other threads call.
extension BridgeLoop {
  /// Opens `channel` unless another one is open.
  func open(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let isFree = attachment.withLock { attachment in
      guard attachment.channel == nil else { return false }
      attachment.channel = channel
      return true
    }
    guard isFree, !isStopping else { return }
    do throws(RPMsgBusError) {
      let endpoint = try channel.open { [self] _, _, payload in
        // Clients of a socket have ends of their own, and nobody knows this one.
        if let fixedLine { pass(payload, to: fixedLine) }
      }
      attachment.withLock { $0.endpoint = endpoint }
      report(.opened)
      if fixedLine != nil { try greet(endpoint) }
    } catch {
      attachment.withLock { $0 = Attachment() }
      throw error
    }
    signal.raise()
  }

  /// Forgets `channel`, which is gone.
  func release(_ channel: RPMsgChannel) {
    let wasOurs = attachment.withLock { attachment in
      guard attachment.channel === channel else { return false }
      attachment = Attachment()
      return true
    }
    guard wasOurs else { return }
    report(.closed)
    signal.raise()
  }

  /// Asks the thread to end.
  func stop() {
    stopping.store(true, ordering: .relaxed)
    fixedLine?.abandon()
    signal.raise()
  }

  /// Waits until the thread has ended.
  func waitForEnd() {
    while ended.value.load(ordering: .acquiring) == 0 { ended.wait(while: 0) }
  }

  private func greet(_ endpoint: RPMsgEndpoint) throws(RPMsgBusError) {
    let nothing: [UInt8] = []
    // SAFETY: bytes have no padding.
    try unsafe endpoint.send(nothing.span.bytes, within: .seconds(1))
  }

  private var isStopping: Bool { stopping.load(ordering: .relaxed) }

  private func pass(_ payload: RawSpan, to line: BridgeLine) {
    let delivery = line.deliver(payload)
    report(.received(byteCount: payload.byteCount))
    if delivery.droppedByteCount > 0 {
      report(.overflowed(byteCount: delivery.droppedByteCount))
    }
    if delivery.needsLoop || line.isOutputClosed { signal.raise() }
  }
}

// The thread.
extension BridgeLoop {
  /// What the thread keeps from one look to the next.
  private struct Progress {
    var clients: [BridgeLine] = []
    var buffer: [UInt8] = []
    var hasEnded = false
    var hasReportedClosing = false
  }

  /// Serves all lines until it is told to stop.
  func run() {
    var progress = Progress()
    while !isStopping {
      let current = attachment.withLock { $0 }
      if current.endpoint == nil { hangUp(&progress) }
      var requests = requests(for: progress, isOpen: current.endpoint != nil)
      guard unsafe poll(&requests, nfds_t(requests.count), -1) >= 0 || errno == EINTR else { break }
      signal.clear()
      serve(requests, current, &progress)
    }
    hangUp(&progress)
    // Names are removed here, before anybody learns that it is over.
    outside.withLock { $0 = nil }
    ended.value.store(1, ordering: .releasing)
    ended.wake()
  }

  /// What to wait for: the signal, then each line, then the listener.
  private func requests(for progress: Progress, isOpen: Bool) -> [pollfd] {
    var requests = [pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0)]
    for line in lines(progress) {
      let isRead = isOpen && !(progress.hasEnded && line === fixedLine)
      requests.append(
        pollfd(fd: isRead ? line.input : -1, events: Int16(POLLIN) | Self.peerHasLeft, revents: 0))
      let isWritten = line.hasBacklog
      requests.append(
        pollfd(fd: isWritten ? line.output : -1, events: Int16(POLLOUT), revents: 0))
    }
    if let listener, isOpen, progress.clients.count < Self.clientLimit {
      requests.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
    }
    return requests
  }

  private func lines(_ progress: Progress) -> [BridgeLine] {
    if let fixedLine { [fixedLine] } else { progress.clients }
  }

  private func serve(
    _ requests: [pollfd], _ current: Attachment, _ progress: inout Progress
  ) {
    let lines = lines(progress)
    for (index, line) in lines.enumerated() {
      let (input, output) = (requests[1 + 2 * index], requests[2 + 2 * index])
      if output.revents != 0 { line.flush() }
      if input.fd >= 0, input.revents != 0 { readFrom(line, input.revents, current, &progress) }
      if line.isOutputClosed, !progress.hasReportedClosing {
        progress.hasReportedClosing = true
        report(.outputClosed)
      }
    }
    if requests.count > 1 + 2 * lines.count, requests[1 + 2 * lines.count].revents != 0 {
      accept(current, &progress)
    }
  }

  private func readFrom(
    _ line: BridgeLine, _ events: Int16, _ current: Attachment, _ progress: inout Progress
  ) {
    guard let endpoint = line.ownEndpoint ?? current.endpoint else { return }
    if progress.buffer.count != endpoint.maximumByteCount {
      progress.buffer = Array(repeating: 0, count: endpoint.maximumByteCount)
    }
    let isHungUp = events & (Int16(POLLHUP) | Self.peerHasLeft) != 0
    switch line.read(into: &progress.buffer, isHungUp: isHungUp) {
    case .message(let byteCount):
      // SAFETY: bytes have no padding.
      unsafe send(progress.buffer.span.bytes.extracting(0..<byteCount), through: endpoint)
    case .tooLong(let byteCount):
      report(
        .unsent(
          byteCount: byteCount,
          .messageTooLong(byteCount: byteCount, limit: endpoint.maximumByteCount)))
      end(line, &progress)
    case .nothing: break
    case .ended: end(line, &progress)
    }
  }

  /// Sends a message however long the remote takes, unless it goes or we are told to end.
  private func send(_ payload: RawSpan, through endpoint: RPMsgEndpoint) {
    while true {
      do throws(RPMsgBusError) {
        try endpoint.send(payload, within: Self.patience)
        return report(.sent(byteCount: payload.byteCount))
      } catch {
        if case .timedOut = error, !isStopping { continue }
        return report(.unsent(byteCount: payload.byteCount, error))
      }
    }
  }

  private func accept(_ current: Attachment, _ progress: inout Progress) {
    guard let channel = current.channel,
      let client = outside.withLock({ $0?.accept() })
    else { return }
    do throws(RPMsgBusError) {
      // The handler needs the line, and the line the endpoint: the handler looks it up. The end of
      // the endpoint lets go of the line, so that neither keeps the other, and the client hears.
      let holder = LineHolder()
      let endpoint = try channel.makeEndpoint(whenClosed: { holder.line = nil }) {
        [self] _, _, payload in
        if let line = holder.line { pass(payload, to: line) }
      }
      let line = BridgeLine(client: client, endpoint: endpoint)
      holder.line = line
      // The remote may have gone meanwhile, with nobody to let go of the line then.
      if endpoint.isClosed { holder.line = nil }
      progress.clients.append(line)
      report(.connected(count: progress.clients.count))
    } catch {
      // The channel has just gone: the client is hung up on, as the others are.
    }
  }

  private func end(_ line: BridgeLine, _ progress: inout Progress) {
    guard line !== fixedLine else {
      progress.hasEnded = true
      if endsWithInput { report(.inputEnded) }
      return
    }
    line.ownEndpoint?.close()
    progress.clients.removeAll { $0 === line }
    report(.disconnected(count: progress.clients.count))
  }

  private func hangUp(_ progress: inout Progress) {
    while let line = progress.clients.last { end(line, &progress) }
  }
}

/// A line that is known a moment later than who looks for it.
private final class LineHolder: Sendable {
  private let state = Guarded<BridgeLine?>(nil)

  var line: BridgeLine? {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
