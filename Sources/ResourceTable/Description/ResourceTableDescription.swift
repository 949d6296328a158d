#if !hasFeature(Embedded)
import WireTypes

/// A resource table as a list of what is in it, from which exactly its bytes can be made again.
///
/// ```swift
/// let description = try ResourceTableDescription(of: ResourceTableReader(parsing: bytes))
/// #expect(try description.build() == bytes)
/// ```
public struct ResourceTableDescription: Equatable, Sendable {
  /// One entry of version 1.
  public struct Item: Equatable, Sendable {
    /// What it says.
    public var entry: ResourceTableBuilder.Entry
    /// Where it begins in the table; `nil` for the first multiple of 4 after the item before it.
    public var offset: Int?

    /// Makes an item.
    public init(_ entry: ResourceTableBuilder.Entry, offset: Int? = nil) {
      self.entry = entry
      self.offset = offset
    }
  }

  /// What the table holds, in the order of its entries.
  public enum Content: Equatable, Sendable {
    /// Records of version 0.
    case records([ResourceRecord])
    /// Entries of version 1.
    case items([Item])
  }

  /// Bytes that no entry accounts for, such as those behind the end of a name.
  public struct Patch: Equatable, Sendable {
    /// Where they go, from the start of the table.
    public var offset: Int
    /// What is there.
    public var bytes: [UInt8]

    /// Makes a patch.
    public init(offset: Int, bytes: [UInt8]) {
      self.offset = offset
      self.bytes = bytes
    }
  }

  /// The largest table that is described, in bytes.
  public static let maximumByteCount = 1 << 20

  /// What the table holds.
  public var content: Content
  /// Bytes of the table; `nil` for as many as the content takes.
  public var byteCount: Int?
  /// What is written over the content, in this order.
  public var patches: [Patch]

  /// Makes a description.
  public init(_ content: Content, byteCount: Int? = nil, patches: [Patch] = []) {
    self.content = content
    self.byteCount = byteCount
    self.patches = patches
  }

  /// The format.
  public var version: ResourceTableVersion {
    if case .records = content { .v0 } else { .v1 }
  }

  /// The bytes of the table.
  ///
  /// - Throws: ``ResourceTableError/valueTooLarge(offset:value:fieldByteCount:)`` when a value does
  ///   not fit into its field, ``ResourceTableError/truncated(offset:needed:available:)`` when an
  ///   entry or a patch does not fit into the table, or
  ///   ``ResourceTableError/tableTooLarge(byteCount:limit:)``.
  public func build() throws(ResourceTableError) -> [UInt8] {
    var table: [UInt8]
    switch content {
    case .records(let records): table = ResourceTableBuilder.build(records: records)
    case .items(let items):
      var builder = ResourceTableBuilder()
      for item in items {
        guard item.offset ?? 0 <= Self.maximumByteCount else {
          throw .tableTooLarge(byteCount: item.offset ?? 0, limit: Self.maximumByteCount)
        }
        builder.add(item.entry, at: item.offset)
      }
      table = try builder.build()
    }
    let byteCount = byteCount ?? table.count
    guard byteCount <= Self.maximumByteCount else {
      throw .tableTooLarge(byteCount: byteCount, limit: Self.maximumByteCount)
    }
    guard byteCount >= table.count else {
      throw .truncated(offset: 0, needed: table.count, available: byteCount)
    }
    table += [UInt8](repeating: 0, count: byteCount - table.count)
    for patch in patches {
      guard patch.offset >= 0, patch.offset <= byteCount,
        patch.bytes.count <= byteCount - patch.offset
      else {
        throw .truncated(
          offset: patch.offset, needed: patch.bytes.count,
          available: max(0, byteCount - patch.offset))
      }
      table.replaceSubrange(patch.offset..<patch.offset + patch.bytes.count, with: patch.bytes)
    }
    return table
  }
}
#endif
