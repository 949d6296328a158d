import Scheduling
import SharedMemory
import SimulatedSoC
import Synchronization
import WireTypes

/// A chip with the parts of `virt-rv32`, and what it told the host.
struct TestChip {
  static let ram: UInt64 = 0x8000_0000
  static let doorbell: UInt32 = 0x1000_0000
  static let clint: UInt32 = 0x0200_0000

  let chip: SimulatedChip
  let log: EventLog
  let memory: SharedWindow

  init(
    _ execution: SimulatedChip.Execution = .stepped(seed: 0), ramByteCount: UInt64 = 0x10000,
    program: (inout Assembler) -> Void = { _ in }
  ) throws {
    let log = EventLog()
    self.log = log
    chip = try SimulatedChip(
      ChipConfiguration(
        memory: [
          .init(name: "ram", da: DeviceAddress(rawValue: Self.ram), byteCount: ramByteCount)
        ],
        devices: [
          .init(
            kind: .doorbell(raisesExternal: true),
            da: DeviceAddress(rawValue: UInt64(Self.doorbell))),
          .init(kind: .clint, da: DeviceAddress(rawValue: UInt64(Self.clint))),
        ]),
      sink: ChipSink(kicked: log.kick, happened: log.add), execution: execution)
    memory = chip.memory[0].window
    load(program)
  }

  /// Puts a program to the start of RAM; `a0` holds the doorbell's address and `a1` the CLINT's
  /// when it begins.
  func load(_ program: (inout Assembler) -> Void) {
    var assembler = Assembler()
    assembler.li(Assembler.a0, Self.doorbell)
    assembler.li(Assembler.a1, Self.clint)
    program(&assembler)
    for (index, word) in assembler.words.enumerated() { memory.store(word, at: index * 4) }
  }

  func start() throws { try chip.start(at: DeviceAddress(rawValue: Self.ram)) }

  /// Starts a stepped chip and runs it.
  @discardableResult
  func run(_ cycles: UInt64 = 1_000) throws -> SteppedRun {
    try start()
    return chip.run(cycles: cycles)
  }

  func kick(_ id: UInt32) { chip.kick(NotifyID(rawValue: id)) }

  /// The word that the program stored at `offset` of RAM.
  func word(_ offset: Int) -> UInt32 { memory.loadUInt32(at: offset) }

  static func address(_ offset: UInt64) -> DeviceAddress {
    DeviceAddress(rawValue: ram + offset)
  }
}

/// Everything a chip told its sink.
final class EventLog: Sendable {
  private struct State: Sendable {
    var kicks: [UInt32] = []
    var events: [ChipEvent] = []
  }

  private let state = Guarded(State())
  private let changes = FutexWord()

  var kicks: [UInt32] { state.withLock { $0.kicks } }
  var events: [ChipEvent] { state.withLock { $0.events } }

  /// Each line of console output.
  var console: [String] {
    events.compactMap { event in
      if case .console(let bytes) = event { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
  }

  /// The crash, if there was one.
  var crash: ChipCrash? {
    for case .crashed(let crash) in events { return crash }
    return nil
  }

  func kick(_ id: NotifyID) {
    state.withLock { $0.kicks.append(id.rawValue) }
    wakeWaiters()
  }

  func add(_ event: ChipEvent) {
    state.withLock { $0.events.append(event) }
    wakeWaiters()
  }

  private func wakeWaiters() {
    changes.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    changes.wake()
  }

  /// Waits until `condition` holds, looking at each event; false if it does not within `limit`.
  func wait(
    upTo limit: Duration = .seconds(20), until condition: (EventLog) -> Bool
  ) -> Bool {
    let deadline = MonotonicTime.now.advanced(by: limit)
    while true {
      let seen = changes.value.load(ordering: .sequentiallyConsistent)
      if condition(self) { return true }
      guard MonotonicTime.now < deadline else { return false }
      // Not every condition is about events, so look again now and then.
      changes.wait(while: seen, until: min(deadline, .now.advanced(by: .milliseconds(5))))
    }
  }
}
