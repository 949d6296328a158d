/// What a processor does with an address.
public enum MemoryAccess: Equatable, Sendable {
  /// A load.
  case read
  /// A store, or an atomic operation that stores.
  case write
  /// The fetch of an instruction.
  case fetch
}

/// What may be done with a range of addresses.
@frozen
public struct MemoryPermissions: OptionSet, Sendable {
  /// One bit for each access.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Loads.
  public static let read = MemoryPermissions(rawValue: 1)
  /// Stores.
  public static let write = MemoryPermissions(rawValue: 2)
  /// Fetches of instructions.
  public static let execute = MemoryPermissions(rawValue: 4)
  /// Everything.
  public static let all: MemoryPermissions = [.read, .write, .execute]
}

#if !hasFeature(Embedded)
extension MemoryAccess: CustomStringConvertible {
  /// One word; other programs read it.
  public var description: String {
    switch self {
    case .read: "read"
    case .write: "write"
    case .fetch: "fetch"
    }
  }
}
#endif
