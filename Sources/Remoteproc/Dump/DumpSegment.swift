public import SharedMemory
public import WireTypes

/// Memory that a platform wants in dumps, besides carveouts and what the image loads.
public struct DumpSegment: Sendable {
  /// A name, for people.
  public let name: WireName
  /// Where the remote sees it.
  public let da: DeviceAddress
  /// Bytes of it.
  public let byteCount: UInt64
  /// The bytes; `nil` when the host cannot read them at the moment: a dump then holds 0xFF.
  public let window: SharedWindow?

  /// Makes a segment.
  ///
  /// - Precondition: `window`, if any, has `byteCount` bytes.
  public init(name: WireName, da: DeviceAddress, byteCount: UInt64, window: SharedWindow?) {
    precondition(
      window.map { UInt64($0.byteCount) == byteCount } ?? true, "the window is the segment")
    self.name = name
    self.da = da
    self.byteCount = byteCount
    self.window = window
  }
}
