import FirmwareFiles
import RPMsgBus
import Remoteproc
import Scheduling
import WireTypes

/// Boots an image, sends messages to a channel that returns them, and checks each.
struct PingTask: SessionTask {
  /// What is sent, and how it is shown.
  struct Options {
    /// The board's name, for the header.
    var boardName: String
    /// The channel that returns messages.
    var channel: String
    /// What is sent.
    var ping: PingOptions
    /// How long the channel may take to appear.
    var channelTimeout: Duration
    /// What the boot accepts, and where the image goes.
    var boot: BootOptions
    /// Whether events are shown as JSON lines.
    var json: Bool
  }

  private let image: LoadedImage
  private let options: Options
  private let context: CommandContext
  private var printer: EventPrinter

  init(_ image: LoadedImage, _ options: Options, _ context: CommandContext) {
    self.image = image
    self.options = options
    self.context = context
    printer = EventPrinter(format: options.json ? .json : .brief, context: context)
  }

  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus {
    let hub = session.hub
    hub.log.add(.firmware(image.event(board: options.boardName)))
    var result: Result<PingResult?, Failure>
    do throws(Failure) {
      try session.start(image.firmware, path: image.file.path, options: options.boot)
      result = .success(try ping(hub))
    } catch { result = .failure(error) }
    session.noteCrash()
    let stopFailure = session.stop()
    if case .success(let outcome?) = result {
      hub.count { $0.add(outcome) }
      hub.log.add(.summary(session.summary))
    }
    printer.print(hub.log.take())
    if let crash = hub.crash {
      context.report(hub.crashEvent(crash), of: image.file.path)
      return .remoteFailed
    }
    if context.isInterrupted { return .interrupted }
    if let stopFailure { throw stopFailure }
    if wasGivenUp(result) { return .done }
    return try status(result)
  }

  /// Whether we ended the ping early, as nobody reads what comes of it.
  private func wasGivenUp(_ result: Result<PingResult?, Failure>) -> Bool {
    guard context.isUnread, case .success(let outcome) = result else { return false }
    return outcome.map { $0.failure == .remoteGone } ?? true
  }

  private func status(_ result: Result<PingResult?, Failure>) throws(Failure) -> CommandStatus {
    guard let outcome = try result.get() else {
      throw Failure(
        kind: "Ping.channelMissing",
        message: "\(image.file.path.escapedPath): channel \(SafeText.escaped(options.channel)) "
          + "did not appear within \(options.channelTimeout / .seconds(1)) s",
        status: .timedOut)
    }
    if let error = outcome.failure {
      throw Failure(error, about: "ping", status: .remoteFailed)
    }
    return outcome.isPerfect ? .done : .remoteFailed
  }

  /// Waits for the channel and pings it; `nil` when it does not appear.
  private mutating func ping(_ hub: SessionHub) throws(Failure) -> PingResult? {
    let deadline = MonotonicTime.now.advanced(by: options.channelTimeout)
    let name = WireName(options.channel as String)
    while true {
      for bus in hub.buses {
        guard let channel = bus.channels.first(where: { $0.name == name }) else { continue }
        return try exchange(on: channel, hub)
      }
      guard MonotonicTime.now < deadline, !isOver(hub) else { return nil }
      let poll = MonotonicTime.now.advanced(by: .milliseconds(20))
      printer.print(hub.log.wait(until: min(poll, deadline)))
    }
  }

  private func isOver(_ hub: SessionHub) -> Bool {
    hub.crash != nil || context.isInterrupted || context.isUnread
  }

  private mutating func exchange(
    on channel: RPMsgChannel, _ hub: SessionHub
  ) throws(Failure) -> PingResult {
    var progress = ProgressLine(total: options.ping.messageCount, file: context.errors)
    defer { progress.clear() }
    do throws(RPMsgBusError) {
      return try PingClient.run(on: channel, options.ping) { count in
        printer.print(hub.log.take())
        progress.show(count)
        if isOver(hub) { hub.closeBuses() }
      }
    } catch {
      if case .messageTooLong = error { throw Failure(error, about: "--size", status: .usage) }
      throw Failure(error, about: "channel \(options.channel)", status: .remoteFailed)
    }
  }
}

extension SummaryEvent {
  /// Adds what came of a ping.
  fileprivate mutating func add(_ result: PingResult) {
    messages += UInt64(result.receivedCount)
    bytes += UInt64(result.receivedCount * result.byteCount)
    lost += UInt64(result.lostCount)
    wrong += UInt64(result.wrongCount)
    latency = Latency(result.latency)
    let seconds = result.elapsed / .seconds(1)
    if seconds > 0 { rate = Double(result.receivedCount) / seconds }
  }
}
