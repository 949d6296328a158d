import RPMsg
import SharedMemory
import Synchronization
import Virtio
import Vring
import WireTypes

/// A doorbell between threads: a word that says somebody kicked.
final class Bell: Doorbell {
  private let rung = Atomic<Bool>(false)

  func kick(_ id: NotifyID) { ring() }
  func ring() { rung.store(true, ordering: .relaxed) }

  /// Whether somebody kicked since the last call.
  func take() -> Bool {
    guard rung.load(ordering: .relaxed) else { return false }
    rung.store(false, ordering: .relaxed)
    return true
  }
}

/// Shared memory with two rings of 256 descriptors, 512 buffers of 512 bytes, and the entry of the
/// device: what firmware and host have between them.
struct SharedLink {
  static let base: UInt64 = 0x8000_0000
  static let queueSize: UInt32 = 256
  static let alignment: UInt32 = 4096
  /// After the pages of the entry and of the words for two processes; then come buffers.
  private static let ringOffsets: [UInt64] = [0x4000, 0x8000]
  private static let bufferOffset: UInt64 = 0x10000
  private static let bufferBytes: UInt64 = 0x40000
  static let byteCount = 0x50000

  let region: SharedRegion
  let device: VirtioDevice<SharedWindow>

  /// New memory.
  init() throws {
    region = try SharedRegion(byteCount: Self.byteCount)
    let window = region.window
    window.store(7 as UInt32, at: 0)
    window.store(1 as UInt32, at: 8)
    window.store(2 as UInt8, at: 21)
    for index in 0..<2 {
      let record = 24 + 20 * index
      window.store(UInt32(Self.base + Self.ringOffsets[index]), at: record)
      window.store(Self.alignment, at: record + 4)
      window.store(Self.queueSize, at: record + 8)
      window.store(UInt32(index), at: record + 12)
    }
    device = try Self.device(in: window)
  }

  /// The memory of another process.
  init(adopting fileDescriptor: Int32) throws {
    region = try SharedRegion(adopting: fileDescriptor)
    device = try Self.device(in: region.window)
  }

  private static func device(in window: SharedWindow) throws -> VirtioDevice<SharedWindow> {
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    let layout = try VringLayout(queueSize: queueSize, alignment: alignment)
    let vrings = try (0..<2).map { index in
      VirtioVring(
        record: try entry.vring(index),
        memory: try window.part(ringOffsets[index], UInt64(layout.byteCount)))
    }
    return VirtioDevice(
      index: 0, entry: entry, vrings: vrings,
      buffers: MappedMemory(
        memory: try window.part(bufferOffset, bufferBytes),
        start: DeviceAddress(rawValue: base + bufferOffset)))
  }

  /// The device role of ring `index`.
  func deviceRing(_ index: Int) throws -> VringDevice<SharedWindow> {
    guard let buffers = device.buffers else { throw MissingPart() }
    let vring = device.vrings[index]
    return try VringDevice(memory: vring.memory, layout: vring.record.layout(), buffers: buffers)
  }
}

/// The memory is smaller than it must be.
struct MissingPart: Error {}

extension SharedWindow {
  func part(_ offset: UInt64, _ byteCount: UInt64) throws -> SharedWindow {
    guard let part = window(at: offset, byteCount: byteCount) else { throw MissingPart() }
    return part
  }
}
