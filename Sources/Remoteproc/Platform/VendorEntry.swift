/// An entry of a resource table whose type, 128 to 512, belongs to a vendor.
public struct VendorEntry: Equatable, Sendable {
  /// The type in the table.
  public let type: UInt32
  /// Bytes from the start of the table to the entry's body, after its type.
  public let offset: Int
  /// All bytes of the table after the type; only the vendor knows where the entry ends.
  public let bytes: [UInt8]

  /// Makes an entry.
  public init(type: UInt32, offset: Int, bytes: [UInt8]) {
    self.type = type
    self.offset = offset
    self.bytes = bytes
  }
}

/// What a platform says about a vendor's entry.
public enum VendorAnswer: Equatable, Sendable {
  /// Understood and done.
  case handled
  /// Not known here; the boot goes on with a notice.
  case ignored
  /// Not acceptable; the boot fails with this `errno` (a positive number).
  case refused(errno: Int32)
}
