public import SharedMemory
import WireTypes

/// The header in front of every rpmsg payload in a shared buffer.
///
/// | Offset | Bytes | Field         |
/// |-------:|------:|---------------|
/// |      0 |     4 | `source`      |
/// |      4 |     4 | `destination` |
/// |      8 |     4 | reserved      |
/// |     12 |     2 | `byteCount`   |
/// |     14 |     2 | `flags`       |
///
/// Every field is little-endian. The reserved word is sent as 0 and ignored when it comes back, as
/// some remotes keep notes there. Source: [RPMSG] "Message header".
@frozen
public struct RPMsgHeader: Equatable, Sendable {
  /// Bytes the header takes in a buffer.
  @inlinable
  public static var encodedByteCount: Int { 16 }
  /// Bytes of payload in a buffer of the usual 512 bytes.
  @inlinable
  public static var defaultPayloadCapacity: Int { 496 }

  /// The endpoint that sent the message.
  public var source: EndpointAddress
  /// The endpoint the message is for.
  public var destination: EndpointAddress
  /// Bytes of payload after the header.
  public var byteCount: UInt16
  /// Transport flags; [RPMSG] assigns none.
  public var flags: UInt16

  /// Makes the header of a message.
  @inlinable
  public init(
    source: EndpointAddress, destination: EndpointAddress, byteCount: UInt16, flags: UInt16 = 0
  ) {
    self.source = source
    self.destination = destination
    self.byteCount = byteCount
    self.flags = flags
  }

  /// Decodes the header at the start of `buffer`, which is a private copy of the whole shared one.
  ///
  /// - Throws: ``RPMsgError/truncated(needed:available:)`` when the buffer ends before the header
  ///   or before the payload that the header promises.
  public init(decoding buffer: RawSpan) throws(RPMsgError) {
    guard buffer.byteCount >= Self.encodedByteCount else {
      throw .truncated(needed: Self.encodedByteCount, available: buffer.byteCount)
    }
    self.init(
      first: buffer.littleEndian(at: 0), second: buffer.littleEndian(at: 8))
    let needed = Self.encodedByteCount + Int(byteCount)
    guard buffer.byteCount >= needed else {
      throw .truncated(needed: needed, available: buffer.byteCount)
    }
  }

  /// Writes the header at the start of `buffer`.
  ///
  /// - Precondition: `buffer` has at least ``encodedByteCount`` bytes.
  public func encode(into buffer: inout MutableRawSpan) {
    buffer.storeLittleEndian(words.first, at: 0)
    buffer.storeLittleEndian(words.second, at: 8)
  }

  /// The header whose two halves, as little-endian words, are `first` and `second`.
  @inlinable
  init(first: UInt64, second: UInt64) {
    source = EndpointAddress(rawValue: UInt32(truncatingIfNeeded: first))
    destination = EndpointAddress(rawValue: UInt32(truncatingIfNeeded: first &>> 32))
    byteCount = UInt16(truncatingIfNeeded: second &>> 32)
    flags = UInt16(truncatingIfNeeded: second &>> 48)
  }

  /// Both halves as little-endian words; the reserved word is 0.
  @inlinable
  var words: (first: UInt64, second: UInt64) {
    (
      UInt64(source.rawValue) | UInt64(destination.rawValue) &<< 32,
      UInt64(byteCount) &<< 32 | UInt64(flags) &<< 48
    )
  }

  /// Copies the header out of a shared buffer at `offset`: each byte once.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  init<Memory: ForeignMemory>(copyingFrom memory: borrowing Memory, at offset: Int) {
    #if _pointerBitWidth(_64)
    if offset & 7 == 0, memory.isAligned(to: 8) {
      self.init(
        first: memory.loadUInt64(at: offset), second: memory.loadUInt64(at: offset &+ 8))
      return
    }
    #endif
    var words = InlineArray<2, UInt64>(repeating: 0)
    var span = words.mutableSpan
    // SAFETY: every bit pattern is a valid integer.
    var bytes = unsafe span.mutableBytes
    memory.copyOut(from: offset, into: &bytes)
    self.init(first: UInt64(littleEndian: words[0]), second: UInt64(littleEndian: words[1]))
  }

  /// Copies the header into a shared buffer at `offset`.
  @inlinable
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  func copy<Memory: ForeignMemory>(into memory: borrowing Memory, at offset: Int) {
    let (first, second) = words
    #if _pointerBitWidth(_64)
    if offset & 7 == 0, memory.isAligned(to: 8) {
      memory.store(first, at: offset)
      memory.store(second, at: offset &+ 8)
      return
    }
    #endif
    let words: InlineArray<2, UInt64> = [first.littleEndian, second.littleEndian]
    // SAFETY: integers have no padding.
    unsafe memory.copyIn(words.span.bytes, at: offset)
  }
}
