import ELF
import RPMsg
import RPMsgBus
import Remoteproc
import Scheduling
import WireTypes

/// What the threads of one session share: events, text, buses and counters.
final class SessionHub: Sendable {
  private struct State {
    var buses: [RPMsgHostBus] = []
    var summary = SummaryEvent()
    var crash: CrashReport?
  }

  /// Events of the session.
  let log: EventLog
  /// Trace and console.
  let text: TextFollower
  private let state = Guarded(State())
  private let services: [ServiceChoice]
  private let image: ELFFile?

  /// Makes the hub of a session.
  ///
  /// - Parameters:
  ///   - log: gets the events.
  ///   - services: what serves channels.
  ///   - image: whose symbols name addresses.
  init(log: EventLog, services: [ServiceChoice], image: ELFFile?) {
    self.log = log
    self.services = services
    self.image = image
    text = TextFollower(log: log)
  }

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

  /// Serves `bus` from now on.
  func adopt(_ bus: RPMsgHostBus) {
    state.withLock { $0.buses.append(bus) }
    let drivers = ServiceDrivers(hub: self)
    for service in services { drivers.register(service, on: bus) }
  }

  /// The buses that are open.
  var buses: [RPMsgHostBus] { state.withLock { $0.buses } }

  /// Ends all messages.
  func closeBuses() { for bus in buses { bus.close() } }

  /// Forgets the buses, which are closed.
  func releaseBuses() { state.withLock { $0.buses = [] } }

  /// The crash that ended the session, if one did.
  var crash: CrashReport? { state.withLock { $0.crash } }

  /// Counters so far, without those of the platform.
  var summary: SummaryEvent { state.withLock { $0.summary } }

  /// Changes the counters.
  func count(_ body: (inout SummaryEvent) -> Void) { state.withLock { body(&$0.summary) } }

  /// Tells of what happens on a bus besides messages.
  func handle(_ event: RPMsgBusEvent) {
    switch event {
    case .channelAppeared(let name, let address):
      log.add(.channel(name: name.description, address: address.rawValue, .created))
    case .channelGone(let name, let address):
      log.add(.channel(name: name.description, address: address.rawValue, .destroyed))
    case .probeFailed(let name, _, let error):
      log.add(.error(Failure(error, about: "channel \(name)", status: .remoteFailed)))
    case .dropped(let drop, let unreported): log.add(.error(Self.failure(drop, unreported)))
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
      detail: report.detail, symbol: report.pc.flatMap(symbol), lastTrace: text.lastLines)
  }

  /// The name of the function at `address` and the distance from its start.
  private func symbol(at address: DeviceAddress) -> String? {
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
