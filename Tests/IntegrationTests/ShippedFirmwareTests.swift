import RPMsg
import RPMsgBus
import Remoteproc
import Scheduling
import Testing
import WireTypes

@Suite("Shipped firmware on the simulator")
struct ShippedFirmwareTests {
  @Test(
    "The sample driver gets a hundred answers, and the firmware says goodbye",
    arguments: ["sample-client", "sample-client-cm4"])
  func sampleSession(name: String) throws {
    let firmware = try RunningFirmware(name)
    let log = firmware.log
    try firmware.boot([
      SampleClientDriver { _, report in
        if case .answered(_, let message) = report {
          #expect(message.payload == SampleClientDriver.greeting)
          log.countAnswer()
        }
      }
    ])
    let channel = SampleClientDriver.defaultChannelName
    let address = EndpointAddress(rawValue: 0x400)
    try log.wait { state in
      state.answerCount == 100 && state.events.contains(.exited(code: 0))
        && state.bus.contains(.channelGone(name: channel, remoteAddress: address))
    }
    #expect(firmware.trace.hasSuffix("sample client: 100 messages answered, goodbye!\n"))
    try log.wait { state in
      [1, 2, 3, 4].allSatisfy { state.events.contains(.stateWord($0)) }
    }
    try firmware.shutdown()
  }

  @Test(
    "Pings of the echo images come back whole",
    arguments: [
      "echo", "echo-poll", "echo-v0", "echo-cm4", "echo-poll-cm4", "echo-v0-cm4",
    ])
  func pings(name: String) throws {
    let firmware = try RunningFirmware(name)
    try firmware.boot()
    let channel = try firmware.channel()
    #expect(channel.name == WireName("rpmsg-echo"))
    for (window, byteCount) in [(1, 64), (40, 496), (200, 1), (7, 0)] {
      var options = PingOptions()
      options.messageCount = 500
      options.window = window
      options.byteCount = byteCount
      options.timeout = .seconds(20)
      let result = try PingClient.run(on: channel, options)
      #expect(result.isPerfect && result.receivedCount == 500, "window \(window)")
    }
    try firmware.shutdown()
  }

  @Test(
    "Each crash is reported with its kind",
    arguments: [
      ("wild", CrashKind.busFault), ("illegal", .illegalInstruction),
      ("fatal", .fatalError(code: 0xc0de)), ("loop", .watchdog),
    ], ["crash", "crash-cm4"])
  func crashes(crash: (text: String, kind: CrashKind), image: String) throws {
    let (text, kind) = crash
    let firmware = try RunningFirmware(image)
    try firmware.boot()
    let endpoint = try firmware.channel().open { _, _, _ in }
    let message = Array(text.utf8)
    try endpoint.send(message.span.bytes)
    try firmware.log.wait { $0.crash != nil }
    try firmware.log.wait { $0.crash?.kind == kind }
    #expect(firmware.trace.contains("crash: "))
    try firmware.shutdown()
  }

  @Test("A processor is started and stopped a hundred times")
  func restarts() throws {
    let firmware = try RunningFirmware("echo")
    for round in 0..<100 {
      try firmware.boot()
      var options = PingOptions()
      options.messageCount = 3
      options.timeout = .seconds(20)
      let result = try PingClient.run(on: firmware.channel(), options)
      try #require(result.isPerfect, "round \(round)")
      try firmware.shutdown()
    }
  }
}
