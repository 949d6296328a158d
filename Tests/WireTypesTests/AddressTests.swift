import Testing
import WireTypes

@Suite("Addresses")
struct AddressTests {
  private func range(_ start: UInt64, _ count: UInt64) -> AddressRange<DeviceAddress>? {
    AddressRange(start: DeviceAddress(rawValue: start), byteCount: count)
  }

  @Test("A range may end at the top of the space but not past it")
  func top() throws {
    #expect(range(.max, 1) != nil)
    #expect(range(.max, 2) == nil)
    #expect(range(0, .max) != nil)
    #expect(range(1, .max) != nil)
    #expect(range(2, .max) == nil)
    #expect(range(.max, 0) != nil)
  }

  @Test("Offsets are given only for what lies inside")
  func offsets() throws {
    let memory = try #require(range(0x1000, 0x100))
    func offset(_ da: UInt64, _ count: UInt64) -> UInt64? {
      memory.offset(of: DeviceAddress(rawValue: da), byteCount: count)
    }
    #expect(offset(0x1000, 0x100) == 0)
    #expect(offset(0x10ff, 1) == 0xff)
    #expect(offset(0x1100, 0) == 0x100)
    #expect(offset(0x1100, 1) == nil)
    #expect(offset(0x10ff, 2) == nil)
    #expect(offset(0xfff, 1) == nil)
    #expect(offset(0x1001, .max) == nil)
  }

  @Test("Overlap needs a common byte")
  func overlap() throws {
    let a = try #require(range(0x1000, 0x100))
    #expect(a.overlaps(try #require(range(0x10ff, 1))))
    #expect(!a.overlaps(try #require(range(0x1100, 1))))
    #expect(a.overlaps(try #require(range(0xfff, 2))))
    #expect(!a.overlaps(try #require(range(0xfff, 1))))
    #expect(!a.overlaps(try #require(range(0x1080, 0))))
    #expect(try #require(range(.max, 1)).overlaps(try #require(range(0, .max))) == false)
  }

  @Test("Names stop at the first NUL, and are escaped for people")
  func names() {
    #expect(FixedName<8>("abc") == FixedName<8>("abc" as String))
    #expect(FixedName<4>("abcdef" as String).description == "abc")
    var raw = FixedName<4>("ab" as String)
    raw.storage[3] = 0xff
    #expect(raw == FixedName<4>("ab" as String))
    raw.storage[2] = 0x1b
    #expect(raw.description == "ab\\x1b\\xff")
    #expect(!raw.isTerminated)
    #expect(raw.terminated.description == "ab\\x1b")
  }

  @Test("Little-endian fields need no alignment")
  func littleEndian() {
    let bytes: [UInt8] = [0, 0x78, 0x56, 0x34, 0x12]
    #expect(bytes.span.bytes.littleEndian(at: 1, as: UInt32.self) == 0x1234_5678)
    var target = [UInt8](repeating: 0, count: 5)
    var span = target.mutableSpan
    var raw = span.mutableBytes
    raw.storeLittleEndian(UInt32(0x1234_5678), at: 1)
    #expect(target == bytes)
  }
}
