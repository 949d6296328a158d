import WireTypes

/// Which memory is in a dump, by name, and whether it could be read; 56 bytes a region.
///
/// | Offset | Bytes | Field                                               |
/// |-------:|------:|-----------------------------------------------------|
/// |      0 |     8 | `da`                                                |
/// |      8 |     8 | `byteCount`                                         |
/// |     16 |     4 | flags; bit 0: some of it could not be read, is 0xFF |
/// |     20 |     4 | zero                                                |
/// |     24 |    32 | `name`                                              |
public struct CoredumpMemoryMap: Equatable, Sendable {
  private static let regionByteCount = 56

  /// A piece of memory.
  public struct Region: Equatable, Sendable {
    /// Its name, address and size.
    public var segment: CoredumpSegment
    /// Whether some of it could not be read; those bytes are 0xFF in the dump.
    public var isUnreadable: Bool

    /// Makes a region.
    public init(_ segment: CoredumpSegment, isUnreadable: Bool = false) {
      self.segment = segment
      self.isUnreadable = isUnreadable
    }
  }

  /// The memory in the order of the file.
  public var regions: [Region]

  /// Makes a map.
  public init(regions: [Region]) { self.regions = regions }

  /// The map as a note.
  public var note: CoredumpNote {
    var bytes = LittleEndianBytes()
    for region in regions {
      bytes.add(region.segment.da.rawValue)
      bytes.add(region.segment.byteCount)
      bytes.add(region.isUnreadable ? 1 : 0 as UInt32)
      bytes.add(0 as UInt32)
      bytes.add(region.segment.name.terminated.bytes, paddedTo: 32)
    }
    return CoredumpNote(.memoryMap, bytes.bytes)
  }

  /// The map in `note`, or `nil` when it is no such note; an incomplete last region is left out.
  public init?(_ note: CoredumpNote) {
    guard note.kind == .memoryMap else { return nil }
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    let raw = unsafe note.bytes.span.bytes
    let count = note.bytes.count / Self.regionByteCount
    regions = (0..<count).map { index in
      let start = index * Self.regionByteCount
      return Region(
        CoredumpSegment(
          name: WireName(decoding: raw, at: start + 24).terminated,
          da: DeviceAddress(rawValue: raw.littleEndian(at: start)),
          byteCount: raw.littleEndian(at: start + 8)),
        isUnreadable: raw.littleEndian(at: start + 16, as: UInt32.self) & 1 != 0)
    }
  }
}
