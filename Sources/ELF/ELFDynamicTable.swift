import WireTypes

/// What an entry of the dynamic table says (`d_tag`).
///
/// Source: [ELF] "Dynamic Section".
enum ELFDynamicTag: UInt64, CaseIterable {
  case needed = 1
  case jumpTableByteCount = 2
  case symbolTable = 6
  case explicitTable = 7
  case explicitByteCount = 8
  case explicitEntryByteCount = 9
  case symbolByteCount = 11
  case implicitTable = 17
  case implicitByteCount = 18
  case implicitEntryByteCount = 19
  case jumpTableKind = 20
  case jumpTable = 23
  case relativeByteCount = 35
  case relativeTable = 36
  case relativeEntryByteCount = 37
}

/// The dynamic table of a position-independent image, as far as relocation needs it.
struct ELFDynamicTable {
  /// A value, and where its entry lies in the file.
  struct Entry {
    let value: UInt64
    let offset: Int
  }

  private var entries: [ELFDynamicTag: Entry] = [:]

  /// Reads entries of `range` up to the one that ends the table.
  ///
  /// - Throws: ``ELFError/badDynamicEntry(offset:tag:value:)`` for a tag that comes twice, and for
  ///   one that asks for another library.
  init(reading file: ELFFile, in range: Range<Int>) throws(ELFError) {
    let size = file.elfClass == .elf32 ? 8 : 16
    for index in 0..<(range.count / size) {
      let offset = range.lowerBound + index * size
      let tag = file.word(at: offset)
      guard tag != 0 else { return }
      guard let known = ELFDynamicTag(rawValue: tag) else { continue }
      let value = file.word(at: offset + size / 2)
      guard entries[known] == nil, known != .needed else {
        throw .badDynamicEntry(offset: offset, tag: tag, value: value)
      }
      entries[known] = Entry(value: value, offset: offset)
    }
  }

  /// The entry of a tag.
  subscript(tag: ELFDynamicTag) -> Entry? { entries[tag] }

  /// The value of a tag, which must be `expected` if it is there at all.
  func check(_ tag: ELFDynamicTag, is expected: Int) throws(ELFError) {
    guard let entry = entries[tag], entry.value != UInt64(expected) else { return }
    throw .badDynamicEntry(offset: entry.offset, tag: tag.rawValue, value: entry.value)
  }

  /// Where a table of whole entries lies in memory; `nil` when there is none.
  func table(
    _ address: ELFDynamicTag, _ byteCount: ELFDynamicTag, entryByteCount: Int
  ) throws(ELFError) -> (address: UInt64, byteCount: UInt64)? {
    guard let size = entries[byteCount], size.value > 0 else { return nil }
    guard let start = entries[address], size.value % UInt64(entryByteCount) == 0 else {
      throw .badDynamicEntry(offset: size.offset, tag: byteCount.rawValue, value: size.value)
    }
    return (start.value, size.value)
  }
}

extension ELFFile {
  /// The address, offset or size at `offset`, as wide as the class has it.
  ///
  /// - Precondition: it lies inside the image.
  func word(at offset: Int) -> UInt64 {
    elfClass == .elf32
      ? UInt64(bytes.littleEndian(at: offset, as: UInt32.self)) : bytes.littleEndian(at: offset)
  }
}
