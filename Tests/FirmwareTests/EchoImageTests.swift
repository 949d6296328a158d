import RPMsg
import TestSupport
import SimulatedSoC
import Testing
import WireTypes

@Suite("Echo images")
struct EchoImageTests {
  @Test("Every message comes back byte for byte", arguments: ["echo", "echo-poll"])
  func echoes(name: String) throws {
    let bench = try FirmwareBench(name)
    bench.run()
    try bench.bringUp()
    bench.run()
    let service = try bench.takeService()
    #expect(service.name == WireName("rpmsg-echo"))
    #expect(service.address == EndpointAddress(rawValue: 0x400))
    var generator = SeededGenerator(seed: 17)
    for byteCount in [0, 1, 2, 3, 4, 63, 64, 65, 255, 495, 496] {
      let payload = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let answers = try bench.exchange(payload, with: service.address)
      try #require(answers.count == 1, "\(byteCount) bytes")
      #expect(answers[0].payload == payload)
      #expect(answers[0].header.source == service.address)
      #expect(answers[0].header.destination == FirmwareBench.host)
    }
  }

  // Without free buffers for answers the firmware keeps the message and waits for the next kick.
  @Test("A host that takes no answers for a while loses none", arguments: ["echo", "echo-poll"])
  func waitsForBuffers(name: String) throws {
    let bench = try FirmwareBench(name)
    bench.run()
    try bench.bringUp()
    bench.run()
    let address = try bench.takeService().address
    var sent = 0
    var received = 0
    for _ in 0..<6 {
      for _ in 0..<3 {
        while try bench.enqueue([UInt8(truncatingIfNeeded: sent)], to: address) { sent += 1 }
        bench.publish()
        #expect(bench.run() == .asleep)
      }
      while received < sent {
        let answers = try bench.collect()
        try #require(!answers.isEmpty, "\(received) of \(sent)")
        for answer in answers {
          #expect(answer.payload == [UInt8(truncatingIfNeeded: received)])
          received += 1
        }
        bench.run()
      }
    }
    // More were on their way than one ring of 64 holds.
    #expect(sent >= 6 * 128)
  }
}
