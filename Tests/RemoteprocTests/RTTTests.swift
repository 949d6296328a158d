import Remoteproc
import SharedMemory
import TestSupport
import Testing
import WireTypes

@Suite("Traces with positions (RTT)")
struct RTTTests {
  private static let base: UInt64 = 0x2000_0000
  private static let block = 0x100
  private static let ring = 0x400
  private static let ringByteCount: UInt32 = 32
  private let memory: SharedWindow

  init() throws {
    memory = try SharedRegion(byteCount: 0x1000).window
    for (index, byte) in "SEGGER RTT".utf8.enumerated() { memory.store(byte, at: 0x100 + index) }
    set(16, 2)
    set(20, 1)
    for channel in 0..<2 {
      set(24 + 24 * channel + 4, UInt32(Self.base) + UInt32(Self.ring) + UInt32(0x100 * channel))
      set(24 + 24 * channel + 8, Self.ringByteCount)
    }
  }

  private func set(_ offset: Int, _ value: UInt32) { memory.store(value, at: Self.block + offset) }
  private func get(_ offset: Int) -> UInt32 { memory.loadUInt32(at: Self.block + offset) }

  private func reader(_ channel: Int = 0, at offset: UInt64 = 0x100) throws(TraceError) -> RTTReader
  {
    let memory = memory
    return try RTTReader(channel: channel, at: device(Self.base + offset)) { range in
      range.start.offset(from: device(Self.base)).flatMap {
        memory.window(at: $0, byteCount: range.byteCount)
      }
    }
  }

  /// Writes as the remote does.
  private func write(_ text: String) {
    var position = get(24 + 12)
    for byte in text.utf8 {
      memory.store(byte, at: Self.ring + Int(position))
      position = (position + 1) % Self.ringByteCount
    }
    set(24 + 12, position)
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("Text is read once, around the end, and the remote is told")
  func reads() throws {
    var reader = try reader()
    #expect(try reader.readNew().isEmpty)
    write("hello")
    #expect(text(try reader.readNew()) == "hello")
    #expect(get(24 + 16) == 5)
    for number in 0..<100 {
      write("number \(number)\n")
      #expect(text(try reader.readNew()) == "number \(number)\n")
    }
    var other = try self.reader(1)
    #expect(try other.readNew().isEmpty)
  }

  @Test("T04 offsets that make no sense are told once each, and reading goes on")
  func corrupted() throws {
    var reader = try reader()
    for (field, value) in [
      (12, 32), (12, 0xffff_ffff), (16, 32), (16, 0xffff_ffff), (8, 0), (8, 0xffff_ffff),
      (8, 1 << 20 + 1), (4, 0), (4, 0xffff_fff0), (4, UInt32(Self.base) + 0xff0),
    ] as [(Int, UInt32)] {
      let good = [4, 8, 12, 16].map { get(24 + $0) }
      set(24 + field, value)
      var failure: TraceError?
      do throws(TraceError) { _ = try reader.readNew() } catch { failure = error }
      #expect(
        failure
          == .corrupted(
            writeOffset: get(24 + 12), readOffset: get(24 + 16), byteCount: get(24 + 8)),
        "\(field) \(value)")
      for (index, offset) in [4, 8, 12].enumerated() { set(24 + offset, good[index]) }
      write("lost")
      #expect(try reader.readNew().isEmpty)
      write("read")
      #expect(text(try reader.readNew()) == "read", "\(field) \(value)")
    }
    // Backwards looks like a lap: never more than the ring holds.
    set(24 + 12, get(24 + 16) == 0 ? 31 : get(24 + 16) - 1)
    #expect(try reader.readNew().count == 31)
  }

  @Test("Random positions never lead out of the ring", arguments: 0..<10 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var reader = try reader()
    for _ in 0..<500 {
      let offset = [4, 8, 12, 16].randomElement(using: &random) ?? 12
      let values = [
        0, 1, 31, 32, 33, 0x7fff_ffff, .max, UInt32.random(in: 0...(.max), using: &random),
      ]
      set(24 + offset, values.randomElement(using: &random) ?? 0)
      do throws(TraceError) {
        let count = try reader.readNew().count
        #expect(count < 0x1000, "seed \(seed)")
      } catch {
        guard case .corrupted = error else { throw error }
      }
    }
  }

  @Test("No control block, no channel")
  func missing() throws {
    func failure(_ body: () throws(TraceError) -> RTTReader) -> TraceError? {
      do throws(TraceError) {
        _ = try body()
        return nil
      } catch { return error }
    }
    for offset in [0, 0x101, 0x104, 0xff8, 0x10_0000] as [UInt64] {
      #expect(
        failure { () throws(TraceError) in try reader(at: offset) }
          == .noControlBlock(device(Self.base + offset)))
    }
    #expect(failure { () throws(TraceError) in try reader(2) } == .noChannel(2, count: 2))
    #expect(failure { () throws(TraceError) in try reader(-1) } == .noChannel(-1, count: 2))
    set(16, .max)
    #expect(failure { () throws(TraceError) in try reader() } == .noChannel(0, count: .max))
  }
}
