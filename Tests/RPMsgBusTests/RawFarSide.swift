import RPMsg
import SharedMemory
import Virtio
import Vring
import WireTypes

/// The remote's side of vring 0, which can put anything into a buffer.
struct RawFarSide: ~Copyable {
  private var ring: VringDevice<SharedWindow>

  init(_ link: BusLink) throws {
    let vring = link.device.vrings[0]
    ring = try VringDevice(
      memory: vring.memory, layout: try vring.record.layout(), buffers: link.reachable)
  }

  /// Writes `bytes` to the next buffer and says that `usedByteCount` were written.
  mutating func put(_ bytes: [UInt8], usedByteCount: UInt32? = nil) throws {
    let buffer = try require(try ring.popBuffer(.deviceWrites))
    ring.buffers.memory.copyIn(bytes.span.bytes, at: buffer.segment.offset)
    ring.complete(buffer.head, byteCount: usedByteCount ?? UInt32(bytes.count))
    _ = ring.publish()
  }

  /// Puts a message whose header says what the arguments say, true or not.
  mutating func send(
    from source: UInt32, to destination: UInt32, reserved: UInt32 = 0, byteCount: UInt16? = nil,
    flags: UInt16 = 0, _ payload: [UInt8] = [], usedByteCount: UInt32? = nil
  ) throws {
    var bytes = [UInt8](repeating: 0, count: 16)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    raw.storeLittleEndian(source, at: 0)
    raw.storeLittleEndian(destination, at: 4)
    raw.storeLittleEndian(reserved, at: 8)
    raw.storeLittleEndian(byteCount ?? UInt16(payload.count), at: 12)
    raw.storeLittleEndian(flags, at: 14)
    try put(bytes + payload, usedByteCount: usedByteCount)
  }

  /// Puts a name service message.
  mutating func announce(
    _ name: [UInt8], at address: UInt32, flags: UInt32 = 0, byteCount: Int = 40
  ) throws {
    var bytes = [UInt8](repeating: 0, count: max(byteCount, 40))
    bytes.replaceSubrange(0..<name.count, with: name)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    raw.storeLittleEndian(address, at: 32)
    raw.storeLittleEndian(flags, at: 36)
    try send(from: address, to: 53, Array(bytes.prefix(byteCount)))
  }

  mutating func announce(_ name: String, at address: UInt32, flags: UInt32 = 0) throws {
    try announce(Array(name.utf8), at: address, flags: flags)
  }
}
