import RPMsg
import SharedMemory
import Synchronization
import Virtio
import Vring
import WireTypes

/// A doorbell that counts.
final class CountingBell: Doorbell {
  let first = Atomic<Int>(0)
  let second = Atomic<Int>(0)

  var counts: [Int] {
    let one = first.load(ordering: .relaxed)
    let two = second.load(ordering: .relaxed)
    return [one, two]
  }

  func kick(_ id: NotifyID) {
    if id.rawValue == 0 {
      first.add(1, ordering: .relaxed)
    } else {
      second.add(1, ordering: .relaxed)
    }
  }
}

/// One region with a device entry, two rings and buffers, as a platform would set it up.
struct RPMsgLink {
  let region: SharedRegion
  let layout: VringLayout
  let device: VirtioDevice<SharedWindow>
  let reachable: MappedMemory<SharedWindow>

  init(queueSize: UInt32, alignment: UInt32) throws {
    let base: UInt64 = 0x8000_0000
    layout = try VringLayout(queueSize: queueSize, alignment: alignment)
    let ringSpan = UInt64((layout.byteCount + 4095) / 4096 * 4096)
    let bufferSpan = UInt64(
      RPMsgBufferBlock<SharedWindow>.byteCount(queueSize: layout.queueSize))
    let bufferStart = 4096 + 2 * ringSpan
    region = try SharedRegion(byteCount: Int(bufferStart + bufferSpan))
    let window = region.window
    window.store(7 as UInt32, at: 0)
    window.store(1 as UInt32, at: 8)
    window.store(2 as UInt8, at: 21)
    var vrings: [VirtioVring<SharedWindow>] = []
    for index in 0..<2 {
      let offset = 4096 + UInt64(index) * ringSpan
      window.store(UInt32(base + offset), at: 24 + 20 * index)
      window.store(alignment, at: 28 + 20 * index)
      window.store(queueSize, at: 32 + 20 * index)
      window.store(UInt32(index), at: 36 + 20 * index)
    }
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    for index in 0..<2 {
      let record = try entry.vring(index)
      guard let ring = window.window(at: record.address.rawValue - base, byteCount: ringSpan) else {
        throw RPMsgError.unreachableVring(index: index, address: record.address)
      }
      vrings.append(VirtioVring(record: record, memory: ring))
    }
    guard let buffers = window.window(at: bufferStart, byteCount: bufferSpan) else {
      throw RPMsgError.bufferMemoryTooSmall(needed: Int(bufferSpan), available: 0)
    }
    device = VirtioDevice(
      index: 0, entry: entry, vrings: vrings,
      buffers: MappedMemory(
        memory: buffers, start: DeviceAddress(rawValue: base + bufferStart)))
    reachable = MappedMemory(memory: window, start: DeviceAddress(rawValue: base))
  }
}

extension RPMsgDriverReceiver {
  /// The next message with its payload in `payload`; `nil`: none, or it was dropped.
  mutating func next(_ payload: inout [UInt8]) throws -> RPMsgHeader? {
    var span = payload.mutableSpan
    var bytes = span.mutableBytes
    guard case .message(let header) = try receive(into: &bytes) else { return nil }
    return header
  }

  /// What ``receive(into:)`` gives, with the payload in an array.
  mutating func take(_ payload: inout [UInt8]) throws(RPMsgError) -> RPMsgReceived? {
    var span = payload.mutableSpan
    var bytes = span.mutableBytes
    return try receive(into: &bytes)
  }
}

/// The error that `body` throws, or `nil`.
func refusal(_ body: () throws(RPMsgError) -> Void) -> RPMsgError? {
  do throws(RPMsgError) {
    try body()
    return nil
  } catch { return error }
}
