import RPMsg
import Scheduling
public import WireTypes

/// The client sample of the 2011 framework: says "hello world!" until it was answered 100 times.
///
/// For each channel it sends a greeting, sends another after every answer, and after the last
/// answer says goodbye: to the application, not to the remote. Source: [LINUX-6.1] samples/rpmsg.
public struct SampleClientDriver: RPMsgServiceDriver {
  /// What happens on a channel that the sample serves.
  public enum Report: Equatable, Sendable {
    /// A greeting was sent; numbers count from 1.
    case greeted(number: Int, RPMsgMessage)
    /// An answer has come.
    case answered(number: Int, RPMsgMessage)
    /// As many answers as wanted have come, after these times; nothing is sent any more.
    case goodbye(answerCount: Int, roundTrips: LatencyHistogram)
    /// A greeting could not be sent, which ends the exchange.
    case failed(RPMsgBusError)
    /// The channel went away before the goodbye.
    case interrupted(answerCount: Int)
  }

  /// The name of the channels that the sample serves unless told otherwise.
  public static var defaultChannelName: WireName { WireName("rpmsg-client-sample") }
  /// What the sample sends.
  public static var greeting: [UInt8] { Array("hello world!".utf8) }

  /// The name of the channels that the driver serves.
  public let channelName: WireName
  private let messageCount: Int
  private let report: @Sendable (RPMsgChannel, Report) -> Void

  /// Makes the driver.
  ///
  /// - Parameters:
  ///   - channelName: which channels to serve.
  ///   - messageCount: how many answers to wait for; at least 1.
  ///   - report: told of each step, without a lock held.
  public init(
    channelName: WireName = Self.defaultChannelName, messageCount: Int = 100,
    report: @escaping @Sendable (RPMsgChannel, Report) -> Void
  ) {
    precondition(messageCount >= 1, "at least one message")
    self.channelName = channelName
    self.messageCount = messageCount
    self.report = report
  }

  /// Opens the channel and sends the first greeting.
  public func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let exchange = SampleExchange(answerLimit: messageCount)
    let report = { @Sendable [report] (step: Report) in report(channel, step) }
    let endpoint = try channel.open {
      if let count = exchange.interrupt() { report(.interrupted(answerCount: count)) }
    } handler: { endpoint, header, payload in
      guard let answer = exchange.answered() else { return }
      report(.answered(number: answer.number, RPMsgMessage(header, payload)))
      if let roundTrips = answer.roundTrips {
        return report(.goodbye(answerCount: answer.number, roundTrips: roundTrips))
      }
      Self.greet(on: endpoint, number: answer.number + 1, exchange, report)
    }
    Self.greet(on: endpoint, number: 1, exchange, report)
  }

  private static func greet(
    on endpoint: RPMsgEndpoint, number: Int, _ exchange: SampleExchange,
    _ report: @Sendable (Report) -> Void
  ) {
    let payload = greeting
    exchange.greets()
    // Reported first, as the answer may come before the send returns.
    report(
      .greeted(
        number: number,
        RPMsgMessage(
          source: endpoint.address, destination: endpoint.remoteAddress ?? .any,
          payload: payload)))
    do throws(RPMsgBusError) {
      // SAFETY: bytes have no padding.
      try unsafe endpoint.send(payload.span.bytes)
    } catch {
      if exchange.interrupt() != nil { report(.failed(error)) }
    }
  }
}

/// How far the sample has come on one channel.
private final class SampleExchange: Sendable {
  private struct State {
    var answerCount = 0
    var isOver = false
    var sentAt = MonotonicTime.now
    var roundTrips = LatencyHistogram()
  }

  private let answerLimit: Int
  private let state = Guarded(State())

  init(answerLimit: Int) { self.answerLimit = answerLimit }

  func greets() { state.withLock { $0.sentAt = .now } }

  /// The number of the answer that has come, and all times if it was the last; `nil` after that.
  func answered() -> (number: Int, roundTrips: LatencyHistogram?)? {
    let now = MonotonicTime.now
    return state.withLock { state in
      guard !state.isOver else { return nil }
      let nanoseconds = now.nanoseconds - min(state.sentAt.nanoseconds, now.nanoseconds)
      state.roundTrips.record(nanoseconds: nanoseconds)
      state.answerCount += 1
      state.isOver = state.answerCount == answerLimit
      return (state.answerCount, state.isOver ? state.roundTrips : nil)
    }
  }

  /// Ends the exchange; returns how many answers had come, unless it was over before.
  func interrupt() -> Int? {
    state.withLock { state in
      guard !state.isOver else { return nil }
      state.isOver = true
      return state.answerCount
    }
  }
}
