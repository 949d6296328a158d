import RPMsg
import RPMsgBus
import Testing
import WireTypes

@Suite("Sample drivers")
struct SampleDriverTests {
  @Test("The client sample says hello 100 times and reports each answer, then goodbye")
  func clientSample() throws {
    let fixture = try BusFixture()
    let reports = Recorder<SampleClientDriver.Report>()
    fixture.bus.register(SampleClientDriver { _, report in reports.add(report) })
    let remote = try fixture.far.announce("rpmsg-client-sample")
    fixture.drain()
    var heard: [[UInt8]] = []
    for number in 1...100 as ClosedRange<UInt8> {
      let messages = try fixture.far.poll()
      heard += messages.map(\.payload)
      let message = try #require(messages.first)
      try fixture.far.send([number], from: remote, to: message.source)
      fixture.drain()
    }
    // The goodbye is for the application; the remote hears nothing more, and answers nothing.
    #expect(try fixture.far.poll().isEmpty)
    try fixture.far.send([1], from: remote, to: .firstDynamic)
    fixture.drain()
    #expect(heard == Array(repeating: Array("hello world!".utf8), count: 100))
    let answers = reports.items.compactMap { report -> [UInt8]? in
      guard case .answered(let number, let message) = report else { return nil }
      return message.source == remote && message.payload == [UInt8(number)] ? [UInt8(number)] : nil
    }
    #expect(answers == (1...100).map { [$0] })
    guard case .goodbye(answerCount: 100, let roundTrips) = reports.items.last else {
      Issue.record("\(String(describing: reports.items.last))")
      return
    }
    #expect(roundTrips.count == 100)
    #expect(reports.count == 201)
    fixture.bus.close()
    #expect(reports.count == 201)
  }

  @Test("A channel that goes before the goodbye is reported with what had come")
  func interrupted() throws {
    let fixture = try BusFixture()
    let reports = Recorder<SampleClientDriver.Report>()
    fixture.bus.register(
      SampleClientDriver(channelName: WireName("other")) { _, report in reports.add(report) })
    let remote = try fixture.far.announce("other")
    fixture.drain()
    for _ in 0..<3 {
      try fixture.far.echo()
      fixture.drain()
    }
    try fixture.far.withdraw(remote)
    fixture.drain()
    #expect(reports.items.last == .interrupted(answerCount: 3))
    fixture.bus.close()
    #expect(reports.count == 8)
  }

  @Test("Two channels of the sample's name count for themselves")
  func twoChannels() throws {
    let fixture = try BusFixture()
    let goodbyes = Recorder<UInt32>()
    fixture.bus.register(
      SampleClientDriver(messageCount: 2) { channel, report in
        if case .goodbye = report { goodbyes.add(channel.remoteAddress.rawValue) }
      })
    _ = try fixture.far.announce("rpmsg-client-sample")
    _ = try fixture.far.announce("rpmsg-client-sample")
    for _ in 0..<4 {
      fixture.drain()
      try fixture.far.echo()
    }
    fixture.drain()
    #expect(goodbyes.items.sorted() == [1024, 1025])
    fixture.bus.close()
  }

  @Test("The echo driver says where it is with an empty message, then returns what comes")
  func echo() throws {
    let fixture = try BusFixture()
    let reports = Recorder<EchoDriver.Report>()
    fixture.bus.register(
      EchoDriver(channelName: WireName("svc")) { _, report in reports.add(report) })
    let remote = try fixture.far.announce("svc")
    fixture.drain()
    let hello = try #require(try fixture.far.poll().first)
    #expect(hello.payload.isEmpty)
    // The answer goes to who sent, not to who announced.
    let other = EndpointAddress(rawValue: 9)
    try fixture.far.send([1, 2, 3], from: other, to: hello.source)
    fixture.drain()
    #expect(
      reports.items == [
        .received(RPMsgMessage(source: other, destination: hello.source, payload: [1, 2, 3])),
        .sent(RPMsgMessage(source: hello.source, destination: other, payload: [1, 2, 3])),
      ])
    #expect(fixture.bus.statistics.sentMessages == 2)
    #expect(remote == .firstDynamic)
    fixture.bus.close()
  }

  @Test("The print driver says where it is, then hands on what comes")
  func printing() throws {
    let fixture = try BusFixture()
    let messages = Recorder<RPMsgMessage>()
    fixture.bus.register(
      PrintDriver(channelName: WireName("svc")) { _, message in messages.add(message) })
    let remote = try fixture.far.announce("svc")
    fixture.drain()
    let hello = try #require(try fixture.far.poll().first)
    try fixture.far.send([5], from: remote, to: hello.source)
    fixture.drain()
    #expect(messages.items.map(\.payload) == [[5]])
    #expect(fixture.bus.statistics.sentMessages == 1)
    fixture.bus.close()
  }
}
