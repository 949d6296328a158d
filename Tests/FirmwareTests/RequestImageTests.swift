import RPMsg
import SimulatedSoC
import Testing
import WireTypes

@Suite("Images that are asked to suspend, resume and shut down")
struct RequestImageTests {
  static let names = ["echo", "echo-poll", "sample-client", "crash"]

  /// Asks for `request`, lets the firmware run, and returns its answer.
  private func ask(_ bench: FirmwareBench, _ request: HostRequest) -> HostRequestAnswer {
    if let refusal = bench.chip.post(request) { return refusal }
    bench.run()
    return bench.chip.takeAnswer()
  }

  @Test("Before the host is ready, each request is acknowledged", arguments: names)
  func early(name: String) throws {
    let bench = try FirmwareBench(name)
    #expect(bench.run() == .asleep)
    for request in [HostRequest.resume, .suspend, .suspend, .resume, .shutdown] {
      #expect(ask(bench, request) == .acknowledged, "\(request)")
      #expect(bench.run() == .asleep)
    }
    #expect(bench.trace.hasSuffix("waiting for the host\nsuspended\nresumed\nshut down\n"))
    // It sleeps for good.
    #expect(ask(bench, .resume) == .notListening)
    #expect(bench.log.crash == nil)
  }

  @Test(
    "Messages wait while it is suspended, and are answered after", arguments: ["echo", "echo-poll"])
  func suspended(name: String) throws {
    let bench = try FirmwareBench(name)
    bench.run()
    try bench.bringUp()
    bench.run()
    let address = try bench.takeService().address
    #expect(ask(bench, .suspend) == .acknowledged)
    for byte in 1...3 as ClosedRange<UInt8> {
      #expect(try bench.exchange([byte], with: address).isEmpty)
      #expect(bench.run() == .asleep)
    }
    // So does a core whose clock stands still.
    try bench.chip.suspend()
    #expect(try bench.exchange([4], with: address).isEmpty)
    try bench.chip.resume()
    bench.run()
    #expect(try bench.collect().isEmpty)
    #expect(ask(bench, .resume) == .acknowledged)
    #expect(try bench.collect().map(\.payload) == [[1], [2], [3], [4]])
    #expect(try bench.exchange([5], with: address).map(\.payload) == [[5]])
  }

  @Test("A shutdown comes after the messages at hand", arguments: ["echo", "echo-poll"])
  func shutdown(name: String) throws {
    let bench = try FirmwareBench(name)
    bench.run()
    try bench.bringUp()
    bench.run()
    let address = try bench.takeService().address
    for byte in 0..<8 as Range<UInt8> { #expect(try bench.enqueue([byte], to: address)) }
    bench.publish()
    // The firmware is in the middle of its answers when it is asked.
    bench.run(cycles: 2_000)
    #expect(ask(bench, .shutdown) == .acknowledged)
    let answers = try bench.collect().map(\.payload)
    #expect(answers == (0..<UInt8(answers.count)).map { [$0] })
    #expect(bench.trace.hasSuffix("shut down\n"))
    #expect(try bench.exchange([9], with: address).isEmpty)
    #expect(bench.log.crash == nil)
    #expect(!bench.log.events.contains { if case .exited = $0 { true } else { false } })
  }

  @Test("The crash image can be told to ignore or to refuse requests")
  func misbehaviour() throws {
    for (text, answer) in [
      ("ignore-requests", .timedOut), ("refuse-requests", .refused),
    ] as [(String, HostRequestAnswer)] {
      let bench = try FirmwareBench("crash")
      bench.run()
      try bench.bringUp()
      bench.run()
      let address = try bench.takeService().address
      #expect(ask(bench, .resume) == .acknowledged)
      _ = try bench.exchange(Array(text.utf8), with: address)
      for request in HostRequest.allCases {
        #expect(ask(bench, request) == answer)
        // It still serves, and does not spin.
        _ = try bench.exchange([], with: address)
      }
      #expect(bench.trace.hasSuffix("crash: ignoring a message of 0 bytes\n"))
      #expect(bench.run() == .asleep)
    }
  }
}
