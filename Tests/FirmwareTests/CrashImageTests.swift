import RPMsg
import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

@Suite("Crash image")
struct CrashImageTests {
  /// Boots the image and sends `text`; 1 MHz, so that a second of the watchdog is soon over.
  private func send(_ text: String) throws -> FirmwareBench {
    let bench = try FirmwareBench("crash", frequencyInHertz: 1_000_000)
    bench.run()
    try bench.bringUp()
    bench.run()
    let service = try bench.takeService()
    #expect(service.name == WireName("rpmsg-crash"))
    #expect(try bench.exchange(Array(text.utf8), with: service.address).isEmpty)
    return bench
  }

  @Test("A wild pointer is a bus fault with its address")
  func wildPointer() throws {
    let bench = try send("wild")
    let crash = try #require(bench.log.crash)
    #expect(crash.kind == .busFault)
    #expect(crash.address == DeviceAddress(rawValue: 0xdead_bee0))
    #expect(crash.fatalCode == 7)
    let line = "exception 7 at \(crash.pc), value 0xdeadbee0\n"
    #expect(bench.trace.hasSuffix("crash: storing through a wild pointer\n" + line))
  }

  @Test("An illegal instruction is one, with its bits")
  func illegalInstruction() throws {
    let bench = try send("illegal")
    let crash = try #require(bench.log.crash)
    #expect(crash.kind == .illegalInstruction)
    #expect(crash.value == 0xffff_ffff)
    #expect(crash.fatalCode == 2)
    #expect(bench.trace.hasSuffix("exception 2 at \(crash.pc), value 0xffffffff\n"))
  }

  @Test("A fatal code comes through the doorbell")
  func fatalCode() throws {
    let bench = try send("fatal")
    let crash = try #require(bench.log.crash)
    #expect(crash.kind == .fatalError)
    #expect(crash.fatalCode == 0xc0de)
    #expect(bench.trace.hasSuffix("crash: reporting a fatal error\n"))
  }

  @Test("An endless loop ends by the watchdog")
  func endlessLoop() throws {
    let bench = try send("loop")
    #expect(try #require(bench.log.crash).kind == .watchdog)
    #expect(bench.trace.hasSuffix("crash: looping for ever\n"))
  }

  @Test("Other messages have no effect", arguments: ["", "wil", "wildly", "WILD", "loop\0"])
  func otherMessages(text: String) throws {
    let bench = try send(text)
    #expect(bench.log.crash == nil)
    #expect(bench.run() == .asleep)
    #expect(bench.trace.hasSuffix("crash: ignoring a message of \(text.utf8.count) bytes\n"))
  }

  @Test("The trace is a ring whose last byte stays 0")
  func traceWraps() throws {
    let bench = try send("first")
    let service = EndpointAddress(rawValue: 0x400)
    for byteCount in 0..<150 {
      _ = try bench.exchange([UInt8](repeating: 0, count: byteCount), with: service)
    }
    #expect(bench.trace.utf8.count == 0xfff)
    #expect(bench.memory.loadUInt8(at: 0xdfff) == 0)
    #expect(bench.trace.contains("crash: ignoring a message of 149 bytes\n"))
    #expect(!bench.trace.contains("crash: waiting for the host"))
  }
}
