public import WireTypes

/// Why an image was refused.
///
/// Offsets and sizes are bytes from the start of the file; `header` is where the program or section
/// header concerned lies.
public enum ELFError: Error, Equatable, Sendable {
  /// A table of the file.
  public enum Table: Equatable, Sendable {
    /// The headers of segments.
    case programHeaders
    /// The headers of sections.
    case sectionHeaders
  }

  /// Why the entry point cannot be run.
  public enum EntryFault: Equatable, Sendable {
    /// No executable segment is loaded there.
    case notInExecutableSegment
    /// An instruction cannot begin there.
    case notAligned
  }

  /// The file ends before the header does.
  case truncatedHeader(needed: Int, available: Int)
  /// The first four bytes are not those of an ELF file; the value is in file order.
  case badMagic(UInt32)
  /// The class byte at offset 4 is neither 1 nor 2.
  case unsupportedClass(UInt8)
  /// The byte order at offset 5 is not little-endian.
  case unsupportedByteOrder(UInt8)
  /// The version field at `offset` is not 1.
  case badVersion(offset: Int, version: UInt32)
  /// The type field at `offset` names no program that can be loaded.
  case unsupportedType(offset: Int, type: ELFType)
  /// The machine field at `offset` names another instruction set.
  case foreignMachine(offset: Int, expected: ELFMachine, found: ELFMachine)
  /// The field at `offset` gives headers another size than this class of file has.
  case badEntrySize(offset: Int, expected: Int, found: Int)
  /// A table of `count` entries at `start` does not lie inside the file.
  case tableOutOfFile(Table, start: UInt64, count: Int, fileByteCount: Int)
  /// There is no program header; the count is at `offset`.
  case noSegments(offset: Int)
  /// A segment's bytes do not lie inside the file.
  case segmentOutOfFile(header: Int, offset: UInt64, byteCount: UInt64, fileByteCount: Int)
  /// A segment has more bytes in the file than in memory.
  case fileExceedsMemory(header: Int, fileByteCount: UInt64, memoryByteCount: UInt64)
  /// A segment reaches past the end of the address space, whose last address is `last`.
  case addressWrap(header: Int, start: DeviceAddress, byteCount: UInt64, last: DeviceAddress)
  /// Two loadable segments share memory, from `address` on.
  case segmentOverlap(header: Int, otherHeader: Int, address: DeviceAddress)
  /// Execution cannot start at the entry point.
  case badEntry(DeviceAddress, EntryFault)
  /// There is no section of this index.
  case noSuchSection(index: Int, count: Int)
  /// A section's bytes do not lie inside the file.
  case sectionOutOfFile(header: Int, offset: UInt64, byteCount: UInt64, fileByteCount: Int)
  /// A section that has no bytes in the file was asked for them.
  case sectionWithoutBytes(header: Int)
  /// The section that ought to hold names, of this index, is no string table.
  case badStringTable(index: Int, header: Int)
  /// A name begins outside its string table, or no NUL ends it there.
  case nameOutOfTable(header: Int, nameOffset: UInt32, tableByteCount: Int)
  /// Two sections have the name that only one may have.
  case ambiguousSection(header: Int, otherHeader: Int)
  /// What is to be put into a section is larger than the section.
  case sectionTooSmall(header: Int, needed: Int, available: Int)
  /// The alignment of a segment that is to be moved is not a power of two.
  case badAlignment(header: Int, alignment: UInt64)
  /// An entry of the dynamic table comes twice, has a value that its format has not, or asks for
  /// another library.
  case badDynamicEntry(offset: Int, tag: UInt64, value: UInt64)
  /// A table that the dynamic table names does not lie in the loaded bytes of one segment.
  case dynamicTableNotLoaded(tag: UInt64, address: DeviceAddress, byteCount: UInt64)
  /// The relocation at `offset` is of a kind that only a dynamic linker knows.
  case unsupportedRelocation(offset: Int, type: UInt32, machine: ELFMachine)
  /// The relocation at `offset` changes something outside the loaded bytes of all segments.
  case relocationOutOfSegments(offset: Int, address: DeviceAddress)
  /// The packed relocation at `offset` goes back to an earlier address.
  case unsortedRelocation(offset: Int)
  /// The relocation at `offset` needs a symbol that the image does not define.
  case undefinedSymbol(offset: Int, index: Int)
}
