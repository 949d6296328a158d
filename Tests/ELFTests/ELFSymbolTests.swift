import ELF
import TestSupport
import Testing
import WireTypes

@Suite("ELF symbols")
struct ELFSymbolTests {
  private func image(_ is64: Bool) -> ELFImage {
    var image = ELFImage(is64: is64, table: [])
    image.symbols = [
      ELFImage.Symbol(name: "main", value: 0x8000_0010),
      ELFImage.Symbol(name: "$x", value: 0x8000_0018, info: 0),
      ELFImage.Symbol(name: "label", value: 0x8000_0010, info: 0),
      ELFImage.Symbol(name: "_start", value: 0x8000_0000),
      ELFImage.Symbol(name: "counter", value: 0x8000_0100, info: 1),
      ELFImage.Symbol(name: "file.c", value: 0x8000_0104, info: 4),
    ]
    var undefined = ELFImage.Symbol(name: "extern", value: 0x8000_0020)
    undefined.sectionIndex = 0
    var number = ELFImage.Symbol(name: "stack_size", value: 0x8000_0024)
    number.sectionIndex = 0xfff1
    image.symbols += [undefined, number]
    return image
  }

  private func nearest(_ file: ELFFile, _ address: UInt64) throws -> String? {
    try file.symbol(nearestBelow: DeviceAddress(rawValue: address))?.name
  }

  @Test("Symbols are found by name", arguments: [false, true])
  func named(is64: Bool) throws {
    let file = try ELFFile(parsing: image(is64).build())
    let main = try #require(try file.symbol(named: "main"))
    #expect(main.address == DeviceAddress(rawValue: 0x8000_0010))
    #expect(main.kind == .function)
    #expect(main.byteCount == 4)
    #expect(try file.symbol(named: "counter")?.kind == .object)
    for absent in ["mai", "mainx", "extern", "stack_size", "file.c", ""] {
      #expect(try file.symbol(named: absent) == nil)
    }
  }

  @Test("The nearest symbol below an address", arguments: [false, true])
  func nearest(is64: Bool) throws {
    let file = try ELFFile(parsing: image(is64).build())
    #expect(try nearest(file, 0x7fff_ffff) == nil)
    #expect(try nearest(file, 0x8000_0000) == "_start")
    #expect(try nearest(file, 0x8000_000f) == "_start")
    #expect(try nearest(file, 0x8000_0010) == "main")
    #expect(try nearest(file, 0x8000_0030) == "main")
    #expect(try nearest(file, 0x8000_0100) == "counter")
    #expect(try nearest(file, .max) == "counter")
  }

  @Test("Marks of code and data are no names, names of Swift are")
  func marks() throws {
    var image = image(false)
    image.symbols = [
      ELFImage.Symbol(name: "start", value: 0x10), ELFImage.Symbol(name: "$d", value: 0x11),
      ELFImage.Symbol(name: "$x.1", value: 0x12), ELFImage.Symbol(name: "$xrv32i2p1", value: 0x13),
      ELFImage.Symbol(name: "$e4EchoAAV4mainyyFZ", value: 0x20),
      ELFImage.Symbol(name: "$tart", value: 0x30), ELFImage.Symbol(name: ".L0 ", value: 0x32),
      ELFImage.Symbol(name: ".loop", value: 0x34),
    ]
    let file = try ELFFile(parsing: image.build())
    #expect(try nearest(file, 0x1f) == "start")
    #expect(try nearest(file, 0x21) == "$e4EchoAAV4mainyyFZ")
    #expect(try nearest(file, 0x33) == "$tart")
    #expect(try nearest(file, 0x35) == ".loop")
  }

  @Test("Thumb functions are found at their address without the mark")
  func thumb() throws {
    var image = image(false)
    image.machine = 40
    image.symbols = [ELFImage.Symbol(name: "reset", value: 0x101)]
    let file = try ELFFile(parsing: image.build())
    #expect(try file.symbol(named: "reset")?.address == DeviceAddress(rawValue: 0x100))
    #expect(try nearest(file, 0x100) == "reset")
  }

  @Test("A file without symbols has none")
  func none() throws {
    let file = try ELFFile(parsing: ELFImage(table: []).build())
    #expect(try file.symbol(named: "main") == nil)
    #expect(try nearest(file, .max) == nil)
  }

  @Test("Broken symbol tables are refused, not followed", arguments: [false, true])
  func broken(is64: Bool) throws {
    let good = image(is64).build()
    let size = is64 ? 64 : 40
    let table = Int(try ELFFile(parsing: good).sectionTableOffset) + 2 * size
    func file(_ change: (inout [UInt8]) -> Void) throws -> ELFFile {
      var bytes = good
      change(&bytes)
      return try ELFFile(parsing: bytes)
    }
    let link = table + (is64 ? 40 : 24)
    for index in [0, 1, 5, UInt32.max] {
      let file = try file { $0.patch(index, at: link) }
      #expect(throws: ELFError.badStringTable(index: Int(index), header: link)) {
        try file.symbol(named: "main")
      }
      #expect(throws: ELFError.self) { try nearest(file, .max) }
    }
    let outside = try file { $0.patch(UInt32.max, at: table + (is64 ? 32 : 20)) }
    #expect(throws: ELFError.self) { try outside.symbol(named: "main") }
    // A partial symbol at the end does not count.
    let partial = try file { $0.patch(UInt32(is64 ? 47 : 31), at: table + (is64 ? 32 : 20)) }
    #expect(try partial.symbol(named: "main") == nil)
    // The name of the first real symbol leads outside.
    let section = try ELFFile(parsing: good).section(at: 2)
    let symbol = Int(section.offset) + (is64 ? 24 : 16)
    let far = try file { $0.patch(UInt32.max, at: symbol) }
    #expect(throws: ELFError.self) { try far.symbol(named: "main") }
    #expect(try nearest(far, 0x8000_0010) == "label")
  }
}
