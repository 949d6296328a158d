import ELF
import TestSupport
import Testing
import WireTypes

@Suite("ELF sections")
struct ELFSectionTests {
  private static let name = ".resource_table"

  /// A file with a table section at index 1 and the names at index 2, after `change`, which is
  /// given where the section headers begin.
  private func file(
    _ is64: Bool, sections: [ELFImage.Section]? = nil,
    _ change: (inout [UInt8], Int) -> Void = { _, _ in }
  ) throws -> ELFFile {
    var image = ELFImage(is64: is64, table: [7, 8, 9])
    if let sections { image.sections = sections }
    var bytes = image.build()
    let start = Int(try ELFFile(parsing: bytes).sectionTableOffset)
    change(&bytes, start)
    return try ELFFile(parsing: bytes)
  }

  private func patch(_ bytes: inout [UInt8], _ is64: Bool, _ value: UInt64, _ offset: Int) {
    if is64 { bytes.patch(value, at: offset) } else { bytes.patch(UInt32(value), at: offset) }
  }

  private func size(_ is64: Bool) -> Int { is64 ? 64 : 40 }

  @Test("A section is found by its name", arguments: [false, true])
  func found(is64: Bool) throws {
    let file = try file(is64)
    for strictness in [ELFStrictness.specification, .memorySafe] {
      let section = try #require(try file.section(named: Self.name, strictness: strictness))
      #expect(section.index == 1)
      #expect(section.type == .programBits)
      #expect(section.address == DeviceAddress(rawValue: 0x8000_1000))
      #expect(section.alignment == 4)
      #expect(section.headerOffset == Int(file.sectionTableOffset) + size(is64))
      #expect(try Array(file.bytes(of: section, strictness: strictness)) == [7, 8, 9])
      #expect(try file.name(of: section) == Self.name)
      // Neither a part nor more of a name is the name.
      for other in [".resource_tabl", ".resource_table2", "resource_table", "x"] {
        #expect(try file.section(named: other, strictness: strictness) == nil)
      }
    }
    #expect(try file.section(named: "")?.index == 0)
    #expect(try file.section(at: 1).index == 1)
    for index in [-1, 3] {
      #expect(throws: ELFError.noSuchSection(index: index, count: 3)) {
        try file.section(at: index)
      }
    }
  }

  @Test("E05 a section header table that wraps or leaves the file is refused")
  func e05() throws {
    for is64 in [false, true] {
      let most: UInt64 = is64 ? .max : UInt64(UInt32.max)
      let total = UInt64(try file(is64).bytes.count)
      for start in [most, most - UInt64(size(is64)), total, total + 1] {
        let file = try file(is64) { bytes, _ in patch(&bytes, is64, start, is64 ? 40 : 32) }
        let expected = ELFError.tableOutOfFile(
          .sectionHeaders, start: start, count: 3, fileByteCount: file.bytes.count)
        #expect(throws: expected) { try file.section(at: 0) }
        #expect(throws: expected) { try file.section(named: Self.name) }
        #expect(throws: expected) {
          try file.section(named: Self.name, strictness: .memorySafe)
        }
        #expect(throws: expected) { try file.checkSectionTableOffset() }
        #expect(throws: expected) { try file.symbol(named: "main") }
      }
    }
  }

  @Test("E05 a count that leaves the file matters only where a header there is read")
  func e05Count() throws {
    let file = try file(false) { bytes, _ in bytes.patch(UInt16(4), at: 48) }
    #expect(try file.section(named: Self.name, strictness: .memorySafe)?.index == 1)
    let expected = ELFError.tableOutOfFile(
      .sectionHeaders, start: file.sectionTableOffset, count: 4, fileByteCount: file.bytes.count)
    #expect(throws: expected) { try file.section(named: Self.name) }
    #expect(throws: expected) { try file.section(named: "absent", strictness: .memorySafe) }
    #expect(throws: expected) { try file.section(at: 3) }
  }

  @Test("Bytes of a section outside the file are refused", arguments: [false, true])
  func outOfFile(is64: Bool) throws {
    let most: UInt64 = is64 ? .max : UInt64(UInt32.max)
    let total = UInt64(try file(is64).bytes.count)
    for (offset, count) in [(total, 1), (total + 1, 0), (most, 1), (1, most), (most, most)] {
      let file = try file(is64) { bytes, start in
        let header = start + size(is64)
        patch(&bytes, is64, offset, header + (is64 ? 24 : 16))
        patch(&bytes, is64, count, header + (is64 ? 32 : 20))
      }
      let section = try file.section(at: 1)
      for strictness in [ELFStrictness.specification, .memorySafe] {
        #expect(
          throws: ELFError.sectionOutOfFile(
            header: section.headerOffset, offset: offset, byteCount: count,
            fileByteCount: Int(total))
        ) { try file.bytes(of: section, strictness: strictness) }
      }
    }
  }

  @Test("E14 names that are in no string table are refused", arguments: [false, true])
  func e14(is64: Bool) throws {
    let field = is64 ? 62 : 50
    for index in [0, 3, 0xfff0, 0xffff] {
      let file = try file(is64) { bytes, _ in bytes.patch(UInt16(index), at: field) }
      #expect(throws: ELFError.badStringTable(index: index, header: field)) {
        try file.section(named: Self.name)
      }
    }
    // A section that holds something else is too short for the names.
    let other = try file(is64) { bytes, _ in bytes.patch(UInt16(1), at: field) }
    #expect(throws: ELFError.self) { try other.section(named: Self.name) }
    let noBits = try file(is64) { bytes, start in
      bytes.patch(UInt32(8), at: start + 2 * size(is64) + 4)
    }
    #expect(throws: ELFError.badStringTable(index: 2, header: field)) {
      try noBits.section(named: Self.name)
    }
    // Any type that has bytes in the file serves.
    let program = try file(is64) { bytes, start in
      bytes.patch(UInt32(1), at: start + 2 * size(is64) + 4)
    }
    #expect(try program.section(named: Self.name)?.index == 1)
    // The type of the names' section does no harm to a reader.
    #expect(try noBits.section(named: Self.name, strictness: .memorySafe)?.index == 1)
    let outside = try file(is64) { bytes, _ in bytes.patch(UInt16(0xfff0), at: field) }
    #expect(throws: ELFError.self) {
      try outside.section(named: Self.name, strictness: .memorySafe)
    }
  }

  @Test("E14 without sections the names do not matter")
  func e14None() throws {
    let file = try file(false) { bytes, _ in
      bytes.patch(UInt16(0), at: 48)
      bytes.patch(UInt16(0xffff), at: 50)
    }
    #expect(try file.section(named: Self.name) == nil)
    #expect(try file.section(named: Self.name, strictness: .memorySafe) == nil)
    #expect(try file.symbol(named: "main") == nil)
  }

  @Test("E14 a string table outside the file is refused", arguments: [false, true])
  func e14OutOfFile(is64: Bool) throws {
    let most: UInt64 = is64 ? .max : UInt64(UInt32.max)
    let file = try file(is64) { bytes, start in
      patch(&bytes, is64, most, start + 2 * size(is64) + (is64 ? 24 : 16))
    }
    for strictness in [ELFStrictness.specification, .memorySafe] {
      #expect(throws: ELFError.self) {
        try file.section(named: Self.name, strictness: strictness)
      }
    }
  }

  @Test("E15 a name past the string table is refused", arguments: [false, true])
  func e15(is64: Bool) throws {
    let total = "\0.resource_table\0.shstrtab\0".utf8.count
    for offset in [UInt32(total), 1 << 28, .max] {
      let file = try file(is64) { bytes, start in bytes.patch(offset, at: start + size(is64)) }
      let header = Int(file.sectionTableOffset) + size(is64)
      let expected = ELFError.nameOutOfTable(
        header: header, nameOffset: offset, tableByteCount: total)
      #expect(throws: expected) { try file.section(named: Self.name) }
      #expect(throws: expected) { try file.name(of: try file.section(at: 1)) }
    }
    let far = try file(is64) { bytes, start in bytes.patch(UInt32.max, at: start + size(is64)) }
    #expect(throws: ELFError.self) {
      try far.section(named: Self.name, strictness: .memorySafe)
    }
    // Past the table but inside the file: only the specification minds.
    let near = try file(is64) { bytes, start in
      bytes.patch(UInt32(total), at: start)
    }
    #expect(try near.section(named: Self.name, strictness: .memorySafe)?.index == 1)
    #expect(throws: ELFError.self) { try near.section(named: Self.name) }
  }

  @Test("E15 a string table that no NUL ends is not read past its end")
  func e15NoEnd() throws {
    // The names become the last bytes of the file.
    func file(cut: Int) throws -> ELFFile {
      var bytes = ELFImage(table: [1]).build()
      let start = Int(try ELFFile(parsing: bytes).sectionTableOffset)
      let names = start + 2 * 40
      bytes += Array("\0.shstrtab\0.resource_table".utf8.dropLast(cut))
      bytes.patch(UInt32(start + 3 * 40), at: names + 16)
      bytes.patch(UInt32(26 - cut), at: names + 20)
      bytes.patch(UInt32(11), at: start + 40)
      bytes.patch(UInt32(1), at: names)
      return try ELFFile(parsing: bytes)
    }
    for cut in [0, 1, 14] {
      let file = try file(cut: cut)
      for strictness in [ELFStrictness.specification, .memorySafe] {
        #expect(
          throws: ELFError.nameOutOfTable(
            header: Int(file.sectionTableOffset) + 40, nameOffset: 11, tableByteCount: 26 - cut)
        ) { try file.section(named: Self.name, strictness: strictness) }
      }
      #expect(throws: ELFError.self) { try file.name(of: try file.section(at: 1)) }
    }
  }

  @Test("E16 two sections of one name are refused; Linux takes the first")
  func e16() throws {
    let file = try file(
      false,
      sections: [
        ELFImage.Section(name: Self.name, bytes: [1]),
        ELFImage.Section(name: Self.name, bytes: [2]),
      ])
    let start = Int(file.sectionTableOffset)
    #expect(
      throws: ELFError.ambiguousSection(header: start + 40, otherHeader: start + 80)
    ) { try file.section(named: Self.name) }
    #expect(try file.section(named: Self.name, strictness: .memorySafe)?.index == 1)
  }

  @Test("E16 a section without bytes in the file gives none", arguments: [false, true])
  func e16NoBits(is64: Bool) throws {
    let file = try file(is64) { bytes, start in
      bytes.patch(UInt32(8), at: start + size(is64) + 4)
    }
    let section = try #require(try file.section(named: Self.name))
    #expect(throws: ELFError.sectionWithoutBytes(header: section.headerOffset)) {
      try file.bytes(of: section)
    }
    #expect(try Array(file.bytes(of: section, strictness: .memorySafe)) == [7, 8, 9])
  }

  @Test("E18 nothing divides by a section's alignment or entry size")
  func e18() throws {
    for value in [0, 3, UInt32.max] {
      let file = try file(false) { bytes, start in
        bytes.patch(value, at: start + 40 + 32)
        bytes.patch(value, at: start + 40 + 36)
      }
      let section = try #require(try file.section(named: Self.name))
      #expect(section.alignment == UInt64(value))
      #expect(section.entryByteCount == UInt64(value))
      #expect(try file.bytes(of: section).count == 3)
    }
  }
}
