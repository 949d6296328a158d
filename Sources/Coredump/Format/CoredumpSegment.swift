public import WireTypes

/// A piece of the remote's memory in a dump.
public struct CoredumpSegment: Equatable, Sendable {
  /// The name of the memory; may be empty, but then it is left out of ``CoredumpForm/sections``.
  public var name: WireName
  /// Where the remote sees it.
  public var da: DeviceAddress
  /// Bytes; a segment of 0 bytes is left out.
  public var byteCount: UInt64

  /// Makes a segment.
  public init(name: WireName, da: DeviceAddress, byteCount: UInt64) {
    self.name = name
    self.da = da
    self.byteCount = byteCount
  }
}
