import RPMsg
import SharedMemory
import Virtio
import WireTypes

/// What configuration space says of the buffers, where both sides have agreed to look there.
///
/// | Offset | Bytes | Field                                                          |
/// |-------:|------:|----------------------------------------------------------------|
/// |      0 |     1 | version, 1                                                     |
/// |      1 |     2 | bytes of this structure, 13                                    |
/// |      3 |     2 | alignment of buffers; 0 or a power of two that divides both    |
/// |      5 |     4 | bytes of a buffer that the remote transmits from, at least 16  |
/// |      9 |     4 | bytes of a buffer that the remote receives into, at least 16   |
///
/// Little-endian and without gaps. Source: practice (the proposal of 2026 for Linux).
struct ConfiguredBufferSizes: Equatable, Sendable {
  static let byteCount = 13

  let version: UInt8
  let structureByteCount: UInt16
  let alignment: UInt16
  let transmitByteCount: UInt32
  let receiveByteCount: UInt32

  /// Reads what the device says now.
  init(_ entry: VirtioDeviceEntry<SharedWindow>) throws(RPMsgBusError) {
    var bytes = InlineArray<13, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var raw = unsafe span.mutableBytes
    do throws(VirtioError) { try entry.readConfig(at: 0, into: &raw) } catch {
      throw .device(error)
    }
    // The copy: what is checked is what is used.
    version = raw.bytes.littleEndian(at: 0)
    structureByteCount = raw.bytes.littleEndian(at: 1)
    alignment = raw.bytes.littleEndian(at: 3)
    transmitByteCount = raw.bytes.littleEndian(at: 5)
    receiveByteCount = raw.bytes.littleEndian(at: 9)
  }

  /// The sizes by which the driver lays out its buffers.
  ///
  /// - Throws: ``RPMsgBusError/bufferSizesRefused(version:byteCount:alignment:transmit:receive:)``.
  func sizes() throws(RPMsgBusError) -> RPMsgBufferSizes {
    let range = RPMsgBufferSizes.byteCounts
    let isAligned =
      alignment == 0
      || (alignment & (alignment &- 1) == 0
        && transmitByteCount % UInt32(alignment) == 0 && receiveByteCount % UInt32(alignment) == 0)
    guard version == 1, structureByteCount == Self.byteCount, isAligned,
      range.contains(Int(transmitByteCount)), range.contains(Int(receiveByteCount))
    else {
      throw .bufferSizesRefused(
        version: version, byteCount: structureByteCount, alignment: alignment,
        transmit: transmitByteCount, receive: receiveByteCount)
    }
    return RPMsgBufferSizes(
      receiveByteCount: Int(transmitByteCount), transmitByteCount: Int(receiveByteCount))
  }
}
