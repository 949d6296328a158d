/// An address in one address space; spaces never mix, because each is a type of its own.
public protocol MemoryAddress: Comparable, Sendable {
  /// The address as a number of bytes from the start of its space.
  var rawValue: UInt64 { get }

  /// Makes the address `rawValue` bytes from the start of its space.
  init(rawValue: UInt64)
}

extension MemoryAddress {
  /// Whether `lhs` lies below `rhs`.
  @inlinable
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

  /// The address `byteCount` bytes above, or `nil` when that wraps.
  @inlinable
  public func advanced(by byteCount: UInt64) -> Self? {
    let (sum, overflow) = rawValue.addingReportingOverflow(byteCount)
    return overflow ? nil : Self(rawValue: sum)
  }

  /// Bytes from `base` up to this address, or `nil` when this address lies below `base`.
  @inlinable
  public func offset(from base: Self) -> UInt64? {
    let (difference, overflow) = rawValue.subtractingReportingOverflow(base.rawValue)
    return overflow ? nil : difference
  }
}

/// An address as the remote processor sees it ("da").
@frozen
public struct DeviceAddress: MemoryAddress {
  /// Bytes from the start of the remote's address space.
  public let rawValue: UInt64

  /// Makes the device address `rawValue`.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// An address on the host's physical bus ("pa").
@frozen
public struct PhysicalAddress: MemoryAddress {
  /// Bytes from the start of the physical address space.
  public let rawValue: UInt64

  /// Makes the physical address `rawValue`.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

#if !hasFeature(Embedded)
extension DeviceAddress: Hashable, CustomStringConvertible {
  /// Hexadecimal with prefix, without leading zeros.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}

extension PhysicalAddress: Hashable, CustomStringConvertible {
  /// Hexadecimal with prefix, without leading zeros.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}
#endif
