/// What a processor may do with memory that an IOMMU shows it.
///
/// The bits are those of the flags in carveout and devmem entries. Source: practice (the protection
/// flags of Linux, which hands the field on as it is).
public struct IOMMUProtection: OptionSet, Hashable, Sendable {
  /// One bit for each property.
  public let rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Loads are answered.
  public static let read = IOMMUProtection(rawValue: 1 << 0)
  /// Stores are answered.
  public static let write = IOMMUProtection(rawValue: 1 << 1)
  /// Caches of the host are asked as well.
  public static let cache = IOMMUProtection(rawValue: 1 << 2)
  /// Instructions cannot be fetched.
  public static let noExecute = IOMMUProtection(rawValue: 1 << 3)
  /// What is there are registers, not memory.
  public static let device = IOMMUProtection(rawValue: 1 << 4)

  /// For data that both sides read and write: vrings and message buffers.
  public static let sharedData: IOMMUProtection = [.read, .write, .noExecute]

  /// The protection that an entry of a resource table asks for.
  ///
  /// Flags that allow neither reading nor writing ask for no protection: such firmware was made for
  /// units that have none, and would not run otherwise. Bits without a meaning are dropped.
  public init(tableFlags: UInt32) {
    var protection = IOMMUProtection(rawValue: tableFlags & 0x1f)
    if protection.isDisjoint(with: [.read, .write]) { protection.formUnion([.read, .write]) }
    self = protection
  }

  /// Whether instructions can be fetched: from what can be read, unless that is ruled out.
  public var allowsExecution: Bool { contains(.read) && !contains(.noExecute) }
}

extension IOMMUProtection: CustomStringConvertible {
  /// Three letters, such as `rw-` or `r-x`.
  public var description: String {
    (contains(.read) ? "r" : "-") + (contains(.write) ? "w" : "-") + (allowsExecution ? "x" : "-")
  }
}
