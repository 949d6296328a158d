import WireTypes

private func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

extension ELFError: CustomStringConvertible {
  /// One line for a person: what is wrong, where, and by how much.
  public var description: String {
    switch self {
    case .truncatedHeader(let needed, let available):
      "elf header truncated: \(needed) bytes needed at offset 0x0, \(available) available"
    case .badMagic(let bytes):
      "not an elf file: magic \(hex(bytes)) at offset 0x0 (expected 0x464c457f)"
    case .unsupportedClass(let value): "elf class \(value) at offset 0x4 is neither 1 nor 2"
    case .unsupportedByteOrder(let value):
      "elf byte order \(value) at offset 0x5 is not little-endian (1)"
    case .badVersion(let offset, let version):
      "elf version \(version) at offset \(hex(offset)) is not 1"
    case .unsupportedType(let offset, let type):
      "elf \(type) file (\(type.rawValue) at offset \(hex(offset))) cannot be loaded"
    case .foreignMachine(let offset, let expected, let found):
      "elf file is for \(found) (\(found.rawValue) at offset \(hex(offset))), "
        + "the processor is \(expected) (\(expected.rawValue))"
    case .badEntrySize(let offset, let expected, let found):
      "elf header entry size at offset \(hex(offset)) is \(found) (expected \(expected))"
    case .noSegments(let offset): "elf file has no program headers (0 at offset \(hex(offset)))"
    case .tableOutOfFile(let table, let start, let count, let fileByteCount):
      "elf \(table.name) table of \(count) entries at offset \(hex(start)) "
        + "does not fit into the file of \(fileByteCount) bytes"
    case .segmentOutOfFile(let header, let offset, let byteCount, let fileByteCount):
      "segment (header at \(hex(header))): \(byteCount) bytes at offset \(hex(offset)) "
        + "are not inside the file of \(fileByteCount) bytes"
    case .fileExceedsMemory(let header, let fileByteCount, let memoryByteCount):
      "segment (header at \(hex(header))): \(fileByteCount) bytes in the file, "
        + "only \(memoryByteCount) in memory"
    case .addressWrap(let header, let start, let byteCount, let last):
      "segment (header at \(hex(header))): \(byteCount) bytes at address \(start) "
        + "pass the last address \(last)"
    case .segmentOverlap(let header, let otherHeader, let address):
      "segments (headers at \(hex(header)) and \(hex(otherHeader))) overlap at address \(address)"
    case .badEntry(let entry, .notInExecutableSegment):
      "entry point \(entry) is in no executable segment"
    case .badEntry(let entry, .notAligned): "entry point \(entry) is not aligned"
    case .noSuchSection(let index, let count): "section \(index) does not exist (\(count) sections)"
    case .sectionOutOfFile(let header, let offset, let byteCount, let fileByteCount):
      "section (header at \(hex(header))): \(byteCount) bytes at offset \(hex(offset)) "
        + "are not inside the file of \(fileByteCount) bytes"
    case .sectionWithoutBytes(let header):
      "section (header at \(hex(header))) has no bytes in the file"
    case .badStringTable(let index, let header):
      "section \(index), named at offset \(hex(header)), is not a string table"
    case .nameOutOfTable(let header, let nameOffset, let tableByteCount):
      "name \(hex(nameOffset)) of the header at \(hex(header)) "
        + "is not inside its string table of \(tableByteCount) bytes"
    case .ambiguousSection(let header, let otherHeader):
      "two sections of one name (headers at \(hex(header)) and \(hex(otherHeader)))"
    case .sectionTooSmall(let header, let needed, let available):
      "section (header at \(hex(header))): \(needed) bytes do not fit into its \(available)"
    case .badAlignment, .badDynamicEntry, .dynamicTableNotLoaded, .unsupportedRelocation,
      .relocationOutOfSegments, .unsortedRelocation, .undefinedSymbol:
      relocationDescription
    }
  }

  private var relocationDescription: String {
    switch self {
    case .badAlignment(let header, let alignment):
      "segment (header at \(hex(header))): alignment \(hex(alignment)) is not a power of two"
    case .badDynamicEntry(let offset, let tag, let value):
      "dynamic entry of tag \(tag) at offset \(hex(offset)) has the value \(hex(value))"
    case .dynamicTableNotLoaded(let tag, let address, let byteCount):
      "dynamic table of tag \(tag): \(byteCount) bytes at address \(address) "
        + "are not in the bytes of one segment"
    case .unsupportedRelocation(let offset, let type, let machine):
      "relocation of type \(type) for \(machine) at offset \(hex(offset)) is not supported"
    case .relocationOutOfSegments(let offset, let address):
      "relocation at offset \(hex(offset)) changes address \(address), "
        + "which is not in the bytes of a segment"
    case .unsortedRelocation(let offset):
      "packed relocation at offset \(hex(offset)) goes back to an earlier address"
    case .undefinedSymbol(let offset, let index):
      "relocation at offset \(hex(offset)) needs symbol \(index), which the image does not define"
    default: ""
    }
  }
}

extension ELFError.Table {
  fileprivate var name: String {
    self == .programHeaders ? "program header" : "section header"
  }
}
