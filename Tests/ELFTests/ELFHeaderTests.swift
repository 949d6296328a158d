import ELF
import TestSupport
import Testing
import WireTypes

@Suite("ELF file header")
struct ELFHeaderTests {
  private func error(_ bytes: [UInt8]) -> ELFError? {
    do throws(ELFError) {
      _ = try ELFFile(parsing: bytes)
      return nil
    } catch { return error }
  }

  @Test("Header fields of both classes", arguments: [false, true])
  func fields(is64: Bool) throws {
    var image = ELFImage(is64: is64, table: [1, 2, 3])
    image.entry = is64 ? 0x1_2345_6789 : 0x1234_5678
    image.machine = 40
    let file = try ELFFile(parsing: image.build())
    #expect(file.elfClass == (is64 ? .elf64 : .elf32))
    #expect(file.type == .executable)
    #expect(file.machine == .arm)
    #expect(file.entry == DeviceAddress(rawValue: image.entry))
    #expect(file.flags == 0)
    #expect(file.segmentCount == 1)
    #expect(file.sectionCount == 3)
    #expect(file.sectionNamesIndex == 2)
    try file.checkIdentification()
    try file.checkHasSegments()
    try file.checkSectionTableOffset()
  }

  @Test("E01 a file shorter than its header is refused", arguments: [0, 1, 4, 51])
  func e01(count: Int) {
    let file = Array(ELFImage(table: []).build().prefix(count))
    #expect(error(file) == .truncatedHeader(needed: 52, available: count))
  }

  @Test("E01 a file that ends inside an ELF64 header is refused", arguments: [52, 63])
  func e01Wide(count: Int) {
    let file = Array(ELFImage(is64: true, table: []).build().prefix(count))
    #expect(error(file) == .truncatedHeader(needed: 64, available: count))
  }

  @Test("E01 the smallest files of both classes are read", arguments: [false, true])
  func e01Smallest(is64: Bool) throws {
    var bytes = ELFImage(is64: is64).build().prefix(is64 ? 64 : 52).map { $0 }
    bytes.patch(UInt16(0), at: is64 ? 60 : 48)
    let file = try ELFFile(parsing: bytes)
    #expect(try file.section(named: "any") == nil)
    #expect(throws: ELFError.noSegments(offset: is64 ? 56 : 44)) { try file.checkHasSegments() }
  }

  @Test("E02 bad magic, class and byte order are named")
  func e02() {
    var file = ELFImage(table: []).build()
    file[0] = 0x7e
    #expect(error(file) == .badMagic(0x464c_457e))
    file[0] = 0x7f
    for value: UInt8 in [0, 3, 255] {
      file[4] = value
      #expect(error(file) == .unsupportedClass(value))
    }
    file[4] = 1
    for value: UInt8 in [0, 2] {
      file[5] = value
      #expect(error(file) == .unsupportedByteOrder(value))
    }
  }

  @Test("E02 version, type and machine are checks of their own", arguments: [false, true])
  func e02Checks(is64: Bool) throws {
    let good = ELFImage(is64: is64, table: []).build()
    func file(_ value: some FixedWidthInteger, at offset: Int) throws -> ELFFile {
      var bytes = good
      bytes.patch(value, at: offset)
      return try ELFFile(parsing: bytes)
    }
    #expect(throws: ELFError.badVersion(offset: 6, version: 0)) {
      try file(UInt8(0), at: 6).checkIdentification()
    }
    #expect(throws: ELFError.badVersion(offset: 20, version: 2)) {
      try file(UInt32(2), at: 20).checkIdentification()
    }
    for type: UInt16 in [0, 1, 4, 0xffff] {
      #expect(throws: ELFError.unsupportedType(offset: 16, type: ELFType(rawValue: type))) {
        try file(type, at: 16).checkIdentification()
      }
    }
    #expect(
      throws: ELFError.foreignMachine(
        offset: 18, expected: .riscv, found: ELFMachine(rawValue: 0))
    ) { try file(UInt16(0), at: 18).checkMachine(.riscv) }
    try file(UInt16(243), at: 18).checkMachine(.riscv)
  }

  @Test("E03 header sizes other than those of the class are a check of their own")
  func e03() throws {
    let good = ELFImage(table: []).build()
    for (offset, expected) in [(40, 52), (42, 32), (46, 40)] {
      for found in [0, expected - 1, expected + 1, 0xffff] {
        var bytes = good
        bytes.patch(UInt16(found), at: offset)
        let file = try ELFFile(parsing: bytes)
        #expect(
          throws: ELFError.badEntrySize(offset: offset, expected: expected, found: found)
        ) { try file.checkIdentification() }
      }
    }
    let wide = ELFImage(is64: true, table: []).build()
    for (offset, expected) in [(52, 64), (54, 56), (58, 64)] {
      var bytes = wide
      bytes.patch(UInt16(1), at: offset)
      let file = try ELFFile(parsing: bytes)
      #expect(throws: ELFError.badEntrySize(offset: offset, expected: expected, found: 1)) {
        try file.checkIdentification()
      }
    }
  }

  @Test("E04 program headers past the end of the file are refused", arguments: [false, true])
  func e04(is64: Bool) {
    let good = ELFImage(is64: is64, table: []).build()
    let size = is64 ? 56 : 32
    let ends: [UInt64] = [
      UInt64(good.count - size + 1), UInt64(good.count), UInt64(good.count + 1),
      is64 ? .max : UInt64(UInt32.max), is64 ? .max - 55 : UInt64(UInt32.max) - 31,
    ]
    for start in ends {
      var bytes = good
      if is64 { bytes.patch(start, at: 32) } else { bytes.patch(UInt32(start), at: 28) }
      #expect(
        error(bytes)
          == .tableOutOfFile(
            .programHeaders, start: start, count: 1, fileByteCount: good.count))
    }
    var bytes = good
    let last = UInt64(good.count - size)
    if is64 { bytes.patch(last, at: 32) } else { bytes.patch(UInt32(last), at: 28) }
    #expect(error(bytes) == nil)
  }

  @Test("E04 without program headers their table may begin at the end but not past it")
  func e04Empty() {
    var bytes = ELFImage().build()
    bytes.patch(UInt32(bytes.count), at: 28)
    #expect(error(bytes) == nil)
    bytes.patch(UInt32(bytes.count + 1), at: 28)
    #expect(
      error(bytes)
        == .tableOutOfFile(
          .programHeaders, start: UInt64(bytes.count + 1), count: 0, fileByteCount: bytes.count)
    )
  }

  @Test("Types and machines have names for people")
  func names() {
    #expect(ELFMachine.riscv.description == "riscv")
    #expect(ELFMachine(rawValue: 7).description == "machine 7")
    #expect(ELFType.relocatable.description == "relocatable")
    #expect(ELFType(rawValue: 9).description == "type 9")
  }
}
