import SharedMemory
import WireTypes

/// All memory windows of one core and the tables about the code in them.
struct CoreMemory: ~Copyable, Sendable {
  /// One window with what keeps its pointers valid.
  private final class Storage: Sendable {
    let window: SharedWindow
    let codeLines: OwnedBuffer<UInt8>
    let buckets: OwnedBuffer<UInt32>

    init(_ window: SharedWindow) {
      self.window = window
      codeLines = OwnedBuffer(repeating: 0, count: MemoryWindow.lineCount(window.byteCount))
      buckets = OwnedBuffer(repeating: 0, count: MemoryWindow.bucketCount(window.byteCount))
    }
  }

  private let storages: [Storage]
  /// The windows in the order given; the first is the one the hot loop tries.
  let windows: [MemoryWindow]

  /// Checks and takes over `windows`.
  init(_ windows: [(base: DeviceAddress, window: SharedWindow)]) throws(RISCVCoreError) {
    guard !windows.isEmpty else { throw .noMemory }
    var storages: [Storage] = []
    var views: [MemoryWindow] = []
    var ranges: [AddressRange<DeviceAddress>] = []
    for (base, window) in windows {
      let range = try Self.checkedRange(base, window)
      if let other = ranges.first(where: { $0.overlaps(range) }) {
        throw .overlappingWindows(other.start, base)
      }
      ranges.append(range)
      let storage = Storage(window)
      storages.append(storage)
      views.append(
        MemoryWindow(
          base: UInt32(base.rawValue), window: window, codeLines: storage.codeLines,
          buckets: storage.buckets))
    }
    self.storages = storages
    self.windows = views
  }

  private static func checkedRange(
    _ base: DeviceAddress, _ window: SharedWindow
  ) throws(RISCVCoreError) -> AddressRange<DeviceAddress> {
    let count = window.byteCount
    guard base.rawValue % 4 == 0, count % 4 == 0, window.isAligned(to: 4) else {
      throw .misalignedWindow(base: base, byteCount: count)
    }
    guard count > 0, count < 1 << 32, base.rawValue <= 1 << 32 - UInt64(count),
      let range = AddressRange(start: base, byteCount: UInt64(count))
    else { throw .windowOutsideAddressSpace(base: base, byteCount: count) }
    return range
  }

  /// The window `address` lies in.
  func window(containing address: UInt32) -> MemoryWindow? {
    windows.first { $0.contains(address) }
  }

  /// The halfword at the even `address`, for fetching.
  func fetchHalf(_ address: UInt32) -> UInt16? { window(containing: address)?.loadHalf(address) }

  /// Whether every byte of an access is memory.
  private func isMemory(_ address: UInt32, _ byteCount: UInt32) -> Bool {
    (0..<byteCount).allSatisfy { window(containing: address &+ $0) != nil }
  }

  /// Loads `byteCount` bytes, aligned or not; `nil` unless all of them are memory.
  ///
  /// An aligned load is one access; another is one for each byte.
  func load(_ address: UInt32, byteCount: UInt32) -> UInt32? {
    if address % byteCount == 0 {
      guard let window = window(containing: address) else { return nil }
      switch byteCount {
      case 1: return window.loadByte(address).map { UInt32($0) }
      case 2: return window.loadHalf(address).map { UInt32($0) }
      default: return window.loadWord(address)
      }
    }
    guard isMemory(address, byteCount) else { return nil }
    var value: UInt32 = 0
    for index in 0..<byteCount {
      let byte = window(containing: address &+ index)?.loadByte(address &+ index) ?? 0
      value |= UInt32(byte) << (8 * index)
    }
    return value
  }

  /// Stores the low bytes of `value`, aligned or not; ``MemoryWindow/StoreOutcome/missed`` and
  /// nothing is written unless all of them are memory.
  func store(_ value: UInt32, at address: UInt32, byteCount: UInt32) -> MemoryWindow.StoreOutcome {
    if address % byteCount == 0 {
      guard let window = window(containing: address) else { return .missed }
      switch byteCount {
      case 1: return window.store(byte: UInt8(truncatingIfNeeded: value), at: address)
      case 2: return window.store(half: UInt16(truncatingIfNeeded: value), at: address)
      default: return window.store(word: value, at: address)
      }
    }
    guard isMemory(address, byteCount) else { return .missed }
    var outcome = MemoryWindow.StoreOutcome.done
    for index in 0..<byteCount {
      let byte = UInt8(truncatingIfNeeded: value >> (8 * index))
      let part = window(containing: address &+ index)?.store(byte: byte, at: address &+ index)
      if part == .doneNearCode { outcome = .doneNearCode }
    }
    return outcome
  }
}
