import SharedMemory
package import WireTypes

/// All memory windows of one core and the tables about the code in them.
package struct CoreMemory: ~Copyable, Sendable {
  /// One window with what keeps its pointers valid.
  private final class Storage: Sendable {
    let window: SharedWindow?
    let codeLines: OwnedBuffer<UInt8>
    let buckets: OwnedBuffer<UInt32>

    init(_ window: SharedWindow?) {
      self.window = window
      let byteCount = window?.byteCount ?? 0
      codeLines = OwnedBuffer(zeroed: MemoryWindow.lineCount(byteCount))
      buckets = OwnedBuffer(zeroed: MemoryWindow.bucketCount(byteCount))
    }
  }

  private let storages: [Storage]
  /// The windows in the order given.
  package let windows: [MemoryWindow]
  /// The window the hot loop tries: one that the program may read and write.
  ///
  /// Without any such window it is an empty one.
  package private(set) var hot: MemoryWindow
  /// Addresses behind a translation unit, of which nothing is seen but the windows.
  package let translated: AddressRange<DeviceAddress>?

  /// Checks and takes over `windows`; none at all is possible behind a translation unit.
  package init(
    _ windows: [CoreWindow], translated: AddressRange<DeviceAddress>? = nil
  ) throws(CoreWindowError) {
    guard !windows.isEmpty || translated != nil else { throw .noMemory }
    var storages: [Storage] = []
    var views: [MemoryWindow] = []
    var ranges: [AddressRange<DeviceAddress>] = []
    for memory in windows {
      let range = try Self.checkedRange(memory.base, memory.window)
      if let other = ranges.first(where: { $0.overlaps(range) }) {
        throw .overlappingWindows(other.start, memory.base)
      }
      ranges.append(range)
      let storage = Storage(memory.window)
      storages.append(storage)
      views.append(Self.view(of: storage, memory))
    }
    let usual = views.first { $0.permissions.isSuperset(of: [.read, .write]) }
    let nothing = Storage(nil)
    if usual == nil { storages.append(nothing) }
    hot = usual ?? MemoryWindow(emptyWith: nothing.codeLines, nothing.buckets)
    self.storages = storages
    self.windows = views
    self.translated = translated
  }

  private static func view(
    of storage: Storage, _ memory: CoreWindow
  ) -> MemoryWindow {
    MemoryWindow(
      base: UInt32(memory.base.rawValue), window: memory.window, permissions: memory.permissions,
      codeLines: storage.codeLines, buckets: storage.buckets)
  }

  private static func checkedRange(
    _ base: DeviceAddress, _ window: SharedWindow
  ) throws(CoreWindowError) -> AddressRange<DeviceAddress> {
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
  package func window(containing address: UInt32) -> MemoryWindow? {
    windows.first { $0.contains(address) }
  }

  /// The window `address` lies in, if the program may do that there.
  package func window(containing address: UInt32, for need: MemoryPermissions) -> MemoryWindow? {
    guard let window = window(containing: address), window.permissions.isSuperset(of: need) else {
      return nil
    }
    return window
  }

  /// The halfword at the even `address`, for fetching.
  package func fetchHalf(_ address: UInt32) -> UInt16? {
    window(containing: address, for: .execute)?.loadHalf(address)
  }

  /// The first byte of an access where there is no memory to do `need` with; `nil` if none.
  package func firstMiss(_ address: UInt32, _ byteCount: UInt32, for need: MemoryPermissions)
    -> UInt32?
  {
    (0..<byteCount).lazy.map { address &+ $0 }
      .first { window(containing: $0, for: need) == nil }
  }

  /// Makes the window of `address` the one the hot loop tries, if the program may use it for data
  /// and its stack lies there.
  ///
  /// Programs keep their data by their stack; with several windows the first is not always theirs.
  package mutating func preferWindow(of address: UInt32, stack: UInt32) {
    guard !hot.contains(address),
      let window = window(containing: address, for: [.read, .write]), window.contains(stack)
    else { return }
    hot = window
  }

  /// Whether an access that missed at `address` was for the translation unit to answer.
  package func isTranslated(_ address: UInt32) -> Bool {
    translated?.offset(of: DeviceAddress(rawValue: UInt64(address)), byteCount: 1) != nil
  }

  /// Loads `byteCount` bytes, aligned or not; `nil` unless all of them are memory.
  ///
  /// An aligned load is one access; another is one for each byte.
  package func load(_ address: UInt32, byteCount: UInt32) -> UInt32? {
    if address % byteCount == 0 {
      guard let window = window(containing: address, for: .read) else { return nil }
      switch byteCount {
      case 1: return window.loadByte(address).map { UInt32($0) }
      case 2: return window.loadHalf(address).map { UInt32($0) }
      default: return window.loadWord(address)
      }
    }
    guard firstMiss(address, byteCount, for: .read) == nil else { return nil }
    var value: UInt32 = 0
    for index in 0..<byteCount {
      let byte = window(containing: address &+ index)?.loadByte(address &+ index) ?? 0
      value |= UInt32(byte) << (8 * index)
    }
    return value
  }

  /// Stores the low bytes of `value`, aligned or not; ``MemoryWindow/StoreOutcome/missed`` and
  /// nothing is written unless all of them are memory.
  package func store(_ value: UInt32, at address: UInt32, byteCount: UInt32)
    -> MemoryWindow.StoreOutcome
  {
    if address % byteCount == 0 {
      guard let window = window(containing: address, for: .write) else { return .missed }
      switch byteCount {
      case 1: return window.store(byte: UInt8(truncatingIfNeeded: value), at: address)
      case 2: return window.store(half: UInt16(truncatingIfNeeded: value), at: address)
      default: return window.store(word: value, at: address)
      }
    }
    guard firstMiss(address, byteCount, for: .write) == nil else { return .missed }
    var outcome = MemoryWindow.StoreOutcome.done
    for index in 0..<byteCount {
      let byte = UInt8(truncatingIfNeeded: value >> (8 * index))
      let part = window(containing: address &+ index)?.store(byte: byte, at: address &+ index)
      if part == .doneNearCode { outcome = .doneNearCode }
    }
    return outcome
  }
}
