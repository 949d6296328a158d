import ELF
import TestSupport
import Testing

@Suite("Other contents of a section")
struct ELFReplacingTests {
  @Test(
    "The same size, smaller, and empty keep everything else", arguments: [false, true], [8, 5, 0])
  func fits(is64: Bool, count: Int) throws {
    let image = ELFImage(is64: is64, table: Array(1...8)).build()
    let file = try ELFFile(parsing: image)
    let section = try #require(try file.section(named: ".resource_table"))
    let contents = [UInt8](repeating: 0xaa, count: count)
    let changed = try file.replacing(section, with: contents)
    #expect(changed.count == image.count)
    let other = try ELFFile(parsing: changed)
    let found = try #require(try other.section(named: ".resource_table"))
    #expect(found.byteCount == UInt64(count) && found.offset == section.offset)
    #expect(Array(try other.bytes(of: found)) == contents)
    let start = Int(section.offset)
    #expect(changed[start..<start + 8].dropFirst(count).allSatisfy { $0 == 0 })
    let field = section.headerOffset + (is64 ? 32 : 20)
    for index in changed.indices where changed[index] != image[index] {
      #expect((start..<start + 8).contains(index) || index == field, "byte \(index) changed")
    }
  }

  @Test("A larger one is refused with both sizes")
  func tooLarge() throws {
    let file = try ELFFile(parsing: ELFImage(table: Array(1...8)).build())
    let section = try #require(try file.section(named: ".resource_table"))
    #expect(
      throws: ELFError.sectionTooSmall(header: section.headerOffset, needed: 9, available: 8)
    ) { try file.replacing(section, with: [UInt8](repeating: 1, count: 9)) }
  }

  @Test("A section without bytes in the file has none to replace")
  func noBits() throws {
    var image = ELFImage(table: Array(1...8))
    image.sections[0].type = 8
    let file = try ELFFile(parsing: image.build())
    let section = try #require(try file.section(named: ".resource_table"))
    #expect(throws: ELFError.sectionWithoutBytes(header: section.headerOffset)) {
      try file.replacing(section, with: [])
    }
  }
}
