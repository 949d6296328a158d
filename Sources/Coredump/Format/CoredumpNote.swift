/// A note of a dump: bytes whose meaning their owner and their type give.
///
/// | Offset | Bytes         | Field                                          |
/// |-------:|--------------:|------------------------------------------------|
/// |      0 |             4 | bytes of `owner`, its NUL included             |
/// |      4 |             4 | bytes of `bytes`                               |
/// |      8 |             4 | `type`                                         |
/// |     12 | multiple of 4 | `owner`, a NUL, zeroes                         |
/// |        | multiple of 4 | `bytes`, zeroes                                |
///
/// Source: [ELF] "Note Section"; fields are 4 bytes wide in both classes, as Linux writes them.
public struct CoredumpNote: Equatable, Sendable {
  /// Who defines the type, such as `CORE`.
  public var owner: String
  /// What the bytes are.
  public var type: UInt32
  /// The bytes.
  public var bytes: [UInt8]

  /// Makes a note.
  public init(owner: String, type: UInt32, bytes: [UInt8]) {
    self.owner = owner
    self.type = type
    self.bytes = bytes
  }

  /// The owner of the notes that this module defines.
  public static let remoteprocOwner = "REMOTEPROC"

  /// The notes that this module defines.
  ///
  /// Their numbers are far from all that are in use: GDB and binutils take the small ones for
  /// registers and processes whoever their owner is.
  public enum Kind: UInt32, CaseIterable, Equatable, Sendable {
    /// Lines of `key: value` in UTF-8; see ``CoredumpFacts``.
    case facts = 0x5250_0001
    /// A trace buffer; see ``CoredumpTrace``.
    case trace = 0x5250_0002
    /// The resource table as the remote saw it; see ``CoredumpTable``.
    case table = 0x5250_0003
    /// The name of each piece of memory and whether it could be read; see ``CoredumpMemoryMap``.
    case memoryMap = 0x5250_0004
  }

  /// Makes a note of our own.
  init(_ kind: Kind, _ bytes: [UInt8]) {
    self.init(owner: Self.remoteprocOwner, type: kind.rawValue, bytes: bytes)
  }

  /// What this note is, if it is one of ours.
  public var kind: Kind? { owner == Self.remoteprocOwner ? Kind(rawValue: type) : nil }

  static func padded(_ count: Int) -> Int { (count + 3) & ~3 }

  /// Bytes of the note in a file.
  var encodedByteCount: Int {
    12 + Self.padded(owner.utf8.count + 1) + Self.padded(bytes.count)
  }

  /// Adds the note to `target`.
  func encode(into target: inout LittleEndianBytes) {
    target.add(UInt32(owner.utf8.count + 1))
    target.add(UInt32(bytes.count))
    target.add(type)
    target.add(owner.utf8, paddedTo: Self.padded(owner.utf8.count + 1))
    target.add(bytes, paddedTo: Self.padded(bytes.count))
  }
}
