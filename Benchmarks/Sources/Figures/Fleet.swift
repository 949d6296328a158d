import Boards
import Foundation
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import Synchronization
import WireTypes

/// Sends numbered pings over the echo channel of one processor, and checks what comes back.
final class Pinger: RPMsgServiceDriver {
  let channelName = WireName("rpmsg-echo")
  private let endpoint = Guarded<RPMsgEndpoint?>(nil)
  private let sent = Atomic<UInt64>(0)
  private let answered = Atomic<UInt64>(0)
  private let wrong = Atomic<UInt64>(0)

  var counts: (sent: UInt64, answered: UInt64, wrong: UInt64) {
    (
      sent.load(ordering: .relaxed), answered.load(ordering: .relaxed),
      wrong.load(ordering: .relaxed)
    )
  }

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let opened = try channel.open { [self] _, _, payload in
      let number = answered.load(ordering: .relaxed)
      let isRight =
        payload.byteCount == 64
        && payload.unsafeLoadUnaligned(as: UInt64.self) == number
      if !isRight { wrong.wrappingAdd(1, ordering: .relaxed) }
      answered.wrappingAdd(1, ordering: .relaxed)
    }
    endpoint.withLock { $0 = opened }
  }

  func remove(_ channel: RPMsgChannel) { endpoint.withLock { $0 = nil } }

  /// Sends the next ping, if the firmware is there.
  func ping() {
    guard let endpoint = endpoint.withLock({ $0 }) else { return }
    var payload = [UInt8](repeating: 0x5a, count: 64)
    let number = sent.load(ordering: .relaxed)
    for index in 0..<8 { payload[index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
    do throws(RPMsgBusError) {
      try endpoint.trySend(payload.span.bytes)
      sent.wrappingAdd(1, ordering: .relaxed)
    } catch {}
  }
}

/// Many processors in this process, each of which answers ten pings a second.
enum Fleet {
  static func run(count: Int, seconds: Int) async throws {
    let cores = WorkerPool(name: "cores", threadCount: 2)
    let control = WorkerPool(name: "control", threadCount: 1)
    let dispatcher = NotificationDispatcher(pool: cores)
    let (image, board) = (try SimulatedProcessor.image("echo"), try Board.named("virt-rv32"))
    let start = ProcessUsage.now
    var processors: [SimulatedProcessor] = []
    var pingers: [Pinger] = []
    for index in 0..<count {
      let processor = try SimulatedProcessor(
        name: "remote\(index)", image: image, board: board, dispatcher: dispatcher, cores: cores,
        control: control)
      let pinger = Pinger()
      processor.messages.register(pinger)
      try await processor.connect()
      try await processor.controller.boot()
      processors.append(processor)
      pingers.append(pinger)
    }
    let (before, begin) = (ProcessUsage.now, MonotonicTime.now)
    // A tenth of the fleet every 10 ms: ten pings a second for each.
    for round in 0..<(seconds * 100) {
      for index in stride(from: round % 10, to: count, by: 10) { pingers[index].ping() }
      let next = begin.advanced(by: .milliseconds(10 * (round + 1)))
      try await Task.sleep(for: next.since(.now))
    }
    let (after, duration) = (ProcessUsage.now, MonotonicTime.now.since(begin) / .seconds(1))
    try await Task.sleep(for: .milliseconds(200))
    let counts = pingers.map(\.counts)
    let sent = counts.reduce(0) { $0 + $1.sent }
    let answered = counts.reduce(0) { $0 + $1.answered }
    let wrong = counts.reduce(0) { $0 + $1.wrong }
    let share = (after.processorSeconds - before.processorSeconds) / duration
    let own = after.anonymous + after.file - start.anonymous - start.file
    print(
      "\(count) processors, \(seconds) s: \(sent) pings, \(sent - answered) lost, \(wrong) wrong")
    print("  processor time \(String(format: "%.2f", share)) of one core")
    print("  resident beyond their own memory: \(own / count) KiB each")
    print("  \(after.description)")
    for processor in processors { try await processor.controller.remove() }
  }
}
