import Boards
import Foundation
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import WireTypes

/// Says "fatal" to each channel of the crash firmware, so that it crashes as soon as it is up.
struct Provoker: RPMsgServiceDriver {
  let channelName = WireName("rpmsg-crash")

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let endpoint = try channel.open { _, _, _ in }
    try endpoint.trySend(Array("fatal".utf8).span.bytes)
  }
}

/// Boots and stops, and crashes and recovers, many times, and shows what is left behind.
enum Cycles {
  static func run(count: Int) async throws {
    try await boots(count)
    try await crashes(count)
  }

  private static func makeProcessor(_ image: String) async throws -> SimulatedProcessor {
    let cores = WorkerPool(name: "cores", threadCount: 2)
    let processor = try SimulatedProcessor(
      name: image, image: try SimulatedProcessor.image(image), board: try Board.named("virt-rv32"),
      dispatcher: NotificationDispatcher(pool: cores), cores: cores,
      control: WorkerPool(name: "control", threadCount: 1),
      recovery: RecoveryPolicy(backOff: .zero, limit: .max))
    try await processor.connect()
    return processor
  }

  private static func boots(_ count: Int) async throws {
    let processor = try await makeProcessor("echo")
    for _ in 0..<20 { try await bootAndStop(processor) }
    let before = ProcessUsage.now
    let start = MonotonicTime.now
    for _ in 0..<count { try await bootAndStop(processor) }
    report("boot and stop", count, MonotonicTime.now.since(start), before, ProcessUsage.now)
  }

  private static func bootAndStop(_ processor: SimulatedProcessor) async throws {
    try await processor.controller.boot()
    try await processor.controller.shutdown()
  }

  private static func crashes(_ count: Int) async throws {
    let processor = try await makeProcessor("crash")
    processor.messages.register(Provoker())
    let events = processor.controller.events()
    try await processor.controller.boot()
    var before = ProcessUsage.now
    var start = MonotonicTime.now
    var seen = -20
    for await event in events {
      guard case .state(.crashed, .running) = event else { continue }
      seen += 1
      if seen == 0 {
        before = ProcessUsage.now
        start = .now
      }
      if seen == count { break }
    }
    let duration = MonotonicTime.now.since(start)
    report("crash and recover", count, duration, before, ProcessUsage.now)
    try await processor.controller.remove()
  }

  private static func report(
    _ what: String, _ count: Int, _ duration: Duration, _ before: ProcessUsage,
    _ after: ProcessUsage
  ) {
    let each = duration / .milliseconds(1) / Double(count)
    print("\(what), \(count) times: \(String(format: "%.3f", each)) ms each")
    print("  before  \(before.description)")
    print("  after   \(after.description)")
    let grown = after.resident - before.resident
    let isSame =
      after.fileDescriptors == before.fileDescriptors && after.threads == before.threads
      && after.mappings == before.mappings
    print(
      "  resident \(grown >= 0 ? "+" : "")\(grown) KiB; handles \(isSame ? "as before" : "DIFFER")")
  }
}
