import RPMsg
import SimulatedSoC
import Testing
import WireTypes

@Suite("Sample client image")
struct SampleClientImageTests {
  @Test("A hundred messages are answered, then the service is withdrawn and the firmware ends")
  func session() throws {
    let bench = try FirmwareBench("sample-client")
    bench.run()
    try bench.bringUp()
    bench.run()
    let service = try bench.takeService()
    #expect(service.name == WireName("rpmsg-client-sample"))
    let hello = Array("hello world!".utf8)
    for number in 1...99 {
      let answers = try bench.exchange(hello, with: service.address)
      #expect(answers.map(\.payload) == [hello], "message \(number)")
    }
    #expect(bench.log.stateWords == [1, 2, 3])
    let last = try bench.exchange(hello, with: service.address)
    try #require(last.count == 2)
    #expect(last[0].payload == hello)
    let announcement = last[1].payload
    let goodbye = try NameServiceMessage(decoding: announcement.span.bytes)
    #expect(goodbye.isWithdrawal && goodbye.name == service.name)
    #expect(bench.log.stateWords == [1, 2, 3, 4])
    #expect(bench.log.events.last == .exited(code: 0))
    #expect(bench.run() == .ended)
    #expect(
      bench.trace == """
        sample client: waiting for the host
        sample client: rpmsg is up
        announced rpmsg-client-sample at 0x400
        sample client: the host is at 0x500
        sample client: 100 messages answered, goodbye!

        """)
  }
}
