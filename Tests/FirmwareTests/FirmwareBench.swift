import ELF
import Foundation
import RPMsg
import SharedMemory
import SimulatedSoC
import Synchronization
import Virtio
import Vring
import WireTypes

/// One committed image on a stepped chip with the parts of `virt-rv32`, and the host's end of its
/// rings; all on the test's thread, the same every time.
final class FirmwareBench {
  static let ram = DeviceAddress(rawValue: 0x8000_0000)
  /// The host's address in every message.
  static let host = EndpointAddress(rawValue: 0x500)

  let file: ELFFile
  let table: ELFSection
  let log = BenchLog()
  let memory: SharedWindow
  let chip: SimulatedChip
  private var receiver: RPMsgDriverReceiver<SharedWindow>?
  private var transmitter: RPMsgDriverTransmitter<SharedWindow>?

  /// Loads `name` and starts it; `frequencyInHertz`: instructions in a second of its time.
  init(_ name: String, frequencyInHertz: UInt64 = 100_000_000) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/RprocCommands/Images/\(name).elf")
    file = try ELFFile(parsing: [UInt8](Data(contentsOf: path)))
    guard let table = try file.section(named: ".resource_table") else { throw BenchError.noTable }
    self.table = table
    chip = try SimulatedChip(
      ChipConfiguration(
        memory: [.init(name: "ram", da: Self.ram, byteCount: 16 << 20)],
        devices: [
          .init(
            kind: .doorbell(raisesExternal: true), da: DeviceAddress(rawValue: 0x1000_0000)),
          .init(kind: .clint, da: DeviceAddress(rawValue: 0x0200_0000)),
        ], frequencyInHertz: frequencyInHertz),
      sink: ChipSink(kicked: log.kick, happened: log.add), execution: .stepped(seed: 0))
    memory = chip.memory[0].window
    for segment in file.segments where segment.isLoadable { load(segment) }
    try chip.start(at: file.entry)
  }

  private func load(_ segment: ELFSegment) {
    let target = Int(segment.physicalAddress.rawValue - Self.ram.rawValue)
    for index in 0..<Int(segment.fileByteCount) {
      memory.store(file.bytes[Int(segment.offset) + index], at: target + index)
    }
  }

  /// Runs until the firmware sleeps, ends, or has used `cycles`.
  @discardableResult
  func run(cycles: UInt64 = 5_000_000) -> SteppedRun.End { chip.run(cycles: cycles).end }

  /// Offset in RAM of the virtio device's entry, after its type.
  var entryOffset: Int { Int(table.address.rawValue - Self.ram.rawValue) + 136 }

  /// Places rings and buffers, and says that the driver is ready.
  func bringUp() throws {
    for (index, address) in [0x8010_0000, 0x8010_2000].enumerated() {
      memory.store(UInt32(address), at: entryOffset + 24 + 20 * index)
    }
    let entry = try VirtioDeviceEntry(memory: memory, offset: entryOffset)
    let vrings = try (0..<2).map { index in
      let record = try entry.vring(index)
      let offset = record.address.rawValue - Self.ram.rawValue
      guard let window = memory.window(at: offset, byteCount: 0x2000) else {
        throw BenchError.noMemory
      }
      return VirtioVring(record: record, memory: window)
    }
    guard let buffers = memory.window(at: 0x20_0000, byteCount: 0x1_0000) else {
      throw BenchError.noMemory
    }
    let device = VirtioDevice(
      index: 0, entry: entry, vrings: vrings,
      buffers: MappedMemory(memory: buffers, start: DeviceAddress(rawValue: 0x8020_0000)))
    receiver = try RPMsgDriverReceiver(device)
    transmitter = try RPMsgDriverTransmitter(device)
    try entry.setStatus(.acknowledge, from: [])
    try entry.setStatus([.acknowledge, .driver], from: .acknowledge)
    try entry.setStatus([.acknowledge, .driver, .driverOK], from: [.acknowledge, .driver])
    if receiver?.publish() == true { chip.kick(NotifyID(rawValue: 0)) }
  }

  /// Puts a message into the ring; `false`: no buffer is free.
  func enqueue(_ payload: [UInt8], to address: EndpointAddress) throws -> Bool {
    do throws(RPMsgError) {
      try transmitter?.enqueue(payload.span.bytes, from: Self.host, to: address)
    } catch {
      if error == .noBuffer { return false }
      throw error
    }
    return true
  }

  /// Shows the firmware what was enqueued.
  func publish() {
    if transmitter?.publish() == true { chip.kick(NotifyID(rawValue: 1)) }
  }

  /// Sends one message, lets the firmware work, and returns what it sent.
  func exchange(
    _ payload: [UInt8], with address: EndpointAddress
  ) throws -> [(header: RPMsgHeader, payload: [UInt8])] {
    guard try enqueue(payload, to: address) else { throw BenchError.noMemory }
    publish()
    run()
    return try collect()
  }

  /// Takes all messages the firmware has sent and gives their buffers back.
  func collect() throws -> [(header: RPMsgHeader, payload: [UInt8])] {
    var found: [(header: RPMsgHeader, payload: [UInt8])] = []
    var buffer = [UInt8](repeating: 0, count: 496)
    while true {
      var span = buffer.mutableSpan
      // SAFETY: every bit pattern is a valid byte.
      var bytes = span.mutableBytes
      guard let received = try receiver?.receive(into: &bytes) else { break }
      guard case .message(let header) = received else { throw BenchError.dropped(received) }
      found.append((header, Array(buffer.prefix(Int(header.byteCount)))))
    }
    if receiver?.publish() == true { chip.kick(NotifyID(rawValue: 0)) }
    return found
  }

  /// The one service the firmware has announced or withdrawn since the last look.
  func takeService() throws -> NameServiceMessage {
    let found = try collect()
    guard found.count == 1, found[0].header.destination == .nameService else {
      throw BenchError.noService
    }
    let payload = found[0].payload
    return try NameServiceMessage(decoding: payload.span.bytes)
  }

  /// The trace buffer up to its first NUL.
  var trace: String {
    let bytes = (0xd000..<0xe000).map { memory.loadUInt8(at: $0) }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// Why a test could not go on.
enum BenchError: Error {
  case noTable, noMemory, noService
  case dropped(RPMsgReceived)
}

/// What the chip told its host.
final class BenchLog: Sendable {
  private let state = Mutex<(kicks: [UInt32], events: [ChipEvent])>(([], []))

  var kicks: [UInt32] { state.withLock { $0.kicks } }
  var events: [ChipEvent] { state.withLock { $0.events } }
  var stateWords: [UInt32] {
    events.compactMap { if case .stateWord(let word) = $0 { word } else { nil } }
  }
  var crash: ChipCrash? {
    for case .crashed(let crash) in events { return crash }
    return nil
  }

  @Sendable func kick(_ id: NotifyID) { state.withLock { $0.kicks.append(id.rawValue) } }
  @Sendable func add(_ event: ChipEvent) { state.withLock { $0.events.append(event) } }
}
