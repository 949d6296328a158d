import SharedMemory
import Testing
import Vring
import WireTypes

/// The other side of one ring, by hand: writes what a peer would, right or wrong.
struct FarSide {
  let window: SharedWindow
  let layout: VringLayout

  /// A ring of `queueSize` descriptors in memory of its own.
  init(queueSize: Int = 8) throws {
    layout = try VringLayout(queueSize: queueSize, alignment: 16)
    window = try SharedRegion(byteCount: layout.byteCount).window
  }

  func driver(
    bufferLimit: Int = VringLayout.maximumQueueSize,
    _ rule: VringDriver<SharedWindow>.UsedLengthRule = .strict
  ) throws -> VringDriver<SharedWindow> {
    try VringDriver(
      memory: window, layout: layout, bufferLimit: bufferLimit, usedLengthRule: rule)
  }

  // As a device.
  var availableIndex: UInt16 { window.loadUInt16(at: layout.available.offset + 2) }
  func availableHead(_ slot: Int) -> UInt16 {
    window.loadUInt16(at: layout.available.offset + 4 + 2 * (slot % layout.queueSize))
  }
  func setUsed(_ slot: Int, id: UInt32, byteCount: UInt32) {
    let offset = layout.used.offset + 4 + 8 * (slot % layout.queueSize)
    window.store(id, at: offset)
    window.store(byteCount, at: offset + 4)
  }
  func setUsedIndex(_ index: UInt16) { window.store(index, at: layout.used.offset + 2) }
  func setUsedFlags(_ flags: UInt16) { window.store(flags, at: layout.used.offset) }

  // As a driver.
  func setDescriptor(
    _ index: Int, address: UInt64, byteCount: UInt32, flags: UInt16 = 0, next: UInt16 = 0
  ) {
    window.store(address, at: 16 * index)
    window.store(byteCount, at: 16 * index + 8)
    window.store(flags, at: 16 * index + 12)
    window.store(next, at: 16 * index + 14)
  }
  func setAvailable(_ slot: Int, head: UInt16) {
    window.store(head, at: layout.available.offset + 4 + 2 * (slot % layout.queueSize))
  }
  func setAvailableIndex(_ index: UInt16) {
    window.store(index, at: layout.available.offset + 2)
  }
  func setAvailableFlags(_ flags: UInt16) { window.store(flags, at: layout.available.offset) }
  var usedIndex: UInt16 { window.loadUInt16(at: layout.used.offset + 2) }
  func used(_ slot: Int) -> (id: UInt32, byteCount: UInt32) {
    let offset = layout.used.offset + 4 + 8 * (slot % layout.queueSize)
    return (window.loadUInt32(at: offset), window.loadUInt32(at: offset + 4))
  }
}

/// The error that `body` throws, or `nil`.
func caught<Result>(_ body: () throws(VringError) -> Result) -> VringError? {
  do throws(VringError) {
    _ = try body()
    return nil
  } catch { return error }
}

extension VringDriver where Memory == SharedWindow {
  /// Lends `count` buffers of 64 bytes; returns their heads.
  mutating func lend(
    _ count: Int, _ direction: BufferDirection = .deviceWrites
  ) throws -> [UInt16] {
    var heads: [UInt16] = []
    for _ in 0..<count {
      guard let head = try reserve() else { break }
      add(
        head, address: DeviceAddress(rawValue: 0x1000 + 64 * UInt64(head)), byteCount: 64,
        direction: direction)
      heads.append(head)
    }
    _ = publish()
    return heads
  }
}
