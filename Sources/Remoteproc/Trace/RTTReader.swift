public import SharedMemory
public import WireTypes

/// Reads a trace that publishes its positions: an up-channel of SEGGER's RTT, as Zephyr and many
/// firmwares for microcontrollers have it.
///
/// The control block, little-endian, of a 32-bit remote:
///
/// | Offset | Bytes | Field                                   |
/// |-------:|------:|-----------------------------------------|
/// |      0 |    16 | `SEGGER RTT` and NULs                   |
/// |     16 |     4 | number of up-channels                   |
/// |     20 |     4 | number of down-channels                 |
/// |  24+24n |   4 | channel n: address of its name          |
/// |      +4 |   4 | address of its ring                     |
/// |      +8 |   4 | bytes of the ring                       |
/// |     +12 |   4 | where the remote writes next            |
/// |     +16 |   4 | where the host reads next               |
/// |     +20 |   4 | what the remote does when the ring is full |
///
/// All of it is the remote's to break: positions are checked at each look, and a ring is looked for
/// in memory at each look too. Source: practice (SEGGER RTT).
public struct RTTReader: Sendable {
  /// Bytes of a ring that are read at most; a larger one is refused.
  public static let maximumByteCount: UInt32 = 1 << 20
  /// Channels that are looked at.
  static let maximumChannelCount: UInt32 = 64
  private static let headByteCount: UInt64 = 24
  private static let channelByteCount: UInt64 = 24
  private static let identifier = Array("SEGGER RTT".utf8) + [0, 0, 0, 0, 0, 0]

  private let channel: SharedWindow
  private let window: @Sendable (AddressRange<DeviceAddress>) -> SharedWindow?
  /// After a look that failed what is unread then counts as lost.
  private var isLost = false

  /// Reads channel `index` of the control block at `da`, a multiple of 4, which firmware calls
  /// `_SEGGER_RTT`.
  ///
  /// - Parameters:
  ///   - index: 0 is the terminal.
  ///   - da: where the block lies.
  ///   - window: gives the memory that the remote sees; `nil` for what it does not.
  /// - Throws: ``TraceError/noControlBlock(_:)`` or ``TraceError/noChannel(_:count:)``.
  public init(
    channel index: Int = 0, at da: DeviceAddress,
    window: @escaping @Sendable (AddressRange<DeviceAddress>) -> SharedWindow?
  ) throws(TraceError) {
    guard da.rawValue % 4 == 0,
      let head = AddressRange(start: da, byteCount: Self.headByteCount).flatMap(window),
      head.isAligned(to: 4), head.sampleBytes(16) == Self.identifier
    else { throw .noControlBlock(da) }
    let count = head.loadUInt32(at: 16)
    guard index >= 0, index < count, count <= Self.maximumChannelCount,
      let start = da.advanced(by: Self.headByteCount + Self.channelByteCount * UInt64(index)),
      let channel = AddressRange(start: start, byteCount: Self.channelByteCount).flatMap(window),
      channel.isAligned(to: 4)
    else { throw .noChannel(index, count: count) }
    self.channel = channel
    self.window = window
  }

  /// The text since the last call, or all that the remote has kept for us.
  ///
  /// - Throws: ``TraceError/corrupted(writeOffset:readOffset:byteCount:)``; the next call begins at
  ///   what the remote writes from then on.
  public mutating func readNew() throws(TraceError) -> [UInt8] {
    let base = channel.loadUInt32(at: 4)
    let byteCount = channel.loadUInt32(at: 8)
    // ORDERING: acquire, so that the text is there when its position says so.
    let write = channel.loadAcquiringUInt32(at: 12)
    let read = channel.loadUInt32(at: 16)
    guard byteCount > 0, byteCount <= Self.maximumByteCount, write < byteCount,
      let range = AddressRange(
        start: DeviceAddress(rawValue: UInt64(base)), byteCount: UInt64(byteCount)),
      let ring = window(range)
    else { throw lose(write, read, byteCount) }
    if isLost {
      isLost = false
      channel.storeReleasing(write, at: 16)
      return []
    }
    guard read < byteCount else { throw lose(write, read, byteCount) }
    let text = Self.text(of: ring, from: Int(read), to: Int(write))
    // ORDERING: release, so that the remote overwrites only what was copied.
    channel.storeReleasing(write, at: 16)
    return text
  }

  private mutating func lose(_ write: UInt32, _ read: UInt32, _ byteCount: UInt32) -> TraceError {
    isLost = true
    return .corrupted(writeOffset: write, readOffset: read, byteCount: byteCount)
  }

  private static func text(of ring: SharedWindow, from read: Int, to write: Int) -> [UInt8] {
    func piece(_ range: Range<Int>) -> [UInt8] {
      ring.window(at: UInt64(range.lowerBound), byteCount: UInt64(range.count))
        .map { $0.sampleBytes(range.count) } ?? []
    }
    if read <= write { return piece(read..<write) }
    return piece(read..<ring.byteCount) + piece(0..<write)
  }
}
