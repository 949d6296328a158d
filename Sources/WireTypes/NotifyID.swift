/// The number by which one vring is kicked; unique in its processor.
@frozen
public struct NotifyID: Equatable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt32

  /// Makes the notify id `rawValue`.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

#if !hasFeature(Embedded)
extension NotifyID: Hashable, CustomStringConvertible {
  /// The number in decimal.
  public var description: String { String(rawValue) }
}
#endif
