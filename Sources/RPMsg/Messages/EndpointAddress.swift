/// The address of an endpoint on one of the two processors.
@frozen
public struct EndpointAddress: Comparable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt32

  /// Makes the address `rawValue`.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// No particular address; never the source or destination of a message.
  @inlinable
  public static var any: Self { Self(rawValue: .max) }
  /// Where announcements of services go.
  @inlinable
  public static var nameService: Self { Self(rawValue: 53) }
  /// The lowest address that is given out on demand; those below are for fixed services.
  @inlinable
  public static var firstDynamic: Self { Self(rawValue: 1024) }

  /// Whether `lhs` is the lower number.
  @inlinable
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

#if !hasFeature(Embedded)
extension EndpointAddress: Hashable, CustomStringConvertible {
  /// Hexadecimal with prefix, or `any`.
  public var description: String {
    self == .any ? "any" : "0x" + String(rawValue, radix: 16)
  }
}
#endif
