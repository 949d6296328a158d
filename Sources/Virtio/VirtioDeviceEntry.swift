public import SharedMemory
public import WireTypes

/// A virtio device's entry in a resource table that both sides see.
///
/// | Offset | Bytes | Field                | Written by |
/// |-------:|------:|----------------------|------------|
/// |      0 |     4 | device id            | firmware   |
/// |      4 |     4 | notify id            | host       |
/// |      8 |     4 | offered features     | firmware   |
/// |     12 |     4 | accepted features    | host       |
/// |     16 |     4 | bytes of config space | firmware  |
/// |     20 |     1 | status               | host       |
/// |     21 |     1 | number of vrings     | firmware   |
/// |     22 |     2 | reserved             |            |
/// |     24 |  20 n | vrings: da, align, num, notify id, pa | both |
/// | then   |       | config space         | both       |
///
/// Offsets count from the byte after the entry's type. Every field is little-endian. The numbers
/// that decide where things lie are read once, when the value is made. The entry need not be
/// aligned. Source: [LINUX-6.1] remoteproc, resource table version 1.
public struct VirtioDeviceEntry<Memory: ForeignMemory>: Sendable {
  private static var headByteCount: Int { 24 }
  private static var vringByteCount: Int { 20 }

  /// What kind of device it is.
  public let id: VirtioDeviceID
  /// What the device can do.
  public let offeredFeatures: VirtioFeatures
  /// Vrings of the device.
  public let vringCount: Int
  /// Bytes of configuration space.
  public let configByteCount: Int

  private let memory: Memory
  private let start: Int
  private var configStart: Int { start + Self.headByteCount + Self.vringByteCount * vringCount }

  /// Reads the fixed part of the entry whose device id lies `offset` bytes into `memory`.
  ///
  /// - Throws: ``VirtioError/entryTruncated(needed:available:)`` when the head, the vrings or the
  ///   config space reach past the end of `memory`.
  public init(memory: Memory, offset: Int) throws(VirtioError) {
    let available = offset < 0 ? 0 : max(0, memory.byteCount - offset)
    guard available >= Self.headByteCount else {
      throw .entryTruncated(needed: Self.headByteCount, available: available)
    }
    self.memory = memory
    start = offset
    id = VirtioDeviceID(rawValue: memory.load32(at: offset))
    offeredFeatures = VirtioFeatures(rawValue: UInt64(memory.load32(at: offset + 8)))
    vringCount = Int(memory.loadUInt8(at: offset + 21))
    configByteCount = Int(clamping: memory.load32(at: offset + 16))
    let fixed = Self.headByteCount + Self.vringByteCount * vringCount
    guard fixed <= available, configByteCount <= available - fixed else {
      throw .entryTruncated(
        needed: configByteCount > .max - fixed ? .max : fixed + configByteCount,
        available: available)
    }
  }

  /// The notify id of the device itself; hosts rarely use it.
  public var notifyID: NotifyID { NotifyID(rawValue: memory.load32(at: start + 4)) }

  /// The features the driver has accepted.
  public var acceptedFeatures: VirtioFeatures {
    VirtioFeatures(rawValue: UInt64(memory.load32(at: start + 12)))
  }

  /// The status now; what the host wrote before it set the status is visible after.
  public var status: VirtioStatus {
    VirtioStatus(rawValue: memory.loadAcquiringUInt8(at: start + 20))
  }

  /// Whether the driver is ready: for the remote the moment from which rings are valid.
  public var isDriverReady: Bool { status.contains(.driverOK) }

  /// What the table says about vring `index` at this moment.
  ///
  /// - Throws: ``VirtioError/noSuchVring(index:count:)``.
  public func vring(_ index: Int) throws(VirtioError) -> VirtioVringRecord {
    guard index >= 0, index < vringCount else {
      throw .noSuchVring(index: index, count: vringCount)
    }
    let offset = start + Self.headByteCount + Self.vringByteCount * index
    return VirtioVringRecord(
      address: DeviceAddress(rawValue: UInt64(memory.load32(at: offset))),
      alignment: memory.load32(at: offset + 4), queueSize: memory.load32(at: offset + 8),
      notifyID: NotifyID(rawValue: memory.load32(at: offset + 12)))
  }

  /// One byte of configuration space at this moment, or `nil` outside it.
  public func configByte(at offset: Int) -> UInt8? {
    guard offset >= 0, offset < configByteCount else { return nil }
    return memory.loadUInt8(at: configStart + offset)
  }
}

// What the driver writes.
extension VirtioDeviceEntry {
  /// Changes the status; all that was written before is visible to who reads it.
  ///
  /// - Throws: ``VirtioError/illegalStatusChange(from:to:)`` when `status` does not follow from
  ///   `current`, which is the status that the driver itself wrote last.
  public func setStatus(
    _ status: VirtioStatus, from current: VirtioStatus
  ) throws(VirtioError) {
    guard current.mayBecome(status) else {
      throw .illegalStatusChange(from: current, to: status)
    }
    memory.storeReleasing(status.rawValue, at: start + 20)
  }

  /// Tells the device which features the driver has accepted.
  ///
  /// - Throws: ``VirtioError/featuresNotOffered(_:)`` or
  ///   ``VirtioError/featuresNotExpressible(_:)``.
  public func acceptFeatures(_ features: VirtioFeatures) throws(VirtioError) {
    let high = VirtioFeatures(rawValue: features.rawValue & ~0xffff_ffff)
    guard high.isEmpty else { throw .featuresNotExpressible(high) }
    let extra = features.subtracting(offeredFeatures)
    guard extra.isEmpty else { throw .featuresNotOffered(extra) }
    memory.store32(UInt32(truncatingIfNeeded: features.rawValue), at: start + 12)
  }

  /// Writes one byte of configuration space; `false` outside it.
  @discardableResult
  public func setConfigByte(_ value: UInt8, at offset: Int) -> Bool {
    guard offset >= 0, offset < configByteCount else { return false }
    memory.store(value, at: configStart + offset)
    return true
  }
}

#if !hasFeature(Embedded)
// Configuration space as a whole. Its table has no generation counter, so that a value of several
// bytes that the other side changes meanwhile could be read half old and half new. Host only:
// firmware reads single bytes.
extension VirtioDeviceEntry {
  /// How often a read is tried before it is given up.
  private static var readLimit: Int { 16 }

  /// Copies the configuration space from `offset` on into `target`.
  ///
  /// The bytes are read twice and must be the same, so that all of them were there at one time,
  /// unless the other side plays tricks. How long the space is was read once and stays so.
  ///
  /// - Throws: ``VirtioError/configOutOfRange(offset:byteCount:available:)``, or
  ///   ``VirtioError/configUnstable(offset:byteCount:)`` when it changes at each look.
  public func readConfig(
    at offset: Int, into target: inout MutableRawSpan
  ) throws(VirtioError) {
    try checkConfig(offset, target.byteCount)
    for _ in 0..<Self.readLimit {
      memory.sample(from: configStart + offset, into: &target)
      if isConfig(at: offset, equalTo: target.bytes) { return }
    }
    throw .configUnstable(offset: offset, byteCount: target.byteCount)
  }

  /// Writes `source` to the configuration space from `offset` on.
  ///
  /// The other side may see part of it before the rest; a status that is set afterwards, or a kick,
  /// tells it when to look.
  ///
  /// - Throws: ``VirtioError/configOutOfRange(offset:byteCount:available:)``, with nothing written.
  public func writeConfig(_ source: RawSpan, at offset: Int) throws(VirtioError) {
    try checkConfig(offset, source.byteCount)
    memory.copyIn(source, at: configStart + offset)
  }

  private func checkConfig(_ offset: Int, _ byteCount: Int) throws(VirtioError) {
    guard offset >= 0, offset <= configByteCount, byteCount <= configByteCount - offset else {
      throw .configOutOfRange(offset: offset, byteCount: byteCount, available: configByteCount)
    }
  }

  private func isConfig(at offset: Int, equalTo bytes: RawSpan) -> Bool {
    for index in 0..<bytes.byteCount {
      let now = memory.loadUInt8(at: configStart + offset + index)
      if now != bytes.littleEndian(at: index, as: UInt8.self) { return false }
    }
    return true
  }
}
#endif

extension ForeignMemory {
  /// Four bytes at any offset: at once when they are aligned, else byte by byte.
  fileprivate func load32(at offset: Int) -> UInt32 {
    if isAligned(to: 4), offset & 3 == 0 { return loadUInt32(at: offset) }
    var value: UInt32 = 0
    for index in 0..<4 {
      value |= UInt32(loadUInt8(at: offset + index)) &<< UInt32(8 &* index)
    }
    return value
  }

  /// Writes four bytes at any offset: at once when they are aligned, else byte by byte.
  fileprivate func store32(_ value: UInt32, at offset: Int) {
    if isAligned(to: 4), offset & 3 == 0 { return store(value, at: offset) }
    for index in 0..<4 {
      store(UInt8(truncatingIfNeeded: value &>> UInt32(8 &* index)), at: offset + index)
    }
  }
}
