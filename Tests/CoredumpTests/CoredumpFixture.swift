import Coredump
import ELF
import Foundation
import Scheduling
import TestSupport
import WireTypes

/// Memory of a dump that a test makes up.
struct TestMemory: CoredumpMemory {
  /// The bytes of each segment; `nil` cannot be read.
  var segments: [[UInt8]?]
  /// How often bytes were asked for.
  private(set) var readCount = 0

  init(_ segments: [[UInt8]?]) { self.segments = segments }

  mutating func read(
    segment: Int, at offset: UInt64, into target: inout MutableRawSpan
  ) -> Bool {
    readCount += 1
    guard let bytes = segments[segment] else { return false }
    for index in 0..<target.byteCount {
      target.storeBytes(
        of: bytes[Int(offset) + index], toByteOffset: index, as: UInt8.self)
    }
    return true
  }
}

/// A sink that keeps all bytes, or fails on the way.
struct TestSink: CoredumpSink {
  private(set) var bytes: [UInt8] = []
  private(set) var skipped: UInt64 = 0
  private(set) var isFinished = false
  /// At which byte it fails.
  var failAt: Int?

  mutating func write(
    _ new: RawSpan, until deadline: MonotonicTime
  ) throws(CoredumpError) {
    if let failAt, bytes.count + new.byteCount > failAt {
      throw .system(.write, errno: ENOSPC, offset: UInt64(failAt))
    }
    bytes += new.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  mutating func skip(
    _ byteCount: UInt64, until deadline: MonotonicTime
  ) throws(CoredumpError) {
    bytes += [UInt8](repeating: 0, count: Int(byteCount))
    skipped += byteCount
  }

  mutating func finish() throws(CoredumpError) { isFinished = true }
}

/// A dump that can be written again and again.
struct TestDump: CoredumpSource {
  var contents: CoredumpContents
  var memory: [[UInt8]?]
  var timeLimit = Duration.seconds(60)

  init(_ contents: CoredumpContents, _ memory: [[UInt8]?]) {
    self.contents = contents
    self.memory = memory
  }

  /// One segment of `byteCount` bytes, none of them 0.
  init(byteCount: Int = 5000, form: CoredumpForm = .elf) {
    self.init(
      CoredumpContents(
        form: form, machine: .riscv, entry: address(0x8000_0000),
        segments: [segment("ram", 0x8000_0000, byteCount)],
        notes: [CoredumpFacts([CoredumpFacts.Fact("state", "crashed")]).note]),
      [(0..<byteCount).map { UInt8(1 + $0 % 251) }])
  }

  func write(
    to sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) -> CoredumpReport {
    var memory = TestMemory(memory)
    return try CoredumpWriter.write(
      CoredumpLayout(contents), from: &memory, to: &sink, timeLimit: timeLimit)
  }

  /// The bytes of the dump.
  func bytes() throws(CoredumpError) -> [UInt8] {
    var sink = TestSink()
    _ = try write(to: &sink)
    return sink.bytes
  }
}

func address(_ value: UInt64) -> DeviceAddress { DeviceAddress(rawValue: value) }

func segment(_ name: String, _ da: UInt64, _ byteCount: Int) -> CoredumpSegment {
  CoredumpSegment(name: WireName(name), da: address(da), byteCount: UInt64(byteCount))
}

/// What an operation throws; `nil` when it succeeds.
func failure<Result>(_ body: () throws(CoredumpError) -> Result) -> CoredumpError? {
  do throws(CoredumpError) {
    _ = try body()
    return nil
  } catch { return error }
}

extension CoredumpReader {
  /// Reads a dump in memory.
  init(_ bytes: [UInt8]) throws(CoredumpError) {
    try self.init { offset, count throws(CoredumpError) in
      guard offset < UInt64(bytes.count) else { return [] }
      return Array(bytes[Int(offset)...].prefix(count))
    }
  }
}

/// Bytes of words in little-endian order.
func words(_ values: UInt32...) -> [UInt8] {
  values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}

func halves(_ values: UInt16...) -> [UInt8] {
  values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
}

func longs(_ values: UInt64...) -> [UInt8] {
  values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
