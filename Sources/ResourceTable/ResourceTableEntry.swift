/// One entry of a table, and where it lies.
public struct ResourceTableEntry: Equatable, Sendable {
  /// The position in the table's order, from 0.
  public let index: Int
  /// Where the entry begins, in bytes from the start of the table: its type word or record.
  public let offset: Int
  /// What it says.
  public let resource: Resource

  /// What an entry asks for or announces.
  public enum Resource: Equatable, Sendable {
    /// Memory set aside for the processor.
    case carveout(MemoryResource)
    /// A range of the bus to be mapped for the processor.
    case devmem(MemoryResource)
    /// A log buffer.
    case trace(TraceResource)
    /// A virtio device of version 1; its vrings are read one by one.
    case vdev(VdevResource)
    /// A vring of version 0, a record of its own.
    case vringRecord(ResourceRecord)
    /// A virtio device of version 0.
    case vdevRecord(ResourceRecord)
    /// A virtio configuration of version 0, which nothing ever used.
    case configRecord(ResourceRecord)
    /// An entry whose meaning the platform knows; types 128 to 512 of version 1.
    case vendor(VendorResource)
    /// An entry of a type that neither version defines.
    case unknown(type: UInt32)
  }
}

/// An entry that only the platform understands.
public struct VendorResource: Equatable, Sendable {
  /// Types that belong to vendors.
  ///
  /// Source: [LINUX-6.1] remoteproc.
  public static let types: ClosedRange<UInt32> = 128...512

  /// The type.
  public let type: UInt32
  /// Bytes from after the type to the end of the table: the most that can belong to the entry.
  public let availableByteCount: Int
  /// The word after the type, which many vendors use as the length; `nil` when the table ends.
  ///
  /// Source: practice (open-amp).
  public let claimedByteCount: UInt32?
}
