import Foundation
import PlatformSimulator
import Remoteproc
import SharedMemory
import SimulatedSoC
import Testing
import WireTypes

/// Shipped images, booted through the life cycle of `Remoteproc` on the simulated board.
@Suite("Boots on the simulated board", .serialized)
struct BootTests {
  private func image(_ name: String) throws -> ELFFirmware {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("Sources/RprocCommands/Images/\(name).elf")
    return try ELFFirmware(parsing: [UInt8](Data(contentsOf: file)))
  }

  @Test(
    "Each image accepts its resource table and goes to sleep",
    arguments: ["echo", "echo-poll", "echo-v0", "sample-client", "crash"])
  func boots(name: String) throws {
    let bench = try Bench()
    let inbox = bench.inbox
    let collector = Collector()
    let token = collector.attach(to: inbox)
    defer { inbox.removeHandler(token) }
    var processor = RemoteProcessor(platform: bench.takePlatform())
    try processor.boot(image(name))
    #expect(collector.wait { $0.allEvents == [.stateWord(1), .stateWord(2)] })
    #expect(processor.devices.count == 1)
    #expect(processor.carveouts.first?.da == Bench.ram)
    let trace = try #require(processor.traces.first)
    #expect(collector.wait { _ in !trace.contents().isEmpty })
    #expect(processor.state == .running)
    try processor.shutdown()
  }

  @Test("A hundred boots of one processor leave all memory free and the same statistics")
  func restarts() throws {
    let bench = try Bench()
    let inbox = bench.inbox
    let collector = Collector()
    let token = collector.attach(to: inbox)
    defer { inbox.removeHandler(token) }
    var processor = RemoteProcessor(platform: bench.takePlatform())
    let firmware = try image("echo")
    for round in 1...100 {
      try processor.boot(firmware)
      #expect(
        collector.wait { $0.allEvents.count == 2 * round }, "round \(round)")
      try processor.shutdown()
    }
    let whole = try processor.withPlatform { platform throws(PlatformError) in
      let grant = try platform.allocate(Bench.request(nil, 16 << 20))
      platform.release(grant)
      return grant.da
    }
    #expect(whole == Bench.ram)
  }

  @Test("Firmware for another machine is refused before memory is touched")
  func wrongMachine() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("Sources/RprocCommands/Images/echo.elf")
    var bytes = [UInt8](try Data(contentsOf: file))
    bytes[18] = 40  // e_machine: Arm
    bytes[19] = 0
    let bench = try Bench()
    var processor = RemoteProcessor(platform: bench.takePlatform())
    let firmware = try ELFFirmware(parsing: bytes)
    var refusal: RemoteprocError?
    do throws(RemoteprocError) { try processor.boot(firmware) } catch { refusal = error }
    #expect(refusal != nil)
    #expect(processor.state == .offline)
    #expect(processor.platform.chip.memory[0].window.loadUInt32(at: 0) == 0)
  }
}
