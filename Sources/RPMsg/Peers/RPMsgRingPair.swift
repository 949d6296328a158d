public import SharedMemory
public import Virtio
public import Vring
public import WireTypes

/// Two rings and their buffers in one block of memory that no resource table describes.
///
/// Ring 0 (messages to the driver) lies at the start, ring 1 right behind it, and the buffers behind
/// both, first those that the device fills. Both sides know the numbers from elsewhere. Source:
/// practice (rpmsg-lite 5.4, its platform headers).
public struct RPMsgRingPair: Equatable, Sendable {
  /// Where the parts of each ring lie in it.
  public let layout: VringLayout
  /// Bytes from the start of ring 0 to that of ring 1, and from there to the buffers.
  public let ringByteCount: Int
  /// Bytes of each buffer, header included.
  public let bufferByteCount: Int
  /// The number by which ring 0 is kicked; ring 1 has the next one.
  public let firstNotifyID: NotifyID

  /// Describes two rings of `queueSize` descriptors.
  ///
  /// - Parameters:
  ///   - queueSize: descriptors of each ring, a power of two.
  ///   - alignment: of the used part, in bytes, a power of two.
  ///   - ringByteCount: bytes set aside for a ring; without it as many as its three parts take, each
  ///     rounded up to the alignment, as on parts that do not talk to Linux.
  ///   - link: the number of the link between two cores; two notify ids belong to each.
  /// - Throws: ``RPMsgError/vring(_:)`` when the numbers make no ring, or one longer than
  ///   `ringByteCount`.
  public init(
    queueSize: UInt32, alignment: UInt32 = RPMsgProfile.rpmsgLite.ringAlignment,
    ringByteCount: Int? = nil, link: UInt32 = 0
  ) throws(RPMsgError) {
    let layout: VringLayout
    do throws(VringError) {
      layout = try VringLayout(queueSize: queueSize, alignment: alignment)
    } catch { throw .vring(error) }
    let parts = Self.rounded(layout.queueSize, to: Int(alignment))
    let byteCount = ringByteCount ?? parts
    guard byteCount >= layout.byteCount else {
      throw .vring(.ringMemoryTooSmall(needed: layout.byteCount, available: byteCount))
    }
    self.layout = layout
    self.ringByteCount = byteCount
    bufferByteCount = RPMsgBufferBlock<SharedWindow>.defaultBufferByteCount
    firstNotifyID = NotifyID(rawValue: link &<< 1)
  }

  private static func rounded(_ count: Int, to alignment: Int) -> Int {
    let parts = (16 &* count, 6 &+ 2 &* count, 6 &+ 8 &* count)
    func up(_ byteCount: Int) -> Int { (byteCount &+ alignment &- 1) / alignment &* alignment }
    return up(parts.0) &+ up(parts.1) &+ up(parts.2)
  }

  /// Bytes from the start of ring 0 to the first buffer.
  public var bufferOffset: Int { 2 &* ringByteCount }

  /// Bytes of all that belongs to the two rings.
  public var byteCount: Int {
    bufferOffset
      &+ 2 &* min(layout.queueSize, RPMsgBufferBlock<SharedWindow>.maximumCount)
      &* bufferByteCount
  }

  /// What a table would say about ring `index`, 0 or 1, of a pair that starts at `start`; `nil` when
  /// the block wraps.
  public func record(_ index: Int, at start: DeviceAddress) -> VirtioVringRecord? {
    guard start.advanced(by: UInt64(byteCount)) != nil,
      let address = start.advanced(by: UInt64(index &* ringByteCount))
    else { return nil }
    return VirtioVringRecord(
      address: address, alignment: UInt32(layout.alignment),
      queueSize: UInt32(layout.queueSize),
      notifyID: NotifyID(rawValue: firstNotifyID.rawValue &+ UInt32(index)))
  }
}

#if !hasFeature(Embedded) && os(Linux)
extension VirtioDevice where Memory == SharedWindow {
  /// An rpmsg device for the driver of a ring pair that no table describes.
  ///
  /// Status and features lie in private memory, so nobody but the driver sees them: the other side
  /// learns by the first kick that the rings are up, and takes the name service for granted.
  ///
  /// - Parameters:
  ///   - pair: where rings and buffers lie.
  ///   - block: the memory, from the start of ring 0 on, as the remote sees it.
  /// - Throws: ``RPMsgError/bufferMemoryTooSmall(needed:available:)`` when the block is too short,
  ///   wraps, or the host has no memory left.
  public init(
    withoutTable pair: RPMsgRingPair, in block: MappedMemory<SharedWindow>
  ) throws(RPMsgError) {
    let needed = pair.byteCount
    let available = block.memory.byteCount
    guard available >= needed else {
      throw .bufferMemoryTooSmall(needed: needed, available: available)
    }
    var rings: [VirtioVring<SharedWindow>] = []
    for index in 0..<2 {
      guard let record = pair.record(index, at: block.start),
        let window = block.memory.window(
          at: UInt64(index * pair.ringByteCount), byteCount: UInt64(pair.layout.byteCount))
      else { throw .bufferMemoryTooSmall(needed: needed, available: 0) }
      rings.append(VirtioVring(record: record, memory: window))
    }
    let offset = UInt64(pair.bufferOffset)
    guard let start = block.start.advanced(by: offset),
      let buffers = block.memory.window(
        at: offset, byteCount: UInt64(needed - pair.bufferOffset))
    else { throw .bufferMemoryTooSmall(needed: needed, available: 0) }
    self.init(
      index: 0, entry: try Self.privateEntry(), vrings: rings,
      buffers: MappedMemory(memory: buffers, start: start))
  }

  private static func privateEntry() throws(RPMsgError) -> VirtioDeviceEntry<SharedWindow> {
    let byteCount = SharedRegion.standardPageByteCount
    let memory: SharedWindow
    do throws(SharedMemoryError) { memory = try SharedRegion(byteCount: byteCount).window } catch {
      throw .bufferMemoryTooSmall(needed: byteCount, available: 0)
    }
    memory.store(VirtioDeviceID.rpmsg.rawValue, at: 0)
    memory.store(UInt32(truncatingIfNeeded: VirtioFeatures.nameService.rawValue), at: 8)
    do throws(VirtioError) { return try VirtioDeviceEntry(memory: memory, offset: 0) } catch {
      throw .missingVrings(count: 0)
    }
  }
}
#endif
