extension ELFFile {
  /// A stretch of the file that holds strings.
  struct StringTable {
    let range: Range<Int>
  }

  /// The section header at `index`.
  ///
  /// - Throws: ``ELFError/noSuchSection(index:count:)``, or
  ///   ``ELFError/tableOutOfFile(_:start:count:fileByteCount:)`` when that header lies outside.
  public func section(at index: Int) throws(ELFError) -> ELFSection {
    guard index >= 0, index < sectionCount else {
      throw .noSuchSection(index: index, count: sectionCount)
    }
    return try sectionHeader(at: index)
  }

  /// The section header at `index`, which the count need not cover.
  private func sectionHeader(at index: Int) throws(ELFError) -> ELFSection {
    let size = elfClass.sectionHeaderByteCount
    // At most 65,535 headers of 64 bytes: only the sum can overflow.
    let (start, overflow) = sectionTableOffset.addingReportingOverflow(UInt64(index * size))
    guard !overflow,
      let range = Self.range(at: start, byteCount: UInt64(size), in: bytes.count)
    else {
      throw .tableOutOfFile(
        .sectionHeaders, start: sectionTableOffset, count: sectionCount,
        fileByteCount: bytes.count)
    }
    return ELFSection(
      decoding: bytes, at: range.lowerBound, index: index, class: elfClass)
  }

  /// The section of this name, or `nil` when there is none.
  ///
  /// With ``ELFStrictness/memorySafe`` the first one found counts, headers after it are not
  /// looked at, and names need only lie inside the file.
  ///
  /// - Throws: ``ELFError`` when a section header, the string table or a name met on the way cannot
  ///   be read; ``ELFError/ambiguousSection(header:otherHeader:)`` with
  ///   ``ELFStrictness/specification``.
  public func section(
    named name: String, strictness: ELFStrictness = .specification
  ) throws(ELFError) -> ELFSection? {
    guard sectionCount > 0 else { return nil }
    let names = try sectionNames(strictness)
    var found: ELFSection?
    for index in 0..<sectionCount {
      let section = try sectionHeader(at: index)
      let isNamed = try string(
        section.nameOffset, in: names, header: section.headerOffset, equals: name)
      guard isNamed else { continue }
      if strictness == .memorySafe { return section }
      if let found {
        throw .ambiguousSection(header: found.headerOffset, otherHeader: section.headerOffset)
      }
      found = section
    }
    return found
  }

  /// The name of a section.
  ///
  /// - Throws: ``ELFError`` when the table of names or this name cannot be read.
  public func name(of section: ELFSection) throws(ELFError) -> String {
    let names = try sectionNames(.specification)
    return try string(section.nameOffset, in: names, header: section.headerOffset)
  }

  /// The bytes of a section.
  ///
  /// - Throws: ``ELFError/sectionOutOfFile(header:offset:byteCount:fileByteCount:)``; with
  ///   ``ELFStrictness/specification`` also ``ELFError/sectionWithoutBytes(header:)``.
  public func bytes(
    of section: ELFSection, strictness: ELFStrictness = .specification
  ) throws(ELFError) -> ArraySlice<UInt8> {
    if strictness == .specification, section.type == .noBits {
      throw .sectionWithoutBytes(header: section.headerOffset)
    }
    return bytes[try range(of: section)]
  }

  private func range(of section: ELFSection) throws(ELFError) -> Range<Int> {
    let range = Self.range(at: section.offset, byteCount: section.byteCount, in: bytes.count)
    guard let range else {
      throw .sectionOutOfFile(
        header: section.headerOffset, offset: section.offset, byteCount: section.byteCount,
        fileByteCount: bytes.count)
    }
    return range
  }

  private func sectionNames(_ strictness: ELFStrictness) throws(ELFError) -> StringTable {
    switch strictness {
    case .specification:
      // Tools that rewrite firmware give the names' section other types too. Source: practice.
      return try stringTable(at: sectionNamesIndex, named: sectionNamesIndexOffset) {
        $0 != .noBits
      }
    case .memorySafe:
      let section = try sectionHeader(at: sectionNamesIndex)
      guard section.offset <= UInt64(bytes.count) else {
        throw .sectionOutOfFile(
          header: section.headerOffset, offset: section.offset, byteCount: section.byteCount,
          fileByteCount: bytes.count)
      }
      return StringTable(range: Int(section.offset)..<bytes.count)
    }
  }

  /// The string table in the section at `index`, which the field at `header` names.
  func stringTable(
    at index: Int, named header: Int,
    ofType accepts: (ELFSectionType) -> Bool = { $0 == .stringTable }
  ) throws(ELFError) -> StringTable {
    guard index > 0, index < sectionCount else {
      throw .badStringTable(index: index, header: header)
    }
    let section = try sectionHeader(at: index)
    guard accepts(section.type) else {
      throw .badStringTable(index: index, header: header)
    }
    return StringTable(range: try range(of: section))
  }

  /// Whether the string at `nameOffset` is `text`; reads no further than `text` is long.
  ///
  /// - Throws: ``ELFError/nameOutOfTable(header:nameOffset:tableByteCount:)`` when it begins
  ///   outside the table, or has not ended where the table does.
  func string(
    _ nameOffset: UInt32, in table: StringTable, header: Int, equals text: String
  ) throws(ELFError) -> Bool {
    let outside = ELFError.nameOutOfTable(
      header: header, nameOffset: nameOffset, tableByteCount: table.range.count)
    guard nameOffset < table.range.count else { throw outside }
    var position = table.range.lowerBound + Int(nameOffset)
    for byte in text.utf8 {
      guard position < table.range.upperBound else { throw outside }
      guard bytes[position] == byte, byte != 0 else { return false }
      position += 1
    }
    guard position < table.range.upperBound else { throw outside }
    return bytes[position] == 0
  }

  /// The string at `nameOffset`; bytes that are not UTF-8 are replaced.
  func string(
    _ nameOffset: UInt32, in table: StringTable, header: Int
  ) throws(ELFError) -> String {
    let available = bytes[table.range].dropFirst(Int(nameOffset))
    guard let end = available.firstIndex(of: 0) else {
      throw .nameOutOfTable(
        header: header, nameOffset: nameOffset, tableByteCount: table.range.count)
    }
    return String(decoding: available[..<end], as: UTF8.self)
  }
}
