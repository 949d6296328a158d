import SharedMemory
import Synchronization
import TestSupport
import Testing
import Virtio

/// The configuration space in whole, against a side that changes it.
@Suite("Virtio configuration space")
struct ConfigSpaceTests {
  /// An entry without vrings and with `bytes` of configuration space.
  private static func window(_ bytes: [UInt8]) throws -> SharedWindow {
    let window = try SharedRegion(byteCount: 4096).window
    window.store(UInt32(bytes.count), at: 16)
    window.copyIn(bytes.span.bytes, at: 24)
    return window
  }

  private static func read<Memory: ForeignMemory>(
    _ entry: VirtioDeviceEntry<Memory>, at offset: Int, _ count: Int
  ) throws(VirtioError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xff, count: count)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    try entry.readConfig(at: offset, into: &raw)
    return bytes
  }

  private static func error(_ body: () throws(VirtioError) -> Void) -> VirtioError? {
    do throws(VirtioError) {
      try body()
      return nil
    } catch { return error }
  }

  @Test("Every part inside is read and written, none outside")
  func bounds() throws {
    let window = try Self.window([1, 2, 3, 4, 5])
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    #expect(try Self.read(entry, at: 0, 5) == [1, 2, 3, 4, 5])
    #expect(try Self.read(entry, at: 4, 1) == [5])
    #expect(try Self.read(entry, at: 5, 0) == [])
    let more: [UInt8] = [7, 8]
    try entry.writeConfig(more.span.bytes, at: 3)
    #expect(try Self.read(entry, at: 2, 3) == [3, 7, 8])
    for (offset, count) in [(0, 6), (4, 2), (5, 1), (6, 0), (-1, 1), (.max, 1), (.min, 1)] {
      let outside = VirtioError.configOutOfRange(offset: offset, byteCount: count, available: 5)
      let read = Self.error { () throws(VirtioError) in
        _ = try Self.read(entry, at: offset, count)
      }
      #expect(read == outside)
      let bytes = [UInt8](repeating: 0xee, count: count)
      let write = Self.error { () throws(VirtioError) in
        try entry.writeConfig(bytes.span.bytes, at: offset)
      }
      #expect(write == outside)
    }
    #expect(window.loadUInt8(at: 29) == 0)
    #expect(
      VirtioError.configOutOfRange(offset: 4, byteCount: 2, available: 5).description
        == "2 bytes at 4 are not in the 5 bytes of config space")
    #expect(
      VirtioError.configUnstable(offset: 1, byteCount: 4).description
        == "config space: 4 bytes at 1 change at each look")
  }

  @Test("R123 a value that changes while it is read is read anew, whole")
  func changing() throws {
    let window = try Self.window([UInt8](repeating: 0x11, count: 8))
    // The other side writes twice, each time between our two looks.
    let memory = ChangingMemory(window) { look in
      if look <= 2 { window.fill(from: 24, count: 8, with: UInt8(look)) }
    }
    let entry = try VirtioDeviceEntry(memory: memory, offset: 0)
    #expect(try Self.read(entry, at: 0, 8) == [UInt8](repeating: 2, count: 8))
    #expect(memory.looks == 3)
  }

  @Test("R123 a value that never stands still is an error, not a mix")
  func unstable() throws {
    let window = try Self.window([UInt8](repeating: 0, count: 8))
    let memory = ChangingMemory(window) { look in
      window.store(UInt8(truncatingIfNeeded: look), at: 31)
    }
    let entry = try VirtioDeviceEntry(memory: memory, offset: 0)
    let error = Self.error { () throws(VirtioError) in _ = try Self.read(entry, at: 0, 8) }
    #expect(error == .configUnstable(offset: 0, byteCount: 8))
    #expect(memory.looks == 16)
    // Bytes that stand still can be had all the same.
    #expect(try Self.read(entry, at: 0, 7) == [UInt8](repeating: 0, count: 7))
  }

  @Test("R123 a space that shrinks or grows after it was taken up is as long as it was")
  func shrinking() throws {
    let window = try Self.window([1, 2, 3, 4])
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    for count in [0, 2, 4000, .max] as [UInt32] {
      window.store(count, at: 16)
      #expect(entry.configByteCount == 4)
      #expect(try Self.read(entry, at: 0, 4) == [1, 2, 3, 4])
      #expect(entry.configByte(at: 4) == nil)
    }
  }
}

/// Memory whose other side acts after each copy of it.
private final class ChangingMemory: ForeignMemory {
  private let base: SharedWindow
  private let counter = Atomic<Int>(0)
  private let change: @Sendable (Int) -> Void

  init(_ base: SharedWindow, change: @escaping @Sendable (Int) -> Void) {
    self.base = base
    self.change = change
  }

  /// Copies so far.
  var looks: Int { counter.load(ordering: .relaxed) }

  func sample(from offset: Int, into target: inout MutableRawSpan) {
    base.sample(from: offset, into: &target)
    change(counter.add(1, ordering: .relaxed).newValue)
  }

  var byteCount: Int { base.byteCount }
  func isAligned(to alignment: Int) -> Bool { base.isAligned(to: alignment) }
  func loadUInt8(at offset: Int) -> UInt8 { base.loadUInt8(at: offset) }
  func loadUInt16(at offset: Int) -> UInt16 { base.loadUInt16(at: offset) }
  func loadUInt32(at offset: Int) -> UInt32 { base.loadUInt32(at: offset) }
  func loadUInt64(at offset: Int) -> UInt64 { base.loadUInt64(at: offset) }
  func loadAcquiringUInt8(at offset: Int) -> UInt8 { base.loadAcquiringUInt8(at: offset) }
  func loadAcquiringUInt16(at offset: Int) -> UInt16 { base.loadAcquiringUInt16(at: offset) }
  func loadAcquiringUInt32(at offset: Int) -> UInt32 { base.loadAcquiringUInt32(at: offset) }
  func store(_ value: UInt8, at offset: Int) { base.store(value, at: offset) }
  func store(_ value: UInt16, at offset: Int) { base.store(value, at: offset) }
  func store(_ value: UInt32, at offset: Int) { base.store(value, at: offset) }
  func store(_ value: UInt64, at offset: Int) { base.store(value, at: offset) }
  func storeReleasing(_ value: UInt8, at offset: Int) { base.storeReleasing(value, at: offset) }
  func storeReleasing(_ value: UInt16, at offset: Int) { base.storeReleasing(value, at: offset) }
  func storeReleasing(_ value: UInt32, at offset: Int) { base.storeReleasing(value, at: offset) }
  func copyOut(from offset: Int, into target: inout MutableRawSpan) {
    base.copyOut(from: offset, into: &target)
  }
  func copyIn(_ source: RawSpan, at offset: Int) { base.copyIn(source, at: offset) }
  func fill(from offset: Int, count: Int, with value: UInt8) {
    base.fill(from: offset, count: count, with: value)
  }
}
