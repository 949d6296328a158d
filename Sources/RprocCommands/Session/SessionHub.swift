import ELF
import RPMsg
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import Virtio
import WireTypes

/// What the threads of one session share: events, text, buses and counters.
final class SessionHub: Sendable {
  private struct State {
    var summary = SummaryEvent()
    var crash: CrashReport?
    var name = "offline"
    /// What an image was moved by; its symbols know only where it was linked to.
    var displacement: UInt64 = 0
    var tampering: TableTampering?
    var nameOfUp = "running"
    /// When something last went over a bridge.
    var lastBridged = MonotonicTime.now
    var hasInputEnded = false
    var isBridgeUnread = false
    var readyBridges: [BridgeEvent] = []
  }

  /// Events of the session.
  let log: EventLog
  /// Trace and console.
  let text: TextFollower
  /// The buses of the run that goes on.
  let messages: RPMsgSubdevice
  private let state = Guarded(State())
  private let image: ELFFile?

  /// Makes the hub of a session.
  ///
  /// - Parameters:
  ///   - log: gets the events.
  ///   - inbox: what the platform reports to.
  ///   - image: whose symbols name addresses.
  ///   - options: limits of its buses, and what their peers mean by feature bits.
  init(
    log: EventLog, inbox: ProcessorInbox, image: ELFFile?,
    options: RPMsgBusOptions = RPMsgBusOptions()
  ) {
    self.log = log
    self.image = image
    let text = TextFollower(log: log)
    self.text = text
    messages = RPMsgSubdevice(inbox: inbox, options: options) { event in
      Self.tell(event, to: log)
    }
  }

  /// Lets `services` serve the channels that nobody else does.
  func serve(_ services: [ServiceChoice]) {
    let drivers = ServiceDrivers(hub: self)
    for service in services { drivers.register(service, on: messages) }
  }

  /// The state that the next start leads to.
  var nameOfUp: String { state.withLock { $0.nameOfUp } }

  /// Notes that the next start is that of a processor that runs already.
  func expectAttach() { state.withLock { $0.nameOfUp = "attached" } }

  /// Tells of what the platform reports.
  func handle(_ event: PlatformEvent) {
    switch event {
    case .console(let bytes): text.console(bytes)
    case .exited(let code):
      text.lookForTheLastTime()
      log.add(.exit(code: code))
      closeBuses()
    case .crash(let report):
      text.lookForTheLastTime()
      state.withLock { $0.crash = report }
      log.add(.crash(crashEvent(report)))
      // Who waits for an answer shall not wait longer.
      closeBuses()
    case .stateWord: text.lookOften()
    }
  }

  /// The buses that are open.
  var buses: [RPMsgHostBus] { messages.buses }

  /// Ends all messages.
  func closeBuses() { messages.close() }

  /// Notes where an image came to lie.
  func noteBoot(at address: DeviceAddress?, linkedTo linked: DeviceAddress) {
    guard let address else { return }
    state.withLock { $0.displacement = address.rawValue &- linked.rawValue }
  }

  /// The crash that ended the session, if one did.
  var crash: CrashReport? { state.withLock { $0.crash } }

  /// Remembers a new state of the processor; returns the last one.
  func exchangeState(_ name: String) -> String {
    state.withLock { state in
      defer { state.name = name }
      return state.name
    }
  }

  /// Tells of bytes of the resource table that the remote has changed, once for each change.
  func note(_ tampering: TableTampering?) {
    let isNews = state.withLock { state in
      defer { state.tampering = tampering }
      return tampering != nil && tampering != state.tampering
    }
    if isNews, let tampering { log.add(.tableTampered(tampering)) }
  }

  /// Forgets the crash, as the processor starts again.
  func forgetCrash() { state.withLock { $0.crash = nil } }

  /// Remembers which bridges are ready, to be told of when the image was.
  func expect(_ bridges: [BridgeEvent]) { state.withLock { $0.readyBridges = bridges } }

  /// Tells which bridges are ready.
  func tellOfBridges() {
    for bridge in state.withLock({ $0.readyBridges }) { log.add(.bridge(bridge)) }
  }

  /// Notes that something went over a bridge.
  func noteBridged() { state.withLock { $0.lastBridged = .now } }

  /// Notes that standard input has ended.
  func noteInputEnd() {
    state.withLock { state in
      state.hasInputEnded = true
      state.lastBridged = .now
    }
  }

  /// Notes that nobody reads what goes over a bridge to standard output.
  func noteBridgeUnread() { state.withLock { $0.isBridgeUnread = true } }

  /// Whether nobody reads what goes over a bridge to standard output.
  var isBridgeUnread: Bool { state.withLock { $0.isBridgeUnread } }

  /// Whether standard input has ended, and nothing went over a bridge for `time` since.
  func isInputDone(for time: Duration) -> Bool {
    state.withLock { state in
      state.hasInputEnded && MonotonicTime.now >= state.lastBridged.advanced(by: time)
    }
  }

  /// Counters so far, without those of the platform.
  var summary: SummaryEvent { state.withLock { $0.summary } }

  /// Changes the counters.
  func count(_ body: (inout SummaryEvent) -> Void) { state.withLock { body(&$0.summary) } }

  /// Tells of what happens on a bus besides messages.
  private static func tell(_ event: RPMsgBusEvent, to log: EventLog) {
    switch event {
    case .channelAppeared(let name, let address):
      log.add(.channel(name: name.description, address: address.rawValue, .created))
    case .channelGone(let name, let address):
      log.add(.channel(name: name.description, address: address.rawValue, .destroyed))
    case .peerReady: break
    case .probeFailed(let name, _, let error):
      log.add(.error(Failure(error, about: "channel \(name)", status: .remoteFailed)))
    case .dropped(let drop, let unreported): log.add(.error(failure(drop, unreported)))
    case .failed(let status):
      log.add(
        .error(
          Failure(
            kind: "RPMsgBusEvent.failed",
            message: "the remote set status 0x\(String(status.rawValue, radix: 16))",
            status: .remoteFailed)))
    case .broken(let direction, let reason):
      let message = "the \(direction) vring is broken: \(reason)"
      log.add(
        .error(
          Failure(kind: "RPMsgBusEvent.broken", message: message, status: .remoteFailed)))
    }
  }

  private static func failure(_ drop: RPMsgDrop, _ unreported: UInt64) -> Failure {
    let rest = unreported > 0 ? ", and \(unreported) more before it" : ""
    return Failure(
      kind: "RPMsgDrop.\(drop.reason)",
      message: "message of \(drop.byteCount) bytes from \(drop.source) to \(drop.destination) "
        + "dropped: \(drop.reason)\(rest)",
      details: [
        JSONValue.Field("src", .integer(Int64(drop.source.rawValue))),
        JSONValue.Field("dst", .integer(Int64(drop.destination.rawValue))),
        JSONValue.Field("len", .count(drop.byteCount)),
        JSONValue.Field("unreported", .unsigned(unreported)),
      ], status: .remoteFailed)
  }

  /// What is told of a crash.
  func crashEvent(_ report: CrashReport) -> CrashEvent {
    CrashEvent(
      kind: report.kind.description, pc: report.pc?.rawValue, address: report.address?.rawValue,
      access: report.access?.description,
      detail: report.detail, symbol: report.pc.flatMap(symbol), lastTrace: text.lastLines)
  }

  /// The name of the function at `address` and the distance from its start.
  private func symbol(at address: DeviceAddress) -> String? {
    let displacement = state.withLock { $0.displacement }
    let address = DeviceAddress(rawValue: address.rawValue &- displacement)
    do throws(ELFError) {
      guard let symbol = try image?.symbol(nearestBelow: address),
        let distance = address.offset(from: symbol.address)
      else { return nil }
      let name = SymbolName.readable(symbol.name)
      return distance == 0 ? name : "\(name)+\(Hex.address(distance))"
    } catch {
      // An image whose symbols cannot be read has none.
      return nil
    }
  }
}
