import Boards
import Foundation
import PlatformSimulator
import Remoteproc
import Scheduling
import SharedMemory
import SimulatedSoC
import Testing
import Virtio
import Vring
import WireTypes

/// Attaching, suspending, asking and recovering, with the shipped images.
@Suite("Life cycle on the simulated board", .serialized)
struct LifecycleTests {
  private static func image(_ name: String) throws -> ELFFirmware {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/RprocCommands/Images/\(name).elf")
    return try ELFFirmware(parsing: [UInt8](Data(contentsOf: file)))
  }

  private static func board(restart: BoardRestart = .none) throws -> Board {
    var board = try Board.named("virt-rv32")
    board.core?.restart = restart
    return board
  }

  /// Waits until the firmware has written `text` to its first trace.
  private func waitForTrace(_ text: String, _ traces: [TraceBuffer]) -> Bool {
    let deadline = MonotonicTime.now.advanced(by: .seconds(20))
    while MonotonicTime.now < deadline {
      let contents = traces.first?.contents() ?? []
      if String(decoding: contents, as: UTF8.self).contains(text) { return true }
      _ = usleep(1000)
    }
    return false
  }

  /// Sets the device's status as a driver does, and kicks.
  private func driverReady(_ device: Vdev, _ bell: some Vring.Doorbell) throws {
    let entry = device.device.entry
    try entry.setStatus(.acknowledge, from: [])
    try entry.setStatus([.acknowledge, .driver], from: .acknowledge)
    try entry.setStatus([.acknowledge, .driver, .driverOK], from: [.acknowledge, .driver])
    bell.kick(device.device.vrings[0].record.notifyID)
  }

  @Test("Firmware of a boot loader is attached to, talks, and runs on after a detach")
  func preloaded() throws {
    var bench = try Bench()
    try bench.platform.preload(Self.image("echo"))
    let chip = bench.platform.chip
    let pool = bench.pool
    let inbox = bench.inbox
    var processor = RemoteProcessor(platform: bench.takePlatform())
    #expect(processor.state == .detached)
    let clean = try #require(chip.loadedTable)
    var table: [UInt8] = []
    for round in 1...3 {
      try processor.attach()
      #expect(processor.state == .attached)
      let published = processor.table
      let found = try #require(published)
      #expect(found.da == clean.start && found.isVisible)
      // Its rings have got addresses where there were none.
      let rings = processor.devices[0].device.vrings.map(\.record.address.rawValue)
      #expect(rings.allSatisfy { $0 > TestAddresses.ramStart && $0 != 0xffff_ffff })
      if round == 1 {
        #expect(waitForTrace("waiting for the host", processor.traces))
      }
      try processor.detach()
      #expect(processor.state == .detached)
      #expect(chip.activity == .running)
      let now = found.snapshot()
      if round == 1 { table = now }
      // What the host had written is gone.
      #expect(now == table)
      #expect(now[132 + 4 + 24..<132 + 4 + 28].allSatisfy { $0 == 0xff })
    }
    try processor.attach()
    try processor.shutdown(gracePeriod: .seconds(20))
    #expect(processor.state == .offline && chip.activity == .stopped)
    #expect(processor.lastShutdownAnswer == .acknowledged)
    // And the next boot begins with clean memory.
    try processor.boot(Self.image("echo"))
    #expect(waitForTrace("waiting for the host", processor.traces))
    try processor.shutdown()
    withExtendedLifetime((pool, inbox)) {}
  }

  @Test("A table that the firmware claims elsewhere is not followed")
  func badTable() throws {
    for (start, byteCount) in [
      (0x1000, 64), (0x80ff_fff0, 64), (0x8000_0000, 0xffff_ffff), (0xffff_fff0, 0xffff),
    ] as [(UInt64, UInt64)] {
      let bench = try Bench()
      let chip = bench.platform.chip
      chip.memory[0].window.store(UInt32(0x1050_0073), at: 0)  // wfi
      chip.memory[0].window.store(UInt32(0xffdf_f06f), at: 4)  // back to it
      try chip.start(at: Bench.ram)
      let range = try #require(
        AddressRange(start: DeviceAddress(rawValue: start), byteCount: byteCount))
      chip.setLoadedTable(range)
      var processor = RemoteProcessor(platform: bench.takePlatform())
      #expect(processor.state == .detached)
      var refusal: RemoteprocError?
      do throws(RemoteprocError) { try processor.attach() } catch { refusal = error }
      #expect(refusal != nil)
      #expect(processor.state == .detached && chip.activity == .running)
    }
  }

  @Test("What a boot loader cannot run is refused")
  func badPreload() throws {
    var bench = try Bench()
    try bench.platform.preload(Self.image("echo"))
    let echo = try Self.image("echo")
    var failure: SimulatorError?
    do throws(SimulatorError) { try bench.platform.preload(echo) } catch { failure = error }
    #expect(failure == .chip(.alreadyRunning))
    var board = try Self.board()
    board.memory[0].da = DeviceAddress(rawValue: 0x9000_0000)
    board.memory[0].pa = PhysicalAddress(rawValue: 0x9000_0000)
    var other = try Bench(board)
    do throws(SimulatorError) { try other.platform.preload(echo) } catch { failure = error }
    guard case .outsideMemory(DeviceAddress(rawValue: 0x8000_0000), _)? = failure else {
      Issue.record("\(failure.map { "\($0)" } ?? "no error")")
      return
    }
  }

  @Test(
    "Suspend and resume are acknowledged, and nothing is lost", arguments: ["echo", "echo-poll"])
  func suspend(name: String) throws {
    let bench = try Bench()
    let chip = bench.platform.chip
    let pool = bench.pool
    var processor = RemoteProcessor(platform: bench.takePlatform())
    try processor.boot(Self.image(name))
    #expect(waitForTrace("waiting for the host", processor.traces))
    for _ in 0..<3 {
      try processor.suspend(timeout: .seconds(20))
      #expect(processor.state == .suspended && chip.activity == .suspended)
      try processor.resume(timeout: .seconds(20))
      #expect(processor.state == .running && chip.activity == .running)
    }
    #expect(waitForTrace("suspended\nresumed\nsuspended\nresumed\n", processor.traces))
    try processor.shutdown(gracePeriod: .seconds(20))
    #expect(processor.lastShutdownAnswer == .acknowledged)
    withExtendedLifetime(pool) {}
  }

  @Test("A crash of a core that restarts by itself is recovered by attaching, again and again")
  func attachOnRecovery() throws {
    let bench = try Bench(Self.board(restart: .itself))
    let chip = bench.platform.chip
    let inbox = bench.inbox
    let pool = bench.pool
    let collector = Collector()
    let token = collector.attach(to: inbox)
    defer { inbox.removeHandler(token) }
    var processor = RemoteProcessor(platform: bench.takePlatform())
    try processor.boot(Self.image("echo"))
    #expect(waitForTrace("waiting for the host", processor.traces))
    for round in 1...20 {
      // A spoiled ring: the firmware gives up.
      processor.table?.window.store(UInt32(0x1000), at: 132 + 4 + 24)
      try driverReady(processor.devices[0], processor.doorbell)
      #expect(
        collector.wait { collector in
          collector.allEvents.count { if case .crash = $0 { true } else { false } } == round
        }, "round \(round)")
      guard
        case .crash(let report)? = collector.allEvents.last(where: {
          if case .crash = $0 { true } else { false }
        })
      else { return }
      #expect(report.kind == .fatalError(code: 0x0102))
      let isCrash = processor.crash(report)
      #expect(isCrash)
      try processor.recover()
      #expect(processor.state == .attached)
      #expect(chip.restartCount == UInt64(round))
      #expect(processor.devices[0].device.entry.status == [])
      #expect(waitForTrace("waiting for the host", processor.traces))
    }
    try driverReady(processor.devices[0], processor.doorbell)
    #expect(waitForTrace("rpmsg is up", processor.traces))
    try processor.shutdown()
    withExtendedLifetime(pool) {}
  }
}

/// Addresses of the board, as plain numbers.
enum TestAddresses {
  static let ramStart: UInt64 = 0x8000_0000
}
